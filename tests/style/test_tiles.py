"""Tiles cover a picture, each once, and know their surroundings."""

import numpy as np
import pytest

from style.tiles import smaller, tiles_of


@pytest.mark.parametrize("size", [(64, 64), (200, 136), (8, 600)])
@pytest.mark.parametrize("most", [64, 100, 1000])
@pytest.mark.parametrize("border", [0, 20, 96])
def test_tiles_cover_a_picture_once_with_their_borders(size, most, border):
    count, picture = np.zeros(size, int), np.random.default_rng(0).random(size)
    for part, wider, inside in tiles_of(*size, border, 8, most):
        count[part] += 1
        np.testing.assert_array_equal(picture[wider][inside], picture[part])
        for one, other, length in zip(part, wider, size, strict=True):
            assert one.stop - one.start <= most + 8 and not one.start % 8 and not one.stop % 8
            assert other.start == max(0, one.start - -(-border // 8) * 8)
            assert other.stop == min(length, one.stop + -(-border // 8) * 8)
    assert (count == 1).all()


def test_a_picture_that_is_small_enough_is_one_tile():
    (tile,) = tiles_of(64, 48, 16, 8, 64)
    assert tile == ((slice(0, 64), slice(0, 48)),) * 3


def test_slices_of_a_grid():
    assert smaller((slice(8, 24), slice(0, 16)), 4) == (slice(2, 6), slice(0, 4))
