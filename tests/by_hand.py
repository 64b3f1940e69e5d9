"""The vectors of matching, computed by loops in NumPy, and what stands in for a network."""

import numpy as np
from keras import ops

from style import matching
from style.matching import LAYERS, components, factors_of, grid_size
from style.palette import SPREAD, Keys, _views

CHANNELS = {layer: 3 + number for number, layer in enumerate(LAYERS)}


def step_of(layer):
    """The side, in pixels, of a cell of a layer."""
    return int(4 / LAYERS[layer][0])


def features_of(height, width, seed=0):
    """Random features of a picture of height x width px."""
    random, found = np.random.default_rng(seed), {}
    for layer, channels in CHANNELS.items():
        step = step_of(layer)
        found[layer] = ops.convert_to_tensor(random.random((1, height // step, width // step, channels), np.float32))
    return found


def see(picture):
    """Stand in for a network: the features of a cell depend only on the pixels inside it."""
    height, width = (-(-length // 8) * 8 for length in picture.shape[:2])
    padded = np.pad(picture, [(0, height - picture.shape[0]), (0, width - picture.shape[1]), (0, 0)], mode="symmetric")
    found = {}
    for number, (layer, channels) in enumerate(CHANNELS.items()):
        step = step_of(layer)
        cells = padded.reshape(height // step, step, width // step, step, 3)
        left, upper = cells[:, :, :, : (step + 1) // 2], cells[:, : (step + 1) // 2]
        small = np.concatenate([part.mean(axis=(1, 3)) for part in (cells, left, upper)], axis=-1)
        mixed = np.random.default_rng(number).standard_normal((9, channels), np.float32)
        found[layer] = ops.convert_to_tensor(np.maximum(small @ mixed, 0)[None].astype(np.float32))
    return found


def keys_from(style, part=None, factors=None, features=None, turns=True, extent=SPREAD):
    features = features or see(style)
    return Keys(see, features, _views(style, part, turns, extent), factors or factors_of(features), extent)


def keys_of(features, factors, count):
    """Keys with the positions of some features, compared by `count` components."""
    keys = Keys.__new__(Keys)
    keys.factors, vectors = factors, vectors_by_hand(features, factors)
    keys.basis = components(vectors, count)
    compared = vectors @ keys.basis
    keys.compared, keys.stride = np.asarray(matching.unit(compared - compared.mean(axis=0))), 1
    return keys


def nearest_of(features, keys, weights=None):
    """The nearest key of each position of a picture with these features, and their cosine."""
    return keys.nearest(keys.queries(features, matching.mean_of([(features, weights)], keys.factors)))


def vectors_by_hand(features, factors):
    """The vectors of all positions of some features: (positions, numbers)."""
    height, width = grid_size(features)
    rows = []
    for row in range(height):
        for column in range(width):
            parts = []
            for layer, (cells, _) in LAYERS.items():
                values = np.asarray(features[layer])[0]
                if cells >= 1:
                    cells = int(cells)
                    part = values[row * cells : (row + 1) * cells, column * cells : (column + 1) * cells]
                    part = part.mean(axis=(0, 1))
                else:
                    part = values[row // 2, column // 2]
                parts.append(part * factors[layer])
            rows.append(np.concatenate(parts))
    return np.float32(rows)
