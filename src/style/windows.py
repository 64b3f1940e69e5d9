"""Cut a picture into tiles that overlap, so that painting it tile by tile is painting it as a whole.

The *core* of a tile is the part of the picture whose terms of J count in it; each pixel lies in one core. Its *window*
is what the network gets to see: so much more than the core that the features there are those of the whole picture.
"""

from itertools import pairwise, product
from typing import NamedTuple

import numpy as np

MOST_TILES = 64  # each way


class Box(NamedTuple):
    """A part of a picture, in pixels."""

    top: int
    left: int
    bottom: int
    right: int

    def cells(self, side=1):
        """The box in an array with a value for each `side` x `side` pixels: a pair of slices."""
        return slice(self.top // side, self.bottom // side), slice(self.left // side, self.right // side)

    def shape(self, side=1):
        """How many such values it has: (rows, columns)."""
        return tuple(part.stop - part.start for part in self.cells(side))

    def within(self, other):
        """The box in a picture that shows no more than the box `other`."""
        return Box(self.top - other.top, self.left - other.left, self.bottom - other.top, self.right - other.left)


class Tile(NamedTuple):
    """A tile of a picture."""

    window: Box
    core: Box
    whole: Box  # the picture

    @property
    def inner(self):
        """The core within the window."""
        return self.core.within(self.window)

    @property
    def is_whole(self):
        return self.window == self.whole

    def weights(self, side, counts=None):
        """How much each cell of `side` px of the window counts: (1, h, w, 1) float32, 0 outside of the core.

        counts: (H, W), how much each cell of the picture counts; None: all the same, with the sum 1.
        """
        found = np.zeros(self.window.shape(side), np.float32)
        equal = 1 / np.prod(self.whole.shape(side))
        found[self.inner.cells(side)] = equal if counts is None else counts[self.core.cells(side)]
        return found[None, ..., None]


def all_of(height, width):
    """The one tile of a picture that is not cut."""
    return Tile(*[Box(0, 0, height, width)] * 3)


def cut(height, width, most, reach, step):
    """Cut a picture into tiles whose windows have at most `most` pixels, and all the same size: [Tile].

    reach: how far a feature sees; step: the cells of all layers must begin at multiples of it. The cut with the
    smallest windows in all is chosen; [] if there is none.
    """
    if height * width <= most:
        return [all_of(height, width)]
    reach = -(-reach // step) * step + (step if height % step or width % step else 0)  # the last cell may be cut off
    ways = [_spans(length, reach, step) for length in (height, width)]
    # The first window of each way begins at 0, so that its end is its length.
    fits = [(rows, columns) for rows, columns in product(*ways) if rows[0][1] * columns[0][1] <= most]
    if not fits:
        return []
    rows, columns = min(fits, key=lambda way: len(way[0]) * way[0][0][1] * len(way[1]) * way[1][0][1])
    whole = Box(0, 0, height, width)
    return [
        Tile(Box(top, left, bottom, right), Box(first, start, last, stop), whole)
        for (top, bottom, first, last), (left, right, start, stop) in product(rows, columns)
    ]


def _spans(length, reach, step):
    """The ways to cut a length into 1, 2, ... windows: [[(window's start, its end, core's start, its end)]]."""
    ways = []
    for count in range(1, MOST_TILES + 1):
        least = -(-(length + 2 * reach * (count - 1)) // count)
        window = length - (length - least) // step * step  # what is left over is whole steps
        free = (length - window) // step
        starts = [free * number // max(1, count - 1) * step for number in range(count)]
        if count > 1 and window <= 2 * reach:
            break
        if any(after - before > window - 2 * reach for before, after in pairwise(starts)):
            continue
        cuts = [0, *(start + reach for start in starts[1:]), length]
        ways.append([(start, start + window, *cuts[place : place + 2]) for place, start in enumerate(starts)])
    return ways
