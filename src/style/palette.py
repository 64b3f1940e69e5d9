"""What the styles offer: the positions to choose from, and the choice for each position of a photo."""

from typing import NamedTuple

import numpy as np
from keras import ops
from PIL import Image

from networks.decoder import STROKE, strokes_of
from pictures.images import resize
from style.coherence import beside, coherent
from style.matching import (
    GRID,
    components,
    factors_of,
    grid_size,
    in_pieces,
    mean_of,
    nearest,
    pad,
    picked,
    queries_of,
    unit,
)

SAMPLE = 2048  # positions that decide the components
COARSE = 8  # px; the side of the cells in which the usable places of a large style are found
QUARTERS = range(4)  # the turns of a style, in quarters of a circle


class Extent(NamedTuple):
    """How much of the styles there is to choose from."""

    keys: int  # positions of all styles together, at most
    searched: int  # how many of them are compared with each position of a photo
    block: int  # of large styles every n-th square of so many positions each way is used
    edge: int  # positions that are left out at each side, since a network sees the end of the picture there
    window: int  # px; of a style with larger sides, a window in each quarter is used
    components: int  # principal components that are compared


SPREAD = Extent(8192, 8192, 1, 0, 1024, 128)  # single positions from everywhere
BLOCKS = Extent(32768, 4096, 16, 2, 640, 48)  # the neighbours of most positions are there as well


