"""Let pixels that are near each other and of one colour agree on whether they belong to the figure.

The mean field of a dense CRF (Krähenbühl and Koltun, 2011). Departures: the average over alike pixels comes from a
bilateral grid (Chen et al., 2007), all kernels are one, and it reaches as far as suits the size of the figure.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

WEIGHT = 3.0  # how much, in logits, alike pixels that all agree add to a pixel's own
STEPS = 3
REACH = 0.12  # how far alike pixels may be apart, as a share of the figure's side (the root of its area) ...
LEAST_REACH, MOST_REACH = 1 / 40, 1 / 13  # ... and of the picture's longer side, at least and at most
DOUBT = -4.0  # a logit below this, beyond the reach of the others, is no matter of agreement
LIGHT, COLOUR = 14, 8  # how far alike pixels may differ in lightness and in each colour of YCbCr, of 255 levels
MOST_CELLS = 8_000_000  # of a grid; in a photo that needs more, they reach further instead, to save time
OFFSETS = (0.0, 0.5)  # of the grids whose averages are averaged again, in cells, so that no border of a cell shows


def agree(scores, picture):
    """Turn logits (h, w) into such that follow the areas of one colour in an RGB Pillow image of the same size."""
    scores = np.array(scores, np.float32)
    area = np.count_nonzero(scores > 0)
    if area in (0, scores.size):
        return scores
    reach = np.clip(REACH * area**0.5, *(share * max(scores.shape) for share in (LEAST_REACH, MOST_REACH)))
    part = _box_around(scores > DOUBT, round(2 * reach))
    colours = np.asarray(picture.convert("YCbCr"), np.float32)[part]
    reach = max(reach, (colours.shape[0] * colours.shape[1] * _shades(colours) / MOST_CELLS) ** 0.5)
    scores[part] = _mean_field(scores[part], [Grid(colours, reach, offset) for offset in OFFSETS])
    return scores


def _shades(colours):
    """The number of cells over colour alone that (h, w, 3) in 0..255 takes."""
    return float(np.prod(np.ptp(colours, axis=(0, 1)) / (LIGHT, COLOUR, COLOUR) + 1))


def _box_around(chosen, margin):
    """The slices of rows and columns that hold all chosen pixels, (h, w) bool, and a margin around them."""
    slices = []
    for axis in (1, 0):
        places = np.flatnonzero(chosen.any(axis=axis))
        slices.append(slice(max(0, places[0] - margin), places[-1] + 1 + margin))
    return tuple(slices)


def _mean_field(scores, grids):
    """The logits (h, w) on which all pixels agree, from their own and from what alike pixels believe."""
    found = scores
    with ThreadPoolExecutor(len(grids)) as threads:
        for _ in range(STEPS):
            belief = np.tanh(found / 2)  # from -1, certainly background, to 1
            means = threads.map(Grid.mean, grids, [belief] * len(grids))
            found = scores + WEIGHT / len(grids) * sum(means)
    return found


class Grid:
    """A grid over place and colour: pixels in one cell, and in its neighbours, are alike."""

    def __init__(self, colours, reach, offset):
        """colours: (h, w, 3) in 0..255; reach: the side of a cell, in pixels; offset: of the cells, in 0..1."""
        rows, columns = np.mgrid[: colours.shape[0], : colours.shape[1]]
        light, *colour = np.moveaxis(colours, -1, 0)
        places = [rows / reach, columns / reach, light / LIGHT, *(each / COLOUR for each in colour)]
        cells = [np.int32(place - place.min() + offset) for place in places]
        self.shape = [cell.max() + 1 for cell in cells]
        self.cells = np.ravel_multi_index(cells, self.shape)
        self.counts = self._sums(np.ones(self.cells.shape, np.float32))

    def mean(self, values):
        """The weighted mean of (h, w) over all pixels that are like each one: (h, w)."""
        return self._sums(values) / self.counts

    def _sums(self, values):
        sums = np.bincount(self.cells.ravel(), values.ravel(), np.prod(self.shape)).astype(np.float32)
        sums = sums.reshape(self.shape)
        for axis in range(sums.ndim):
            sums = _with_neighbours(np.moveaxis(sums, axis, 0), axis)
        return sums.ravel()[self.cells]


def _with_neighbours(sums, axis):
    """Twice each cell plus its neighbours along the first axis, which then becomes axis number `axis`."""
    mixed = 2 * sums
    mixed[1:] += sums[:-1]
    mixed[:-1] += sums[1:]
    return np.moveaxis(mixed, 0, axis)
