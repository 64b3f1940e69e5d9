"""The search for neighbours against brute force in NumPy."""

import numpy as np
import pytest
from keras import ops

from by_hand import features_of, keys_from, keys_of, nearest_of, see, vectors_by_hand
from shell import in_a_shell
from style import matching
from style.matching import LAYERS, components, factors_of, mean_of, on_grid, pad, part_of, picked


def cosines_by_hand(queries, keys):
    queries, keys = queries - queries.mean(axis=0), keys - keys.mean(axis=0)
    queries, keys = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in (queries, keys))
    return queries @ keys.T


def test_the_shares_of_the_layers_sum_to_one_and_hold():
    assert sum(share for _, share in LAYERS.values()) == pytest.approx(1, abs=0.01)
    features = features_of(16, 24)
    factors = factors_of(features)
    for layer, (_, share) in LAYERS.items():
        assert np.square(np.asarray(features[layer]) * factors[layer]).sum(axis=-1).mean() == pytest.approx(
            share, rel=1e-4
        )


@pytest.mark.parametrize("piece", [1, 2000, 2**23])
def test_vectors_are_those_by_hand_in_pieces_of_any_size(monkeypatch, piece):
    monkeypatch.setattr(matching, "PIECE", piece)
    features = features_of(32, 24)
    factors = factors_of(features)
    wanted = vectors_by_hand(features, factors)
    np.testing.assert_allclose(picked(features, factors, np.arange(48)), wanted, rtol=1e-3)
    some = np.array([0, 5, 6, 30, 47])
    np.testing.assert_allclose(picked(features, factors, some), wanted[some], rtol=1e-3)


@pytest.mark.parametrize("size", [(16, 16), (17, 16), (23, 41)])
def test_pictures_are_padded_to_whole_cells_by_their_mirror_image(size):
    picture = np.random.default_rng(0).random((1, *size, 3), np.float32)
    padded = np.asarray(pad(picture))
    assert not any(length % 8 for length in padded.shape[1:3])
    np.testing.assert_array_equal(padded[:, : size[0], : size[1]], picture)
    wanted = np.pad(picture, [(0, 0), (0, -size[0] % 8), (0, -size[1] % 8), (0, 0)], mode="symmetric")
    np.testing.assert_array_equal(padded, wanted)


@pytest.mark.parametrize(("photo", "style"), [((32, 24), (16, 16)), ((16, 16), (40, 48)), ((8, 8), (16, 16))])
@pytest.mark.parametrize("piece", [1000, 2**23])
def test_with_all_components_the_nearest_are_those_by_hand(monkeypatch, photo, style, piece):
    monkeypatch.setattr(matching, "PIECE", piece)
    one, other = features_of(*photo, seed=1), features_of(*style, seed=2)
    factors = factors_of(other)
    places, cosines = nearest_of(one, keys_of(other, factors, 10_000))
    wanted = cosines_by_hand(vectors_by_hand(one, factors), vectors_by_hand(other, factors))
    np.testing.assert_allclose(cosines, wanted.max(axis=1), atol=1e-3)
    np.testing.assert_allclose(wanted[np.arange(len(places)), places], wanted.max(axis=1), atol=1e-3)


def test_with_a_few_components_they_are_nearly_as_near():
    """Vectors that vary in few directions, as those of pictures do."""
    random = np.random.default_rng(0)
    directions = random.standard_normal((12, 75))
    one, other = (random.standard_normal((count, 12)) @ directions for count in (200, 300))
    basis = components(np.float32(other), 12)
    exact, quick = cosines_by_hand(one, other), cosines_by_hand(one @ basis, other @ basis)
    assert exact[np.arange(200), quick.argmax(axis=1)].mean() > 0.995 * exact.max(axis=1).mean()
    assert basis.shape == (75, 12) and np.allclose(basis.T @ basis, np.eye(12), atol=1e-4)


