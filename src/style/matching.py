"""Find, for each position of a photo, the position of a style that resembles it most.

After Kolkin et al., "Neural Neighbor Style Transfer" (2022). A *position* is a cell of a grid at a quarter of the
picture's side; its *vector* joins the features of ten layers there. Features are {layer: (1, h, w, channels)} of
pictures whose sides are multiples of STEP; where it says so, they may be a `Seen`. All of it works in pieces, so that
the search takes little memory.
"""

import numpy as np
from keras import ops

from networks.hardware import accelerators
from style.seen import Seen, core_of, size_of

# The layers that make a vector, how many cells of the layer there are for a cell of the grid, each way (1/2: two cells
# of the grid share one), and the share of each layer in a vector's energy. The shares are those of VGG19 when features
# are divided by the number of their channels, as in the paper; fixed, they let other networks match alike.
LAYERS = {
    "block1_conv1": (4, 0.006),
    "block1_conv2": (4, 0.11),
    "block2_conv1": (2, 0.04),
    "block2_conv2": (2, 0.06),
    "block3_conv1": (1, 0.03),
    "block3_conv2": (1, 0.04),
    "block3_conv3": (1, 0.115),
    "block3_conv4": (1, 0.33),
    "block4_conv1": (0.5, 0.17),
    "block4_conv2": (0.5, 0.1),
}
GRID = 4  # px, the side of a position
STEP = 8  # px; pictures are padded to multiples of it, so that the grids of all layers fit each other
OVERSAMPLING, ROUNDS = 16, 2  # of the randomised search for the components (Halko et al., 2011)
PIECE = 2**21  # numbers that a piece of the search may hold; on a CPU they stay in its cache


def pad(pictures):
    """Mirror pictures (n, H, W, 3) at the right and at the bottom until both sides are multiples of STEP."""
    down, along = (-length % STEP for length in pictures.shape[1:3])
    if down:
        pictures = ops.concatenate([pictures, ops.flip(pictures, 1)[:, :down]], axis=1)
    if along:  # not by `ops.pad`, which under PyTorch repeats the edge instead
        pictures = ops.concatenate([pictures, ops.flip(pictures, 2)[:, :, :along]], axis=2)
    return pictures


