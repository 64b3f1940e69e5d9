"""Choices that go on where their neighbours' choices do."""

import numpy as np
import pytest

from style.coherence import MOVES, beside, coherent


def test_neighbours_of_keys_in_two_pictures():
    grids = [np.array([[0, 1, -1], [2, -1, 3]]), np.array([[0], [1]])]
    wanted = [
        [1, -1, 2, -1],  # to the right, to the left, below, above
        [-1, 0, -1, -1],
        [-1, -1, -1, 0],
        [-1, -1, -1, -1],
        [-1, -1, 5, -1],
        [-1, -1, -1, 4],
        [-1, -1, -1, -1],  # of no key
    ]
    np.testing.assert_array_equal(beside(grids), wanted)


@pytest.fixture
def style():
    """A picture of 12 x 16 keys, whose vectors are random: (neighbours, vectors)."""
    vectors = np.random.default_rng(0).standard_normal((12 * 16, 20)).astype(np.float32)
    return beside([np.arange(12 * 16).reshape(12, 16)]), vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_without_a_bonus_no_choice_gets_worse_and_the_best_ones_stay(style):
    neighbours, vectors = style
    queries = vectors.reshape(12, 16, 20)
    best = np.arange(12 * 16).reshape(12, 16)
    np.testing.assert_array_equal(coherent(best, queries, vectors, neighbours, 0.0), best)
    random = np.random.default_rng(1).integers(0, 12 * 16, (12, 16))
    found = coherent(random, queries, vectors, neighbours, 0.0)
    before, after = (np.einsum("hwc,hwc->hw", queries, vectors[choice]) for choice in (random, found))
    assert (after >= before).all() and (found == best).mean() > (random == best).mean()


def test_one_right_choice_spreads(style):
    """All keys but one are wrong; from the right one its neighbours follow, with each half sweep one more."""
    neighbours, vectors = style
    choice = np.full((12, 16), 5)
    choice[6, 8] = 6 * 16 + 8
    found = coherent(choice, vectors.reshape(12, 16, 20), vectors, neighbours, 0.0)
    right = found == np.arange(12 * 16).reshape(12, 16)
    assert right[6, 5:12].all() and right[4:9, 8].all()


def test_a_bonus_makes_a_stroke_go_on_over_a_small_difference(style):
    neighbours, vectors = style
    choice = np.arange(12 * 16).reshape(12, 16)
    choice[6, 8] = 3
    queries = vectors.reshape(12, 16, 20).copy()
    queries[6, 8] = vectors[3]  # there another key resembles the photo more, by less than the bonus of four neighbours
    assert coherent(choice, queries, vectors, neighbours, 0.0)[6, 8] == 3
    assert coherent(choice, queries, vectors, neighbours, 0.5)[6, 8] == 6 * 16 + 8


def test_what_is_left_out_stays_so_and_suggests_nothing(style):
    neighbours, vectors = style
    choice = np.random.default_rng(1).integers(0, 12 * 16, (12, 16))
    choice[:, 8:] = -1
    queries = np.random.default_rng(2).standard_normal((12, 16, 20)).astype(np.float32)
    found = coherent(choice, queries, vectors, neighbours, 0.1)
    assert (found[:, 8:] == -1).all() and (found[:, :8] >= 0).all()
    np.testing.assert_array_equal(found[:, :8], coherent(choice[:, :8], queries[:, :8], vectors, neighbours, 0.1))


def test_moves_come_in_pairs_of_opposites():
    assert all(tuple(-step for step in MOVES[place]) == MOVES[place ^ 1] for place in range(4))
