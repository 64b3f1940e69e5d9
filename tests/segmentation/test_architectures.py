"""The same tests for every segmentation network."""

from functools import cache
from itertools import pairwise

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

import train
from files.whole import read_json
from networks.saved import save_network
from segmentation.registry import NETWORKS, build, describe, load_network


def convolutions(*channels):
    """The parameters of 3x3 convolutions from each number of channels to the next, counted by hand."""
    return sum(9 * one * other + other for one, other in pairwise(channels))


# Down: VGG19's plan up to block5_conv1, and one step deeper; up: four steps that join what came down; the scores.
THIN_UNET = convolutions(3, 16, 16, 32, 32, 64, 64, 64, 64, 128, 128, 128, 128, 256, 256, 256)
THIN_UNET += convolutions(256 + 256, 128, 128) + convolutions(128 + 128, 96, 96)
THIN_UNET += convolutions(96 + 64, 64, 64) + convolutions(64 + 32, 32, 32) + 33
# DeepLab's own numbers with 21 classes; the 256 channels of its head to 64; three steps that join features of the
# trunk; the scores.
DEEPLAB = 2_097_013 + 256 * 64 + 64
DEEPLAB += convolutions(64 + 32, 48, 48) + convolutions(48 + 24, 32, 32) + convolutions(32 + 16, 16, 16) + 17 * 21
COUNTS = [  # in all, and of which train
    ("unet", {}, 8_639_745, 8_639_745),
    ("unet", {"base": 16}, 2_161_025, 2_161_025),
    ("thin_unet", {}, THIN_UNET, THIN_UNET),
    ("unet_large", {"classes": 151}, 34_523_095, 34_523_095),
    ("fcn_vgg16", {"classes": 151}, 22_269_973, 22_269_973),
    ("mobilenetv2_unet", {"classes": 3}, 6_504_227, 4_660_323),
    ("conv_deconv", {"classes": 3}, 62_243, 62_243),
    ("deeplab", {"classes": 21}, DEEPLAB, DEEPLAB),
]
DEEP = "mobilenetv2_unet"  # takes longer to build than the others together
MOST = [pytest.param(name, marks=pytest.mark.long) if name == DEEP else name for name in NETWORKS]
ODD = 51  # px, which fits no network


@pytest.fixture(autouse=True)
def narrow(monkeypatch, request):
    """Make VGG16 narrow where parameters are not counted: it is fast."""
    if "parameters" not in request.fixturenames:
        monkeypatch.setattr("networks.vgg.PLAN16", ((2, 2), (4, 2), (4, 3), (8, 3), (8, 3)))


def record_of(name, size=32):
    return describe(name, size=size, base=2, classes=3) | {"class_names": ["one", "two", "three"]}


@cache
def small(name, size=32, dtype="float32"):
    """A small network of random weights; for whoever does not change it."""
    keras.utils.set_random_seed(1)
    return build(record_of(name, size), dtype)


def batch(size=32, channels=3):
    return np.random.default_rng(0).random((2, size, size, channels), np.float32)


def names(network):
    return [layer.name for layer in network.layers]


def test_these_are_the_networks_that_the_script_takes_and_that_are_counted():
    assert set(NETWORKS) == set(train.OPTIONS["--network"].names) == {name for name, *_ in COUNTS}


@pytest.mark.parametrize(("name", "options", "parameters", "learning"), COUNTS)
def test_parameters_are_counted_exactly(name, options, parameters, learning):
    network = NETWORKS[name](size=320, **options)
    assert network.count_params() == parameters
    assert sum(weight.numpy().size for weight in network.trainable_weights) == learning


@pytest.mark.parametrize("name", MOST)
@pytest.mark.parametrize("size", [32, ODD])
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_a_network_returns_logits_of_the_size_of_its_pictures(name, size, dtype):
    network = small(name, size, dtype)
    logits = network(batch(size))
    values = convert_to_numpy(logits)
    assert network.name == name and network.output_shape == (None, size, size, 3)
    assert logits.shape == (2, size, size, 3) and keras.backend.standardize_dtype(logits.dtype) == "float32"
    assert values.min() < 0 < values.max()  # no activation has clipped them


