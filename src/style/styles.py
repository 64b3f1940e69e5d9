"""The pictures to paint with, at the sizes to paint at."""

from typing import NamedTuple

import numpy as np

from pictures.images import LANCZOS, resize, to_array
from style.features import LEAST_SIDE

ENLARGED = 1.5  # for matching; an enlargement has no strokes that are small enough for the finest details


class Style(NamedTuple):
    """A style at the size to paint at."""

    share: float  # of all styles, which have 1 together
    picture: np.ndarray  # (h, w, 3), 0..1
    part: np.ndarray | None = None  # (h, w), 1 where it may be used; None: all of it


class Styles:
    """Pictures to paint with, at their own sizes."""

    def __init__(self, images, shares=(1.0,), parts=None, scale=1.0):
        """images: RGB Pillow images. shares: how much each counts, in all 1.

        parts: of each, (h, w), 1 where it may be used, or None for all of it. scale: their long sides, as a multiple
        of the photo's.
        """
        self.images, self.shares, self.scale = images, shares, scale
        self.parts = parts or [None] * len(images)

    def at(self, side, most=None):
        """The styles for a painting with this long side: [Style].

        most: how many times their own size, at `scale` 1, they have at most; None: as large as the painting.
        """
        styles = []
        for image, share, part in zip(self.images, self.shares, self.parts, strict=True):
            factor = side / max(image.size)
            size = scaled(image.size, self.scale * (min(factor, most) if most else factor))
            small = to_array(image.resize(size, LANCZOS))
            styles.append(Style(share, small, None if part is None else resize(part, size)))
        return styles


def scaled(size, factor):
    """A (width, height), scaled; a network needs a few pixels each way."""
    return tuple(max(LEAST_SIDE, round(length * factor)) for length in size)


def halvings(side, count, coarsest):
    """At most `count` long sides to paint at, coarse to fine, each half of the next and none below `coarsest`."""
    sides = [side]
    while sides[0] >= 2 * coarsest and len(sides) < count:
        sides.insert(0, sides[0] // 2)
    return sides
