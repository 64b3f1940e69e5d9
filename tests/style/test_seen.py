"""What is seen tile by tile is what is seen at once."""

import keras
import numpy as np
import pytest

from networks.vgg import Preprocessing, encoder, reach_of
from style.features import LAYERS
from style.matching import LAYERS as MATCHED
from style.matching import factors_of, grid_size, picked
from style.objective import total_sums
from style.seen import Seen, channels_of, counts_of, gathered, size_of
from style.windows import cut

SIZE = (328, 264)


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(3)
    return encoder(((4, 2), (6, 2), (8, 4), (8, 4), (8, 4)), {*LAYERS, *MATCHED}, Preprocessing(dtype="float32"))


@pytest.fixture(scope="module")
def both(network):
    """The features of a picture, at once and in four tiles."""
    picture = np.random.default_rng(0).random((1, *SIZE, 3), np.float32)
    tiles = cut(*SIZE, 270 * 240, reach_of(LAYERS), 16)
    assert len(tiles) == 4
    return network(picture), Seen(network, picture, tiles)


def test_the_features_are_the_same(both):
    at_once, seen = (gathered(each, lambda part: part) for each in both)
    assert set(at_once) == set(seen) == {*LAYERS, *MATCHED}
    for layer, values in at_once.items():
        np.testing.assert_allclose(seen[layer], values, rtol=1e-4, atol=1e-4 * np.abs(values).max())


def test_beyond_its_reach_a_network_sees_nothing(network):
    """A pixel changes features up to as many pixels away as `reach_of` says, and no further."""
    picture = np.full((1, 192, 192, 3), 0.5, np.float32)
    other = picture.copy()
    other[:, 96, 96] = [1, 0, 1]
    for layer, side in (("block4_conv2", 8), ("block5_conv1", 16)):
        change = np.abs(np.asarray(network(other)[layer]) - np.asarray(network(picture)[layer])).max(axis=(0, 1, 3))
        changed = np.flatnonzero(change)
        assert 96 - reach_of([layer]) - side <= changed[0] * side and changed[-1] * side <= 96 + reach_of([layer])
        assert changed[0] * side <= 96 - reach_of([layer]) + side  # and not much less: tiles need no wider margin


def test_sizes_channels_and_factors_are_the_same(both):
    at_once, seen = both
    assert size_of(at_once) == size_of(seen) == SIZE and grid_size(seen) == (82, 66)
    assert channels_of(at_once) == channels_of(seen)
    for layer, factor in factors_of(at_once).items():
        assert factors_of(seen)[layer] == pytest.approx(factor, rel=1e-5)


def test_the_vectors_of_positions_are_the_same(both):
    places = np.random.default_rng(1).permutation(82 * 66)[:500]
    factors = factors_of(both[0])
    one, other = (picked(each, factors, places) for each in both)
    np.testing.assert_allclose(np.float32(one), np.float32(other), rtol=2e-3, atol=1e-4)


@pytest.mark.parametrize("masked", [False, True])
def test_the_sums_are_the_same(both, masked):
    visible = np.random.default_rng(2).random(SIZE, np.float32) if masked else None
    one, other = (total_sums(each, visible, LAYERS) for each in both)
    for layer in LAYERS:
        for values, wanted in zip(one[layer], other[layer], strict=True):
            np.testing.assert_allclose(values, wanted, rtol=1e-4, atol=1e-4 * np.abs(wanted).max())


def test_counts_go_on_in_the_mirror_beyond_the_picture():
    visible = np.zeros((20, 16), np.float32)
    visible[16:, :8] = 1
    counts = counts_of(visible, (24, 16), {"grid": 4, "block4_conv1": 8})
    assert counts["grid"].shape == (6, 4) and counts["block4_conv1"].shape == (3, 2)
    assert all(values.sum() == pytest.approx(1) for values in counts.values())
    assert not counts["grid"][:3].any() and not counts["grid"][:, 3].any()
    np.testing.assert_allclose(counts["grid"][5, 0], counts["grid"].max())  # the last row shows the one before it
    assert counts_of(None, (24, 16), {"grid": 4}) == {}
