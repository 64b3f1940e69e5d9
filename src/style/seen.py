"""What a network sees of a picture: its features, at once or, where they would take too much memory, tile by tile.

Features are {layer: (1, h, w, channels)} of a whole picture, or a `Seen`.
"""

import numpy as np
from keras import ops

from networks.vgg import side_of
from pictures.images import resize
from style.windows import all_of


class Seen:
    """The features of a picture, tile by tile. The network sees each tile again whenever they are asked for."""

    def __init__(self, network, picture, tiles):
        """picture: (1, H, W, 3), as the network is to see it; tiles: [Tile] of it."""
        self.network, self.picture, self.tiles = network, picture, tiles

    def __iter__(self):
        """Yield (tile, {layer: (1, h, w, channels)} of its window)."""
        for tile in self.tiles:
            rows, columns = tile.window.cells()
            yield tile, self.network(ops.convert_to_tensor(self.picture[:, rows, columns]))


def parts(features):
    """Features tile by tile: an iterable of (tile, {layer: (1, h, w, channels)} of its window)."""
    return features if isinstance(features, Seen) else [(*tiles_of(features), features)]


def tiles_of(features):
    """The tiles of `parts`: [Tile]."""
    return features.tiles if isinstance(features, Seen) else [all_of(*size_of(features))]


def size_of(features):
    """The (height, width) of the picture that was seen."""
    if isinstance(features, Seen):
        return tuple(features.picture.shape[1:3])
    return tuple(features["block1_conv1"].shape[1:3])


def channels_of(features):
    """{layer: how many channels it has}."""
    layers = features.network.output if isinstance(features, Seen) else features
    return {layer: values.shape[-1] for layer, values in layers.items()}


def core_of(tile, layer, values):
    """The values of a layer in a tile's core: (1, h, w, channels)."""
    if tile.is_whole:
        return values
    rows, columns = tile.inner.cells(side_of(layer))
    return values[:, rows, columns]


def gathered(features, function):
    """Put together a function of the features in each tile, for the whole picture: {layer: (1, h, w, channels)} NumPy.

    function({layer: (1, h, w, channels)}) gives some layers, position for position.
    """
    found = {}
    for tile, part in parts(features):
        for layer, values in function({layer: core_of(tile, layer, values) for layer, values in part.items()}).items():
            values = ops.convert_to_numpy(values)[0]
            if layer not in found:
                found[layer] = np.empty((*tile.whole.shape(side_of(layer)), values.shape[-1]), values.dtype)
            found[layer][tile.core.cells(side_of(layer))] = values
    return {layer: values[None] for layer, values in found.items()}


def counts_of(visible, size, sides):
    """How much each cell of a picture counts, with the sum 1, by name: {name: (h, w) float32}; {} if all the same.

    visible: (H, W), how much each pixel counts, or None. size: (height, width) of the picture as the network sees it,
    which is mirrored beyond its own. sides: {name: side of a cell in px}.
    """
    if visible is None:
        return {}
    beyond = [(0, more - own) for more, own in zip(size, visible.shape, strict=True)]
    visible = np.pad(visible, beyond, mode="symmetric")
    small = {name: resize(visible, (size[1] // side, size[0] // side)) for name, side in sides.items()}
    return {name: values / values.sum() for name, values in small.items()}


def weights_of(tile, counts, sides):
    """The weights of a tile's cells, {name: (1, h, w, 1)}; {} if it is the whole picture and all count the same."""
    if tile.is_whole and not counts:
        return {}
    return {name: tile.weights(side, counts.get(name)) for name, side in sides.items()}