@pytest.mark.parametrize("name", MOST)
def test_in_bfloat16_it_computes_in_it_keeps_its_weights_exact_and_stays_close(name):
    exact, rounded = small(name), small(name, dtype="mixed_bfloat16")
    assert keras.config.dtype_policy().name == "float32"  # as it was before
    assert {weight.dtype for weight in rounded.weights} == {"float32"}
    layers = [layer for layer in rounded.layers if layer.weights and not layer.name.startswith("logits")]
    assert {layer.compute_dtype for layer in layers} == {"bfloat16"}
    one, other = convert_to_numpy(exact(batch())), convert_to_numpy(rounded(batch()))
    assert 0 < np.abs(one - other).mean() < 0.1 * np.abs(one).mean()


@pytest.mark.parametrize("name", MOST)
def test_a_size_that_does_not_fit_is_padded_with_black_and_cropped_again(name):
    odd = small(name, ODD)
    side = odd.get_layer("pad").output.shape[1]
    whole = build(record_of(name, side))
    whole.set_weights(odd.get_weights())
    black = ((0, 0), (0, side - ODD), (0, side - ODD), (0, 0))
    found, wanted = convert_to_numpy(odd(batch(ODD))), convert_to_numpy(whole(np.pad(batch(ODD), black)))
    np.testing.assert_allclose(found, wanted[:, :ODD, :ODD], atol=1e-5 * np.abs(found).max())
    assert names(whole) == [layer for layer in names(odd) if layer not in ("pad", "crop")]


@pytest.mark.parametrize("name", MOST)
def test_its_layers_have_the_same_names_each_time(name):
    assert names(build(record_of(name))) == names(small(name))


@pytest.mark.parametrize("name", NETWORKS)
def test_one_step_changes_every_weight_that_learns_and_no_other(name):
    keras.utils.set_random_seed(1)
    network = build(record_of(name))
    learns = {weight.path for weight in network.trainable_weights}
    learns |= {weight.path for layer in network.layers if layer.trainable for weight in layer.weights}  # statistics
    before = [weight.copy() for weight in network.get_weights()]
    network.compile("adam", "mse", run_eagerly=keras.backend.backend() != "jax")
    network.train_on_batch(batch(), batch() + 1)
    changed = [(old != new).any() for old, new in zip(before, network.get_weights(), strict=True)]
    learnt = [change for change, weight in zip(changed, network.weights, strict=True) if weight.path in learns]
    # A ReLU of two filters may be dead from the start; most must move, the last certainly.
    assert np.mean(learnt) > 0.6 and changed[-1] and sum(changed) == sum(learnt)


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize("name", MOST)
def test_saved_and_loaded_is_the_same(tmp_path, name, ending):
    network, target = small(name), tmp_path / f"a{ending}"
    save_network(target, network, record_of(name))
    loaded, told = load_network(target)
    assert told == record_of(name) == read_json(tmp_path / "a.json")
    assert (convert_to_numpy(network(batch())) == convert_to_numpy(loaded(batch()))).all()
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted([f"a{ending}", "a.json"])
    plain = keras.saving.load_model(target, compile=False, safe_mode=True)  # who has Keras alone can use it too
    assert (convert_to_numpy(network(batch())) == convert_to_numpy(plain(batch()))).all()


@pytest.mark.parametrize("name", MOST)
def test_half_of_the_bytes_on_disk_are_enough(tmp_path, name):
    """Also for the statistics of batch normalisations: training writes every network in float16."""
    exact, halved = small(name, ODD), build(record_of(name, ODD), "float16")
    halved.set_weights([np.float16(weight) for weight in exact.get_weights()])
    save_network(tmp_path / "a.keras", halved, record_of(name, ODD))
    loaded, _ = load_network(tmp_path / "a.keras")
    assert {weight.dtype for weight in loaded.weights} == {"float32"}
    assert all(np.isfinite(weight).all() for weight in loaded.get_weights())
    one, other = convert_to_numpy(exact(batch(ODD))), convert_to_numpy(loaded(batch(ODD)))
    assert np.abs(one - other).mean() < 0.02 * np.abs(one).mean()
