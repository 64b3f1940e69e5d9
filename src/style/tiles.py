"""Cut a picture into tiles, each with a border of the picture around it, so that memory does not grow with the size."""

from typing import NamedTuple

import numpy as np

MOST = 768  # px, the longest side of a tile


class Tile(NamedTuple):
    """A part of a picture, in pixels: (rows, columns) as slices."""

    part: tuple  # in the picture
    wider: tuple  # the part with its border, in the picture
    inside: tuple  # the part within `wider`


def tiles_of(height, width, border, step, most=MOST):
    """Cut a picture of height x width px, multiples of step, into tiles: [Tile], from the upper left.

    border: px around each tile, less at the edges of the picture. All tiles begin and end at multiples of step.
    """
    rows, columns = _spans(height, border, step, most), _spans(width, border, step, most)
    return [Tile(*zip(down, along, strict=True)) for down in rows for along in columns]


def _spans(length, border, step, most):
    """Cut a length into spans of about the same length: [(part, wider, inside)] as slices."""
    count, border = -(-length // most), -(-border // step) * step
    ends = np.linspace(0, length // step, count + 1).astype(int) * step
    spans = []
    for first, last in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True):
        start, stop = max(0, first - border), min(length, last + border)
        spans.append((slice(first, last), slice(start, stop), slice(first - start, last - start)))
    return spans


def smaller(slices, step):
    """The slices of a grid of cells of step px each way, from those in pixels."""
    return tuple(slice(each.start // step, each.stop // step) for each in slices)