class Palette:
    """The positions of several styles at one size, and what the styles are like."""

    def __init__(self, see, styles, turns=True, extent=SPREAD, wholes=None):
        """see(picture) gives the features of a picture (H, W, 3); styles: [Style]. turns: as for `_views`.

        wholes: the features of the styles if they are known; where only windows are used, those are seen anew.
        """
        self.shares = [style.share for style in styles]
        views = [_views(style.picture, style.part, turns, extent) for style in styles]
        seen = [
            see(own[0][0]) if whole is None or _is_cut(style.picture, extent) else whole
            for style, own, whole in zip(styles, views, wholes or [None] * len(styles), strict=True)
        ]
        self.factors = {layer: np.float32(factor) for layer, factor in factors_of(seen[0]).items()}
        extent = extent._replace(keys=extent.keys // len(styles), searched=extent.searched // len(styles))
        self.keys = [Keys(see, features, own, self.factors, extent) for features, own in zip(seen, views, strict=True)]

    def choose(self, parts, bonus=0.0):
        """For each position of a picture the style and its key: (n,) and (n,) int.

        parts: the features of its parts and how much each position counts, (n,), or None: [(features, weights)].
        bonus: what it is worth if a key continues that of a neighbour, as a cosine.
        """
        mean = mean_of(parts, self.factors)
        styles, places, first = self._styles(parts, mean), [], 0
        for features, _ in parts:
            last = first + np.prod(grid_size(features))
            places.append(self._places(features, mean, styles[first:last], bonus))
            first = last
        return styles, np.concatenate(places)

    def _styles(self, parts, mean):
        """The style of each position: (n,) int."""
        if len(self.keys) == 1:
            return np.zeros(sum(np.prod(grid_size(features)) for features, _ in parts), int)
        cosines, weights = [], []
        for features, counts in parts:
            cosines.append(np.stack([keys.nearest(keys.queries(features, mean))[1] for keys in self.keys]))
            weights.append(np.ones(cosines[-1].shape[1], np.float32) if counts is None else counts)
        return assign(np.concatenate(cosines, axis=1), self.shares, np.concatenate(weights))

    def _places(self, features, mean, styles, bonus):
        """The key of each position of a part of a picture, whose styles are given: (n,) int."""
        size, found = grid_size(features), np.empty(len(styles), np.int32)
        for style, keys in enumerate(self.keys):
            mine = styles == style
            if mine.any():
                queries = keys.queries(features, mean)
                places, _ = keys.nearest(queries)
                if bonus:
                    choice = np.where(mine, places, -1).reshape(size)
                    places = coherent(choice, queries.reshape(*size, -1), keys.compared, keys.beside, bonus).ravel()
                found[mine] = places[mine]
        return found

    def take(self, name, styles, places):
        """The "vectors" or the "strokes" of chosen keys: (n, numbers) float16. styles, places: (n,)."""
        tables = [getattr(keys, name) for keys in self.keys]
        if len(tables) == 1:
            return tables[0][places]
        found = np.empty((len(styles), tables[0].shape[1]), np.float16)
        for style, table in enumerate(tables):
            found[styles == style] = table[places[styles == style]]
        return found


class Keys:
    """The positions of a style that may be chosen.

    vectors: (n, numbers) float16, with the length 1; strokes: (n, STROKE) float16, the pixels there, 0..1;
    compared: (n, components) float32, what the search compares; beside: (n + 1, 4) int32, see `coherence.beside`.
    """

    def __init__(self, see, features, views, factors, extent=SPREAD):
        """see(picture) gives the features of a picture; features: those of the first of the `_views` of the style.

        factors: as from `factors_of`.
        """
        self.factors, chosen, strokes, grids = factors, [], [], []
        for number, (picture, part) in enumerate(views):
            seen = see(picture) if number else features
            usable = _usable(part, picture.shape[:2], grid_size(seen), extent.edge)
            grids.append(_numbered(usable, extent.block, extent.keys // len(views)))
            places = np.flatnonzero(grids[-1] >= 0)
            chosen.append(picked(seen, factors, places))
            strokes.append(_strokes(picture, places))
        self.strokes, vectors, self.beside = np.concatenate(strokes), np.concatenate(chosen), beside(grids)
        self.vectors = in_pieces(lambda piece: ops.cast(unit(piece), "float16"), vectors)
        self.basis = components(np.float32(vectors[:: -(-len(vectors) // SAMPLE)]), extent.components)
        compared = in_pieces(lambda piece: ops.matmul(piece, self.basis), vectors)
        self.compared = ops.convert_to_numpy(unit(compared - compared.mean(axis=0)))
        self.stride = -(-len(vectors) // extent.searched)

    def queries(self, features, mean):
        """The positions of a picture with these features as they are compared: (n, components) float32."""
        return queries_of(features, self.factors, self.basis, mean)

    def nearest(self, queries):
        """For each query its key, (n,) int32, and their cosine, (n,) float32."""
        places, cosines = nearest(queries, self.compared[:: self.stride])
        return places * self.stride, cosines


def _is_cut(picture, extent):
    """Whether a style (h, w) or (h, w, 3) is so large that only windows of it are used."""
    return max(picture.shape[:2]) > extent.window


def _views(style, part, turns, extent):
    """What is seen of a style (h, w, 3), and which part of that may be used: [(picture, part)].

    part: (h, w), 1 where the style may be used, or None for all of it. turns: whether a small style, which is seen as a
    whole, is also seen turned by a quarter of a circle, a half and three quarters, and whether the windows of a large
    one are turned by these angles.
    """
    if _is_cut(style, extent):
        windows = _windows(style.shape[:2], part, extent.window)
    else:
        windows = [(np.s_[:, :], quarter) for quarter in (QUARTERS if turns else QUARTERS[:1])]

    def shown(picture, window, quarter):
        return np.ascontiguousarray(np.rot90(picture[window], quarter if turns else 0))

    return [(shown(style, *window), None if part is None else shown(part, *window)) for window in windows]


def _windows(size, part, side):
    """A window of at most side x side px in each quarter of a style that has anything to use: [(slices, quarter)].

    It lies around the usable place nearest to the middle of the quarter. part: as for `_views`.
    """
    halves, places, found = np.array(size) / 2, None if part is None else _places_in(part), []
    for quarter in QUARTERS:
        further = np.array(divmod(quarter, 2))
        middle = halves * (further + 0.5)
        own = middle[None] if part is None else places[((places >= halves) == further).all(axis=1)]
        if len(own):
            place = own[np.square(own - middle).sum(axis=1).argmin()]
            firsts = (int(max(0, min(at - side // 2, length - side))) for at, length in zip(place, size, strict=True))
            found.append((tuple(slice(first, first + side) for first in firsts), quarter))
    return found


def _places_in(part):
    """The middles of the squares of COARSE px in which a part (h, w) has anything to use: (n, 2), in pixels."""
    usable = np.float32(part >= min(0.5, part.max()))
    coarse = resize(usable, [-(-length // COARSE) for length in part.shape[::-1]], Image.Resampling.BOX)
    return COARSE * (np.argwhere(coarse > 0) + 0.5)


def _numbered(usable, block, most):
    """Number the usable cells of a grid (h, w), or those in every n-th block if there are too many; the rest is -1."""
    rows, columns = np.indices(usable.shape) // block
    blocks = rows * usable.shape[1] + columns
    taken = np.unique(blocks[usable])[:: -(-int(usable.sum()) // most)]
    chosen, grid = usable & np.isin(blocks, taken), np.full(usable.shape, -1, np.int32)
    grid[chosen] = np.arange(chosen.sum())
    return grid


def _usable(part, size, grid, edge):
    """Which cells of the grid, (height, width), of a picture of this (height, width) may be used: bool.

    part: (h, w), 1 where the picture may be used, or None for all of it. A cell may be used if its middle may and it is
    not among the `edge` cells at a side. If there is no such cell, those at the sides are taken, and if there is none
    either, those with a usable pixel anywhere. Never those beyond the picture, where it was padded.
    """
    rows, columns = ((length + 1) // GRID for length in size)
    whole = np.ones((rows, columns), np.float32) if part is None else part[2::GRID, 2::GRID]
    inner, cut = np.zeros((rows, columns), np.float32), np.s_[edge : rows - edge, edge : columns - edge]
    inner[cut] = whole[cut]
    touched = whole if part is None else resize(part, (columns, rows), Image.Resampling.BOX)
    cells = next(each for each in (inner, whole, touched) if each.any())
    return np.pad(cells >= min(0.5, cells.max()), [(0, grid[0] - rows), (0, grid[1] - columns)])


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
