"""The search for neighbours against brute force in NumPy."""

import numpy as np
import pytest
from keras import ops

from by_hand import vectors_by_hand
from conftest import in_a_shell
from style import matching
from style.matching import LAYERS, Keys, assign, components, factors_of, gather, nearest, pad, picked

CHANNELS = {layer: 3 + number for number, layer in enumerate(LAYERS)}


def step_of(layer):
    """The side, in pixels, of a cell of a layer."""
    return int(4 / LAYERS[layer][0])


def features_of(height, width, seed=0):
    """Random features of a picture of height x width px."""
    random, found = np.random.default_rng(seed), {}
    for layer, channels in CHANNELS.items():
        step = step_of(layer)
        found[layer] = ops.convert_to_tensor(random.random((1, height // step, width // step, channels), np.float32))
    return found


def see(picture):
    """Stand in for a network: the features of a cell depend only on the pixels inside it."""
    height, width = (-(-length // 8) * 8 for length in picture.shape[:2])
    padded = np.pad(picture, [(0, height - picture.shape[0]), (0, width - picture.shape[1]), (0, 0)], mode="symmetric")
    found = {}
    for number, (layer, channels) in enumerate(CHANNELS.items()):
        step = step_of(layer)
        cells = padded.reshape(height // step, step, width // step, step, 3)
        left, upper = cells[:, :, :, : (step + 1) // 2], cells[:, : (step + 1) // 2]
        small = np.concatenate([part.mean(axis=(1, 3)) for part in (cells, left, upper)], axis=-1)
        mixed = np.random.default_rng(number).standard_normal((9, channels), np.float32)
        found[layer] = ops.convert_to_tensor(np.maximum(small @ mixed, 0)[None].astype(np.float32))
    return found


def keys_from(style, part=None, factors=None, **own):
    features = see(style)
    return Keys(see, features, style, part, factors or factors_of(features), **own)


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


def keys_of(features, factors, count):
    """Keys with the positions of some features, compared by `count` components."""
    keys = Keys.__new__(Keys)
    keys.factors, vectors = factors, vectors_by_hand(features, factors)
    keys.basis = components(vectors, count)
    compared = vectors @ keys.basis
    keys.compared = np.asarray(matching.unit(compared - compared.mean(axis=0)))
    return keys


@pytest.mark.parametrize(("photo", "style"), [((32, 24), (16, 16)), ((16, 16), (40, 48)), ((8, 8), (16, 16))])
@pytest.mark.parametrize("piece", [1000, 2**23])
def test_with_all_components_the_nearest_are_those_by_hand(monkeypatch, photo, style, piece):
    monkeypatch.setattr(matching, "PIECE", piece)
    one, other = features_of(*photo, seed=1), features_of(*style, seed=2)
    factors = factors_of(other)
    places, cosines = nearest(one, keys_of(other, factors, 10_000))
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
    places, _ = nearest(see(style), keys)
    np.testing.assert_array_equal(keys.vectors[places], keys.vectors)


def test_a_single_position_has_a_neighbour():
    keys = keys_from(np.random.default_rng(0).random((8, 8, 3), np.float32))
    places, cosines = nearest(see(np.random.default_rng(1).random((8, 8, 3), np.float32)), keys)
    assert len(places) == 4 and np.isfinite(cosines).all() and (places < len(keys.vectors)).all()


def test_every_position_of_a_style_finds_itself_or_its_twin():
    style = np.random.default_rng(0).random((40, 48, 3), np.float32)
    keys = keys_from(style, turns=False)
    places, cosines = nearest(see(style), keys)
    assert (places == np.arange(len(places))).mean() > 0.99 and cosines.min() > 0.999


def test_turned_copies_are_more_keys_and_are_found():
    style = np.random.default_rng(0).random((24, 32, 3), np.float32)
    upright, turned = keys_from(style, turns=False), keys_from(style, turns=True)
    assert len(turned.vectors) == 4 * len(upright.vectors)
    photo = see(np.ascontiguousarray(np.rot90(style)))
    assert nearest(photo, turned)[1].mean() > 0.98 > nearest(photo, upright)[1].mean()


@pytest.mark.parametrize("most", [10, 100])
def test_of_a_large_style_every_nth_position_is_compared(most):
    keys = keys_from(np.random.default_rng(0).random((64, 96, 3), np.float32), most=most)
    assert most / 2 <= len(keys.vectors) <= most + 4 and len(keys.compared) == len(keys.vectors)


def test_outside_the_part_of_a_style_nothing_is_taken_and_nothing_matters():
    style, part = np.random.default_rng(0).random((32, 32, 3), np.float32), np.zeros((32, 32), np.float32)
    part[:16, 16:] = 1
    keys = keys_from(style, part)
    assert len(keys.vectors) == 4 * 16
    other = np.where(part[..., None], style, 0.5)
    np.testing.assert_array_equal(keys_from(other, part, keys.factors).vectors, keys.vectors)


def test_a_part_that_covers_no_middle_of_a_cell_still_gives_keys():
    part = np.zeros((32, 32), np.float32)
    part[8:12, 8:12] = 0.2
    assert len(keys_from(np.random.default_rng(0).random((32, 32, 3), np.float32), part, turns=False).vectors) == 1


def test_positions_without_weight_do_not_move_the_mean():
    one, style = features_of(16, 16, 1), features_of(16, 24, 2)
    weights = np.zeros(16, np.float32)
    weights[:8] = 1
    other = {
        layer: ops.concatenate([values[:, : values.shape[1] // 2], 9 * values[:, values.shape[1] // 2 :]], axis=1)
        for layer, values in one.items()
    }
    keys = keys_of(style, factors_of(style), 10_000)
    for first, second in zip(nearest(one, keys, weights), nearest(other, keys, weights), strict=True):
        np.testing.assert_array_equal(first[:8], second[:8])


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


def test_what_is_gathered_are_the_chosen_vectors_with_the_length_one():
    photo, style = (np.random.default_rng(seed).random((16, 24, 3), np.float32) for seed in (1, 2))
    keys = keys_from(style)
    places, _ = nearest(see(photo), keys)
    whole = np.float32(gather([keys], [places], np.zeros(len(places), int)))
    vectors = np.float32(keys.vectors[places])
    np.testing.assert_allclose(whole, vectors / np.linalg.norm(vectors, axis=1, keepdims=True), atol=2e-3)


SEARCH = """
import sys; sys.path[:0] = ["src", "tests/style", "tests"]
import resource, numpy as np
from conftest import in_a_shell
from style import matching
from test_matching import features_of, Keys, CHANNELS
keys, random, features = Keys.__new__(Keys), np.random.default_rng(0), features_of(512, 512)
keys.factors = matching.factors_of(features)
keys.basis = random.standard_normal((sum(CHANNELS.values()), 128), np.float32)
keys.compared = random.standard_normal((matching.MOST_KEYS, 128), np.float32)
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
matching.nearest(features_of(16, 16), keys)
before = peak()
matching.nearest(features, keys)
print((peak() - before) / 1024)
"""


@pytest.mark.long
def test_the_search_takes_little_memory():
    """In a process of its own, whose peak it sets: 16,384 positions and 8,192 keys have cosines of 0.5 GB together."""
    done = in_a_shell("-c", SEARCH)
    assert done.returncode == 0 and float(done.stdout) < 300, done
