"""Tiles: their cores are the picture, once each, and their windows show the network all it needs."""

import numpy as np
import pytest

from style.windows import MOST_TILES, Box, cut

CUTS = [(300, 260, 40_000, 38, 8), (333, 219, 61_320, 70, 16), (4096, 3072, 300_000, 38, 8), (64, 5000, 64_000, 38, 8)]


def test_a_picture_that_fits_is_one_tile():
    (tile,) = cut(300, 200, 60_000, 38, 8)
    assert tile.is_whole and tile.window == tile.core == Box(0, 0, 300, 200)


@pytest.mark.parametrize(("height", "width", "most", "reach", "step"), CUTS)
def test_each_pixel_lies_in_one_core(height, width, most, reach, step):
    covered = np.zeros((height, width), np.uint8)
    tiles = cut(height, width, most, reach, step)
    for tile in tiles:
        covered[tile.core.cells()] += 1
    assert len(tiles) > 1 and (covered == 1).all()


@pytest.mark.parametrize(("height", "width", "most", "reach", "step"), CUTS)
def test_windows_are_alike_and_show_as_much_as_is_seen(height, width, most, reach, step):
    tiles = cut(height, width, most, reach, step)
    (size,) = {tile.window.shape() for tile in tiles}
    assert np.prod(size) <= most
    for window, core, whole in tiles:
        assert not any(start % step for start in (window.top, window.left, core.top, core.left))
        for edge, inner in ((window.top, core.top), (window.left, core.left)):
            assert inner - edge >= reach or edge == 0
        for edge, inner, end in zip(window[2:], core[2:], whole[2:], strict=True):
            # What is left of a cell at the end of the window is cut off, and is not seen.
            assert edge - edge % step - inner >= reach or edge == inner == end


def test_a_room_that_is_too_small_gives_no_tiles():
    assert cut(2000, 2000, 80 * 80, 38, 8) == []


def test_the_margins_are_a_small_part_of_large_tiles():
    tiles = cut(4096, 3072, 1024 * 1024, 38, 8)
    assert len(tiles) < MOST_TILES and sum(np.prod(tile.window.shape()) for tile in tiles) < 1.3 * 4096 * 3072


def test_the_weights_of_all_tiles_are_those_of_the_picture():
    counts = np.random.default_rng(0).random((75, 65), np.float32)
    found = np.zeros_like(counts)
    for tile in cut(300, 260, 40_000, 38, 4):
        found[tile.window.cells(4)] += tile.weights(4, counts)[0, ..., 0]
    np.testing.assert_array_equal(found, counts)
    assert sum(tile.weights(4).sum() for tile in cut(300, 260, 40_000, 38, 4)) == pytest.approx(1)