def grid_size(features):
    """The (height, width) of the grid of some features, or of a `Seen`."""
    if isinstance(features, Seen):
        return tuple(length // GRID for length in size_of(features))
    return tuple(2 * length for length in features["block4_conv1"].shape[1:3])


def factors_of(features):
    """What each layer is multiplied by to have its share of the energy, 0 if it sees nothing: {layer: float}.

    features: may be a `Seen`.
    """
    energy = dict.fromkeys(LAYERS, 0.0)
    for share, part in _cores(features):
        for layer in LAYERS:
            energy[layer] += share * float(ops.mean(ops.sum(ops.square(as_float(part[layer])), axis=-1)))
    return {
        layer: (share / energy[layer]) ** 0.5 if energy[layer] > 1e-9 else 0.0 for layer, (_, share) in LAYERS.items()
    }


def _cores(features):
    """Yield the features in the core of each tile, and its share of the picture: (share, features)."""
    if not isinstance(features, Seen):
        yield 1.0, features
        return
    for tile, part in features:
        share = np.prod(tile.core.shape()) / np.prod(tile.whole.shape())
        yield share, {layer: core_of(tile, layer, part[layer]) for layer in LAYERS}


def cells_of(features):
    """How many cells of each layer there are for a cell of the grid, each way: {layer: number}.

    As in LAYERS, or fewer where the features were averaged already.
    """
    height, _ = grid_size(features)
    return {layer: features[layer].shape[1] / height for layer in LAYERS}


def on_grid(values, cells):
    """Features of a layer (1, h, w, channels) on the grid: averaged over each cell, or one for two cells each way."""
    if cells > 1:
        return ops.average_pool(values, int(cells), int(cells))
    return values if cells == 1 else doubled(values)


def part_of(features, rows, columns):
    """The features of a part of the grid. rows, columns: slices that begin and end at even numbers."""
    return {
        layer: features[layer][
            :, int(rows.start * cells) : int(rows.stop * cells), int(columns.start * cells) : int(columns.stop * cells)
        ]
        for layer, cells in cells_of(features).items()
    }


def doubled(values):
    """Values (n, h, w, channels), each repeated for two positions each way."""
    repeat = np.repeat if isinstance(values, np.ndarray) else ops.repeat
    return repeat(repeat(values, 2, axis=1), 2, axis=2)


def as_float(values):
    """Values of any dtype as float32."""
    return ops.cast(values, "float32")


def pieces(features):
    """Yield the features some rows of the grid at a time, from top to bottom: (first position, {layer: rows})."""
    height, width = grid_size(features)
    numbers = sum(features[layer].shape[-1] for layer in LAYERS)
    rows = max(2, PIECE // (width * numbers) // 2 * 2)  # an even number: two rows share one of block4
    for first in range(0, height, rows):
        yield first * width, part_of(features, slice(first, min(first + rows, height)), slice(0, width))


def tools():
    """What computes the search: Keras's operations on an accelerator; NumPy on a CPU, where it takes less time."""
    return ops if accelerators() else np


def _flat(values, cells):
    """Rows of a layer for `tools`, averaged over each cell of the grid but not repeated: (cells, channels) float32."""
    values = on_grid(values, cells) if cells > 1 else values
    if accelerators():
        values = as_float(values)
    elif not isinstance(values, np.ndarray):
        values = ops.convert_to_numpy(as_float(values))
    return tools().reshape(values, (-1, values.shape[-1]))


def picked(features, factors, places):
    """The vectors of some positions: (n, numbers) float16 NumPy. places: (n,) int. features: may be a `Seen`."""
    rows, columns = np.divmod(places, grid_size(features)[1])
    if not isinstance(features, Seen):
        return _picked(features, factors, rows[:, None], columns[:, None])
    found = None
    for tile, part in features:
        down, along = tile.core.cells(GRID)
        inside = (rows >= down.start) & (rows < down.stop) & (columns >= along.start) & (columns < along.stop)
        top, left = tile.window.top // GRID, tile.window.left // GRID
        vectors = _picked(part, factors, rows[inside, None] - top, columns[inside, None] - left)
        found = np.empty((len(places), vectors.shape[1]), np.float16) if found is None else found
        found[inside] = vectors
    return found


def _picked(features, factors, rows, columns):
    """The vectors of positions at rows and columns (n, 1) of the grid of features that are all at hand."""
    found = []
    for layer, cells in cells_of(features).items():
        down, along = np.divmod(np.arange(max(1, int(cells)) ** 2), max(1, int(cells)))
        cell = (rows * cells + down).astype(int) * features[layer].shape[2] + (columns * cells + along).astype(int)
        values = ops.take(ops.reshape(features[layer], (-1, features[layer].shape[-1])), cell, axis=0)
        values = ops.mean(as_float(values), axis=1) * factors[layer]
        found.append(ops.convert_to_numpy(ops.cast(values, "float16")))
    return np.concatenate(found, axis=1)


def _products(part, factors, matrix):
    """The vectors of a piece times a matrix (numbers, m): (n, m); and their squared lengths: (n, 1). Both float32."""
    products = squares = 0.0
    height, width = grid_size(part)
    ends = np.cumsum([part[layer].shape[-1] for layer in LAYERS])
    for (layer, cells), rows in zip(cells_of(part).items(), np.split(matrix, ends[:-1]), strict=True):
        flat, factor = _flat(part[layer], cells), factors[layer]
        found = tools().matmul(flat, factor * rows), factor**2 * tools().einsum("nc,nc->n", flat, flat)[:, None]
        if cells < 1:
            grids = (tools().reshape(each, (1, height // 2, width // 2, -1)) for each in found)
            found = (tools().reshape(doubled(each), (-1, each.shape[-1])) for each in grids)
        products, squares = (total + each for total, each in zip((products, squares), found, strict=True))
    return products, squares


def components(vectors, count, seed=0):
    """The principal components of vectors (n, numbers): (numbers, count or fewer) float32."""
    centred = vectors - vectors.mean(axis=0)
    count = min(count, *centred.shape)
    more = min(count + OVERSAMPLING, centred.shape[1])
    directions = np.random.default_rng(seed).standard_normal((centred.shape[1], more), np.float32)
    for _ in range(ROUNDS):
        directions, _ = np.linalg.qr(centred.T @ (centred @ directions))
    *_, rows = np.linalg.svd(centred @ directions, full_matrices=False)
    return np.ascontiguousarray((directions @ rows.T)[:, :count], np.float32)


def in_pieces(function, vectors):
    """A function of float32 vectors, for some of the vectors (n, numbers) at a time: (n, ...) NumPy."""
    rows = max(1, PIECE // vectors.shape[1])
    parts = (vectors[first : first + rows] for first in range(0, len(vectors), rows))
    return np.concatenate([ops.convert_to_numpy(function(as_float(part))) for part in parts])


def unit(vectors):
    """Vectors (..., numbers) float32, divided by their lengths."""
    return ops.divide(vectors, ops.maximum(ops.norm(vectors, axis=-1, keepdims=True), 1e-12))


def queries_of(features, factors, basis, mean):
    """The vectors of a picture's positions, without their mean, as they are compared: (n, components) float32."""
    matrix, found = np.column_stack([basis, -2 * mean]), []
    for _, part in pieces(features):
        products, squares = _products(part, factors, matrix)
        # The mean is subtracted from the products, which are far fewer numbers than the vectors.
        lengths = tools().sqrt(tools().maximum(squares + products[:, -1:] + mean @ mean, 1e-12))
        found.append(ops.convert_to_numpy((products[:, :-1] - mean @ basis) / lengths))
    return np.concatenate(found)


def nearest(queries, compared):
    """For each query (n, components) the key it resembles most, (n,) int32, and their cosine, (n,) float32.

    compared: (keys, components).
    """
    turned, rows = tools().array(np.ascontiguousarray(compared.T)), max(1, PIECE // len(compared))
    found = (tools().matmul(queries[first : first + rows], turned) for first in range(0, len(queries), rows))
    places = np.concatenate([ops.convert_to_numpy(tools().argmax(each, axis=1)) for each in found]).astype(np.int32)
    return places, np.einsum("nc,nc->n", queries, compared[places])


def mean_of(parts, factors):
    """The mean of all vectors of a picture: (numbers,) float32.

    parts: the features of its parts and how much each position counts, (n,), or None if all count the same.
    """
    total = count = 0.0
    for features, weights in parts:
        weights = np.ones(np.prod(grid_size(features)), np.float32) if weights is None else weights
        total, count = total + _sum(features, factors, weights), count + weights.sum()
    return total / max(count, 1e-12)


def _sum(features, factors, weights):
    """The sum of all vectors of a picture, each times its weight: (numbers,) float32."""
    _, width = grid_size(features)
    totals = dict.fromkeys(LAYERS, 0.0)
    for first, part in pieces(features):
        height, _ = grid_size(part)
        counts = weights[first : first + height * width]
        of_four = counts.reshape(height // 2, 2, width // 2, 2).sum(axis=(1, 3))
        for layer, cells in cells_of(part).items():
            share = (of_four if cells < 1 else counts).reshape(1, -1)
            totals[layer] += factors[layer] * tools().matmul(share, _flat(part[layer], cells))[0]
    return np.concatenate([ops.convert_to_numpy(total) for total in totals.values()])
