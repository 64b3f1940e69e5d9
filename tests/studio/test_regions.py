"""Regions: fill the kept part, choose where to work, and put both parts together."""

import numpy as np
import pytest
from PIL import Image

from studio.regions import CONTEXT, LEAST_BOX, box_around, clear, compose, feathered, fill_in, widen

RANDOM = np.random.default_rng(0)


def disc(height, width, radius):
    rows, columns = np.mgrid[:height, :width]
    away = np.hypot(rows - height / 2 + 0.5, columns - width / 2 + 0.5)
    return np.clip(radius - away + 0.5, 0, 1).astype(np.float32)  # its edge is soft by a pixel


@pytest.mark.parametrize("radius", [1, 2, 3, 5, 8])
def test_widen_is_the_largest_of_a_square(radius):
    mask = RANDOM.random((13, 9), np.float32)
    wanted = np.array(
        [
            [
                mask[max(0, row - radius) : row + radius + 1, max(0, column - radius) : column + radius + 1].max()
                for column in range(9)
            ]
            for row in range(13)
        ]
    )
    np.testing.assert_array_equal(widen(mask, radius), wanted)


def test_what_is_known_stays_and_the_rest_continues_it():
    picture = np.zeros((32, 48, 3), np.float32)
    picture[:, :24], picture[:, 24:] = (1, 0, 0), (0, 0, 1)
    known = np.float32(disc(32, 48, 9) == 0)
    hidden = np.where(known[..., None] < 1, 0.5, picture)
    filled = fill_in(hidden, known)
    np.testing.assert_allclose(filled[known == 1], picture[known == 1], atol=1e-6)
    assert filled[16, 16, 0] > 0.75 and filled[16, 31, 2] > 0.75  # red on its left, blue on its right
    assert filled[..., 1].max() < 1e-6


def test_nothing_of_the_figure_is_left_where_it_is_cleared():
    """Two photos that differ in their figures only become the same."""
    background, kept = RANDOM.random((60, 80, 3), np.float32), disc(60, 80, 20)
    one, two = (background * (1 - kept[..., None]) + kept[..., None] * colour for colour in (0.0, 1.0))
    np.testing.assert_array_equal(clear(one, kept), clear(two, kept))


def test_the_box_holds_what_is_painted_and_some_context():
    painted = np.zeros((400, 500), np.float32)
    painted[200:210, 300:420] = 0.5
    left, top, right, bottom = box_around(painted)
    assert (left, right) == (300 - CONTEXT, 420 + CONTEXT) and bottom - top >= LEAST_BOX
    assert top <= 200 - CONTEXT and bottom >= 210 + CONTEXT
    assert box_around(np.ones((30, 40), np.float32)) == (0, 0, 40, 30)


@pytest.mark.parametrize("pixels", [0, 1, 2, 5, 20])
def test_a_feather_falls_outside_of_what_is_kept(pixels):
    kept = np.zeros((60, 90), np.uint8)
    kept[20:40, 30:60] = 255
    soft = feathered(kept, pixels)
    assert (soft[kept == 255] == 255).all() and (np.diff(soft[30, 60:].astype(int)) <= 0).all()
    reach = np.count_nonzero(soft[30, 60:])
    assert reach == 0 if pixels == 0 else pixels <= reach <= pixels + 1


def test_kept_pixels_are_the_photos_to_the_bit():
    photo, painting = (Image.fromarray(RANDOM.integers(0, 256, (50, 70, 3), np.uint8)) for _ in range(2))
    kept = disc(50, 70, 15)
    result = np.asarray(compose(photo, painting, kept))
    assert (result[kept == 1] == np.asarray(photo)[kept == 1]).all()
    assert (result[kept == 0] == np.asarray(painting)[kept == 0]).all()


@pytest.mark.parametrize("feather", [0, 4])
def test_no_halo_of_the_old_background(feather):
    """A red figure before green, its edge a mixture of both, put on blue: no green is left."""
    kept = disc(80, 80, 25)[..., None]
    photo = Image.fromarray(np.uint8(255 * (kept * (1, 0, 0) + (1 - kept) * (0, 1, 0)) + 0.5))
    painting = Image.new("RGB", (80, 80), (0, 0, 255))
    result = np.asarray(compose(photo, painting, kept[..., 0], feather))
    assert result[..., 1].max() < 40  # of the 255 of the old background
    assert (np.abs(result.astype(int).sum(axis=2) - 255) <= 2).all()
