"""What the styles offer: the positions to choose from, and the choice for each position of a photo."""

import numpy as np
from keras import ops

from networks.decoder import STROKE, strokes_of
from style.matching import components, factors_of, grid_size, in_pieces, nearest, pad, picked, unit

MOST_KEYS = 8192  # positions of all styles that are compared; of larger styles every n-th
SAMPLE = 2048  # positions that decide the components
QUARTERS = range(4)  # the turns of a style, in quarters of a circle


class Palette:
    """The positions of several styles at one size, and what the styles are like."""

    def __init__(self, see, styles, turns=True):
        """see(picture) gives the features of a picture (H, W, 3); styles: [Style]. turns: as for `Keys`."""
        self.styles, self.features = styles, [see(style.picture) for style in styles]
        self.factors = {layer: np.float32(factor) for layer, factor in factors_of(self.features[0]).items()}
        most = MOST_KEYS // len(styles)
        self.keys = [
            Keys(see, features, style.picture, style.part, self.factors, turns, most)
            for style, features in zip(styles, self.features, strict=True)
        ]

    def choose(self, query, weights=None):
        """For each position of a picture with the features `query`, the style and its key: (n,) and (n,) int.

        weights: (n,), how much each position counts, or None.
        """
        weights = np.ones(np.prod(grid_size(query)), np.float32) if weights is None else weights
        places, cosines = zip(*(nearest(query, each, weights) for each in self.keys), strict=True)
        styles = assign(np.stack(cosines), [style.share for style in self.styles], weights)
        return styles, np.stack(places)[styles, np.arange(len(styles))]

    def take(self, name, styles, places):
        """The "vectors" or the "strokes" of chosen keys: (n, numbers) float16. styles, places: (n,)."""
        tables = [getattr(keys, name) for keys in self.keys]
        found = np.empty((len(styles), tables[0].shape[1]), np.float16)
        for style, table in enumerate(tables):
            found[styles == style] = table[places[styles == style]]
        return found


class Keys:
    """The positions of a style that may be chosen.

    vectors: (n, numbers) float16, with the length 1; strokes: (n, STROKE) float16, the pixels there, 0..1;
    compared: (n, components) float32, what the search compares.
    """

    def __init__(self, see, features, style, part, factors, turns=True, most=MOST_KEYS):
        """see(picture) gives the features of a picture; features: those of the style (h, w, 3).

        part: (h, w), 1 where the style may be used, or None for all of it. factors: as from `factors_of`. turns:
        whether the style is also used turned by a quarter, a half and three quarters. most: how many keys there may be.
        """
        part = np.ones(style.shape[:2], np.float32) if part is None else part
        self.factors, chosen, strokes, quarters = factors, [], [], QUARTERS if turns else QUARTERS[:1]
        for quarter in quarters:
            turned = np.ascontiguousarray(np.rot90(style, quarter))
            features = see(turned) if quarter else features
            height, width = grid_size(features)
            cells = _cells(np.rot90(part, quarter), height, width)
            places = np.flatnonzero(cells >= min(0.5, cells.max()))  # a small part may cover the middle of no cell
            stride = -(-len(places) * len(quarters) // most)
            chosen.append(picked(features, self.factors, places[::stride]))
            strokes.append(_strokes(turned, places[::stride]))
        self.strokes, vectors = np.concatenate(strokes), np.concatenate(chosen)
        self.vectors = in_pieces(lambda piece: ops.cast(unit(piece), "float16"), vectors)
        self.basis = components(np.float32(vectors[:: -(-len(vectors) // SAMPLE)]))
        compared = in_pieces(lambda piece: ops.matmul(piece, self.basis), vectors)
        self.compared = ops.convert_to_numpy(unit(compared - compared.mean(axis=0)))


def _cells(part, height, width):
    """A mask (h, w) on the grid: its value in the middle of each cell, 0 where the picture was padded."""
    found = np.zeros((height, width), np.float32)
    middles = part[2::4, 2::4]
    found[: middles.shape[0], : middles.shape[1]] = middles
    return found


def _strokes(picture, places):
    """What a style (h, w, 3) shows around some positions: (n, STROKE) float16."""
    strokes = strokes_of(pad(ops.convert_to_tensor(picture[None])))
    return np.float16(ops.convert_to_numpy(ops.take(ops.reshape(strokes, (-1, STROKE)), places, axis=0)))


def assign(cosines, shares, weights):
    """Choose a style for each position, so that each gets its share of them: (n,) int.

    cosines: (styles, n), how much each position resembles each style; shares: (styles,) with the sum 1; weights: (n,).
    Each style gets a bonus, raised while it has too few positions and lowered while it has too many.
    """
    bonus, step = np.zeros(len(shares)), 0.5
    best, least = None, np.inf
    for _ in range(60):
        chosen = np.argmax(cosines + np.float32(bonus)[:, None], axis=0)
        found = np.bincount(chosen, weights, len(shares)) / weights.sum()
        error = np.abs(found - shares).sum()
        if error < least:
            best, least = chosen, error
        bonus += step * (shares - found)
        step *= 0.93
    return best
