"""What the styles offer, and which of it is chosen."""

from itertools import product

import numpy as np
import pytest

from by_hand import keys_from, nearest_of, see
from style.matching import grid_size
from style.palette import BLOCKS, SPREAD, Palette, assign
from style.styles import Style


def drawn(height, width, seed):
    return np.random.default_rng(seed).random((height, width, 3), np.float32)


def test_turned_copies_are_more_keys_and_are_found():
    style = np.random.default_rng(0).random((24, 32, 3), np.float32)
    upright, turned = keys_from(style, turns=False), keys_from(style, turns=True)
    assert len(turned.vectors) == 4 * len(upright.vectors)
    photo = see(np.ascontiguousarray(np.rot90(style)))
    assert nearest_of(photo, turned)[1].mean() > 0.98 > nearest_of(photo, upright)[1].mean()


@pytest.mark.parametrize("most", [10, 100])
def test_of_a_large_style_every_nth_position_is_compared(most):
    keys = keys_from(drawn(64, 96, 0), extent=SPREAD._replace(keys=most))
    assert most / 2 <= len(keys.vectors) <= most + 4 and len(keys.compared) == len(keys.vectors)


def test_of_a_large_style_whole_blocks_are_taken_and_some_of_their_positions_searched():
    style = drawn(64, 96, 0)
    keys = keys_from(style, turns=False, extent=BLOCKS._replace(keys=100, searched=25, block=4, edge=0))
    assert len(keys.vectors) == 96 and keys.stride == 4  # six of the 24 blocks
    inside = keys.beside[:-1] >= 0
    assert inside.all(axis=1).sum() == 6 * 4  # of 16 positions of a block four have all neighbours
    places, _ = nearest_of(see(style), keys)
    assert set(places) <= set(range(0, 96, 4)) and len(set(places)) > 5


def test_positions_at_the_edges_may_be_left_out():
    extent = BLOCKS._replace(edge=2)
    assert len(keys_from(drawn(32, 48, 0), turns=False, extent=extent).vectors) == 4 * 8
    assert len(keys_from(drawn(16, 16, 0), turns=False, extent=extent).vectors) == 16  # all, where nothing is left


@pytest.mark.parametrize("turns", [True, False])
@pytest.mark.parametrize(("side", "rows", "columns"), [(16, (8, 40), (16, 64)), (56, (0, 8), (0, 40))])
def test_of_a_style_larger_than_the_window_one_in_each_quarter_is_used(turns, side, rows, columns):
    """In the middle of the quarter, or at the border of the style where that is nearer."""
    style, extent = drawn(64, 96, 0), BLOCKS._replace(edge=0, window=side)
    windows = [style[row : row + side, column : column + side] for row, column in product(rows, columns)]
    keys = keys_from(style, factors=None, turns=turns, extent=extent, features=see(windows[0]))
    wanted = [
        keys_from(np.rot90(window, quarter if turns else 0), factors=keys.factors, turns=False).vectors
        for quarter, window in enumerate(windows)
    ]
    np.testing.assert_array_equal(keys.vectors, np.concatenate(wanted))


def test_outside_the_part_of_a_style_nothing_is_taken_and_nothing_matters():
    style, part = np.random.default_rng(0).random((32, 32, 3), np.float32), np.zeros((32, 32), np.float32)
    part[:16, 16:] = 1
    keys = keys_from(style, part)
    assert len(keys.vectors) == 4 * 16
    other = np.where(part[..., None], style, 0.5)
    np.testing.assert_array_equal(keys_from(other, part, keys.factors).vectors, keys.vectors)


@pytest.mark.parametrize(
    ("spots", "count"),
    [([(44, 70)], 1), ([(2, 2)], 1), ([(44, 70), (2, 40)], 2), ([(60, 92), (30, 20), (10, 10)], 3)],
)
@pytest.mark.parametrize("side", [16, 40])
def test_of_a_large_style_windows_show_its_usable_part_and_nothing_else_matters(spots, count, side):
    """Each quarter that has something to use has a window, however small it is; a spot on a border is in two."""
    style, part, seen = drawn(64, 96, 0), np.zeros((64, 96), np.float32), []
    for row, column in spots:
        part[row : row + 3, column : column + 3] = 1  # less than a cell, at its border
    other = np.where(part[..., None], style, 0.5)
    extent = BLOCKS._replace(window=side)

    def watched(picture):
        seen.append(picture.shape[:2])
        return see(picture)

    one, two = (Palette(watched, [Style(1.0, picture, part)], extent=extent).keys[0] for picture in (style, other))
    assert seen == 2 * count * [(side, side)]
    for pictures, keys in ((style, one), (other, two)):
        strokes = np.float32(keys.strokes).reshape(len(keys.strokes), -1, 3)
        colours = pictures[part > 0]
        assert 1 <= len(strokes) <= 4 * len(spots)  # a spot touches four cells at most
        assert all((np.abs(stroke[:, None] - colours) < 1e-3).all(axis=-1).any() for stroke in strokes)


