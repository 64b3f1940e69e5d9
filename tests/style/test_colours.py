"""The colours of a painting are matched to those of its styles."""

import numpy as np
import pytest

from style.colours import colours_of, match_colours
from style.styles import Style


def picture(seed, low=0.3, high=0.7):
    random = np.random.default_rng(seed)
    return np.float32(low + (high - low) * random.random((40, 50, 3)) @ random.dirichlet((3, 3, 3), 3).T)


def moments(colours):
    return colours.mean(axis=0), np.cov(colours.T, ddof=0)


def test_mean_and_covariance_become_the_styles():
    found = match_colours(picture(1), None, colours_of([Style(1.0, picture(2))]))
    for one, other in zip(moments(found.reshape(-1, 3)), moments(picture(2).reshape(-1, 3)), strict=True):
        np.testing.assert_allclose(one, other, atol=2e-3)
    assert found.dtype == np.float32 and found.min() >= 0 and found.max() <= 1


def test_the_result_may_take_the_place_of_the_picture():
    one, styles = picture(1), [Style(1.0, picture(2))]
    found = match_colours(one, None, colours_of(styles))
    np.testing.assert_array_equal(one, picture(1))
    assert match_colours(one, None, colours_of(styles), out=one) is one
    np.testing.assert_array_equal(one, found)


def test_a_picture_with_the_right_colours_stays():
    np.testing.assert_allclose(
        match_colours(picture(1), None, colours_of([Style(1.0, picture(1))])), picture(1), atol=1e-3
    )


def test_several_styles_count_by_their_shares():
    styles = [Style(0.25, picture(2, 0.1, 0.3)), Style(0.75, picture(3, 0.7, 0.9))]
    found = match_colours(picture(1), None, colours_of(styles)).reshape(-1, 3).mean(axis=0)
    wanted = 0.25 * styles[0].picture.mean(axis=(0, 1)) + 0.75 * styles[1].picture.mean(axis=(0, 1))
    np.testing.assert_allclose(found, wanted, atol=0.02)


@pytest.mark.parametrize("side", ["picture", "style"])
def test_what_has_no_weight_does_not_count(side):
    painted, style, mask = picture(1), picture(2), np.zeros((40, 50), np.float32)
    mask[:20] = 1
    found = []
    for spoilt in (0.0, 1.0):
        one, other = painted.copy(), style.copy()
        (one if side == "picture" else other)[20:] = spoilt
        found.append(match_colours(one, mask, colours_of([Style(1.0, other, mask)]))[:20])
    np.testing.assert_array_equal(*found)


def test_a_grey_painting_is_not_blown_up():
    grey = np.full((20, 20, 3), 0.5, np.float32)
    found = match_colours(grey, None, colours_of([Style(1.0, picture(2))]))
    assert np.isfinite(found).all() and found.std(axis=(0, 1)).max() < 0.01
