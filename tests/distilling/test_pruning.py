"""Pruning: the chosen channels, the compensation for the others, and how much of VGG19 is left."""

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from distilling.pruning import affine, most_informative, prune
from networks.vgg import Preprocessing, encoder, thin_vgg
from style.features import LAYERS

PLAN = ((6, 2), (8, 2), (8, 4), (10, 4), (10, 4))


def network():
    keras.utils.set_random_seed(6)
    return encoder(PLAN, LAYERS, Preprocessing(dtype="float32"))


def pictures():
    return np.random.default_rng(0).random((4, 64, 64, 3), np.float32)


def test_the_channels_that_tell_the_others_are_kept():
    random = np.random.default_rng(0)
    first, second = random.normal(size=(2, 1000))
    values = np.stack([0.01 * random.normal(size=1000), first, 2 * first, second, -second, first + second], axis=1)
    chosen = most_informative(values, 2)
    rest = values - values[:, chosen] @ np.linalg.lstsq(values[:, chosen], values, rcond=None)[0]
    assert len(set(chosen)) == 2 and np.sum(rest**2) < 0.001 * np.sum(values**2)


def test_no_channel_is_kept_twice_even_where_all_are_told():
    values = np.outer(np.arange(10.0), [1, 2, 3, 0])
    assert sorted(most_informative(values, 4)) == [0, 1, 2, 3]


def test_an_affine_map_is_found_again():
    random = np.random.default_rng(1)
    values, factors, rest = random.normal(size=(500, 3)) + 2, random.normal(size=(3, 5)), random.normal(size=5)
    found = affine(values, values @ factors + rest)
    np.testing.assert_allclose(found[0], factors, atol=1e-3)
    np.testing.assert_allclose(found[1], rest, atol=5e-3)


def test_with_all_channels_left_it_is_the_master():
    master, apprentice = network(), thin_vgg([width for width, _ in PLAN], LAYERS)
    prune(apprentice, master, pictures())
    found, wanted = apprentice(pictures()), master(pictures())
    for layer in ("block1_conv1", "block2_conv1"):  # deeper, the seam at the borders has spread
        inner = np.s_[:, 8:-8, 8:-8] if layer == "block1_conv1" else np.s_[:, 6:-6, 6:-6]
        one, other = (convert_to_numpy(x[layer])[inner].reshape(-1, x[layer].shape[-1]) for x in (found, wanted))
        factors, rest = affine(one.astype(np.float64), other.astype(np.float64))
        assert np.mean((one @ factors + rest - other) ** 2) < 1e-3 * np.mean(other**2)


def test_a_pruned_network_sees_more_like_the_master_than_a_random_one():
    errors = {}
    for kind in ("random", "pruned"):
        master, apprentice = network(), thin_vgg((4, 5, 5, 6, 6), LAYERS)
        if kind == "pruned":
            prune(apprentice, master, pictures())
        found, wanted = (model(pictures())["block3_conv1"] for model in (apprentice, master))
        one, other = (np.float64(convert_to_numpy(x)).reshape(-1, x.shape[-1]) for x in (found, wanted))
        factors, rest = affine(one, other)
        errors[kind] = np.mean((one @ factors + rest - other) ** 2)
        sizes = np.sqrt(np.mean(one**2, axis=0))
        assert kind == "random" or np.all((sizes > 0.7) & (sizes < 1.4) | (sizes < 1e-6))
    assert errors["pruned"] < 0.7 * errors["random"]


@pytest.mark.parametrize("count", [1, 6])
def test_as_many_channels_are_kept_as_asked_for(count):
    assert len(most_informative(np.random.default_rng(0).normal(size=(50, 6)), count)) == count