def test_a_part_that_covers_no_middle_of_a_cell_still_gives_keys():
    part = np.zeros((32, 32), np.float32)
    part[8:12, 8:12] = 0.2
    assert len(keys_from(np.random.default_rng(0).random((32, 32, 3), np.float32), part, turns=False).vectors) == 1


def test_keys_know_the_pixels_of_their_positions():
    style = drawn(16, 24, 0)
    keys = keys_from(style)
    places = [0, 7, 20]  # of 4 x 6 positions, and as many of each turn
    for turn in range(4):
        turned = np.rot90(style, turn)
        width = turned.shape[1] // 4
        for place in places:
            row, column = 4 * (place // width), 4 * (place % width)
            corner = keys.strokes[24 * turn + place].reshape(2, 2, 4, 4, 3)[0, 0]  # two pixels further up and left
            inner = turned[row : row + 2, column : column + 2]
            np.testing.assert_allclose(corner[2:, 2:], inner, atol=1e-3)


@pytest.mark.parametrize("shares", [(1.0,), (0.5, 0.5), (0.9, 0.1), (1.0, 0.0), (0.2, 0.3, 0.5)])
def test_each_style_gets_its_share_of_the_positions(shares):
    random = np.random.default_rng(0)
    cosines = random.random((len(shares), 5000), np.float32)
    cosines[0] += 0.3  # the first one resembles more
    weights = random.random(5000).astype(np.float32)
    chosen = assign(cosines, shares, weights)
    found = np.bincount(chosen, weights, len(shares)) / weights.sum()
    np.testing.assert_allclose(found, shares, atol=0.02)
    if len(shares) == 2 and shares[1] > 0:  # and each gets the positions that are most like it
        ahead = cosines[0] - cosines[1]
        assert ahead[chosen == 0].min() >= ahead[chosen == 1].max()


def test_of_two_styles_each_position_takes_what_was_chosen():
    photo, *pictures = (drawn(16, 24, seed) for seed in (1, 2, 3))
    palette = Palette(see, [Style(0.5, picture) for picture in pictures])
    styles, places = palette.choose([(see(photo), None)])
    assert set(styles) == {0, 1}
    for name in ("vectors", "strokes"):
        found = palette.take(name, styles, places)
        for position, (style, place) in enumerate(zip(styles, places, strict=True)):
            np.testing.assert_array_equal(found[position], getattr(palette.keys[style], name)[place])
    np.testing.assert_allclose(
        np.linalg.norm(np.float32(palette.take("vectors", styles, places)), axis=1), 1, atol=2e-3
    )


@pytest.mark.parametrize(("window", "sizes"), [(64, [(64, 48), (48, 64), (64, 48)]), (32, [(32, 32)] * 4)])
def test_of_a_large_style_only_a_window_in_each_quarter_is_seen(window, sizes):
    style, asked = drawn(48, 64, 1), []

    def watched(picture):
        asked.append(picture.shape[:2])
        return see(picture)

    Palette(watched, [Style(1.0, style)], extent=SPREAD._replace(window=window), wholes=[see(style)])
    assert asked == sizes


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("bonus", [0.0, 0.3])
def test_parts_get_what_the_whole_gets_and_a_bonus_makes_keys_go_on(count, bonus):
    photo, *pictures = (drawn(32, 48, seed) for seed in range(1, count + 2))
    palette = Palette(see, [Style(1 / count, picture) for picture in pictures], extent=BLOCKS._replace(edge=0))
    styles, places = palette.choose([(see(photo), None)], bonus)
    halves = [(see(photo[:16]), None), (see(photo[16:]), None)]
    in_parts = palette.choose(halves, bonus)
    np.testing.assert_array_equal(in_parts[0], styles)
    if not bonus:
        np.testing.assert_array_equal(in_parts[1], places)
    without = palette.choose([(see(photo), None)])
    size = grid_size(see(photo))
    assert (goes_on(palette, styles, places, size) > 2 * goes_on(palette, *without, size)) == bool(bonus)


def goes_on(palette, styles, places, size):
    """The share of positions whose key continues that of the position to the left."""
    styles, places = styles.reshape(size), places.reshape(size)
    pairs = [
        styles[row, column] == styles[row, column - 1]
        and palette.keys[styles[row, column]].beside[places[row, column - 1], 0] == places[row, column]
        for row in range(size[0])
        for column in range(1, size[1])
    ]
    return np.mean(pairs)