def test_components_are_those_of_the_exact_decomposition():
    vectors = np.random.default_rng(0).standard_normal((300, 40)).astype(np.float32) * np.geomspace(10, 0.01, 40)
    centred = vectors - vectors.mean(axis=0)
    _, _, exact = np.linalg.svd(centred, full_matrices=False)
    found = components(np.float32(vectors), 5)
    np.testing.assert_allclose(np.abs(np.sum(found * exact[:5].T, axis=0)), 1, atol=1e-3)


def test_of_equal_keys_any_will_do():
    style = np.tile(np.random.default_rng(0).random((8, 8, 3), np.float32), (2, 2, 1))
    keys = keys_from(style, turns=False)
    places, _ = nearest_of(see(style), keys)
    np.testing.assert_array_equal(keys.vectors[places], keys.vectors)


def test_a_single_position_has_a_neighbour():
    keys = keys_from(np.random.default_rng(0).random((8, 8, 3), np.float32))
    places, cosines = nearest_of(see(np.random.default_rng(1).random((8, 8, 3), np.float32)), keys)
    assert len(places) == 4 and np.isfinite(cosines).all() and (places < len(keys.vectors)).all()


def test_every_position_of_a_style_finds_itself_or_its_twin():
    style = np.random.default_rng(0).random((40, 48, 3), np.float32)
    keys = keys_from(style, turns=False)
    places, cosines = nearest_of(see(style), keys)
    assert (places == np.arange(len(places))).mean() > 0.99 and cosines.min() > 0.999


def test_positions_without_weight_do_not_move_the_mean():
    one, style = features_of(16, 16, 1), features_of(16, 24, 2)
    weights = np.zeros(16, np.float32)
    weights[:8] = 1
    other = {
        layer: ops.concatenate([values[:, : values.shape[1] // 2], 9 * values[:, values.shape[1] // 2 :]], axis=1)
        for layer, values in one.items()
    }
    keys = keys_of(style, factors_of(style), 10_000)
    for first, second in zip(nearest_of(one, keys, weights), nearest_of(other, keys, weights), strict=True):
        np.testing.assert_array_equal(first[:8], second[:8])


def test_the_mean_of_parts_is_that_of_the_whole():
    features, weights = features_of(32, 24), np.random.default_rng(1).random((8, 6), np.float32)
    factors = factors_of(features)
    parts = [(part_of(features, rows, slice(0, 6)), weights[rows].ravel()) for rows in (slice(0, 2), slice(2, 8))]
    whole = np.average(vectors_by_hand(features, factors), axis=0, weights=weights.ravel())
    np.testing.assert_allclose(mean_of(parts, factors), whole, rtol=1e-4)
    np.testing.assert_allclose(mean_of([(features, weights.ravel())], factors), whole, rtol=1e-4)


def test_features_averaged_before_give_the_same_vectors():
    features = features_of(32, 24)
    factors = factors_of(features)
    averaged = {
        layer: on_grid(features[layer], cells) if cells > 1 else features[layer] for layer, (cells, _) in LAYERS.items()
    }
    places = np.arange(48)
    np.testing.assert_allclose(picked(averaged, factors, places), picked(features, factors, places), rtol=2e-3)


SEARCH = """
import sys; sys.path[:0] = ["src", "tests"]
import resource, numpy as np
from by_hand import CHANNELS, features_of, nearest_of
from style import matching, palette
keys, random, features = palette.Keys.__new__(palette.Keys), np.random.default_rng(0), features_of(512, 512)
keys.factors = matching.factors_of(features)
keys.basis = random.standard_normal((sum(CHANNELS.values()), 128), np.float32)
keys.compared = random.standard_normal((palette.SPREAD.keys, 128), np.float32)
keys.stride = 1
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
nearest_of(features_of(16, 16), keys)
before = peak()
nearest_of(features, keys)
print((peak() - before) / 1024)
"""


@pytest.mark.long
def test_the_search_takes_little_memory():
    """In a process of its own, whose peak it sets: 16,384 positions and 8,192 keys have cosines of 0.5 GB together."""
    done = in_a_shell("-c", SEARCH)
    assert done.returncode == 0 and float(done.stdout) < 300, done
