from itertools import pairwise

import keras
import numpy as np
import pytest

from saved import read_record, record_path, save_network
from segmentation.networks import NETWORKS, build, load_network
from segmentation.training import _network
from utils import UserError, read_json, write_json


def record_of(model):
    return read_record("--model", model, NETWORKS)


def convolutions(*channels):
    """The parameters of 3x3 convolutions from each number of channels to the next, counted by hand."""
    return sum(9 * one * other + other for one, other in pairwise(channels))


# Down: VGG19's plan up to block5_conv1, and one step deeper; up: four steps that join what came down; the scores.
THIN_UNET = convolutions(3, 16, 16, 32, 32, 64, 64, 64, 64, 128, 128, 128, 128, 256, 256, 256)
THIN_UNET += convolutions(256 + 256, 128, 128) + convolutions(128 + 128, 96, 96)
THIN_UNET += convolutions(96 + 64, 64, 64) + convolutions(64 + 32, 32, 32) + 33
COUNTS = [("unet", {"base": 32, "classes": 1}, 8_639_745), ("unet", {"base": 16, "classes": 1}, 2_161_025)]
COUNTS += [("thin_unet", {"base": 16, "classes": 1}, THIN_UNET)]


@pytest.mark.parametrize(("name", "options", "parameters"), COUNTS)
def test_parameters_are_counted_exactly(name, options, parameters):
    assert NETWORKS[name](size=320, **options).count_params() == parameters


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("size", [32, 49])
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_a_network_returns_logits_of_the_size_of_its_pictures(name, size, dtype):
    keras.utils.set_random_seed(1)
    network = NETWORKS[name](size=size, classes=3, base=4, dtype=dtype)
    logits = network(np.random.default_rng(0).random((2, size, size, 3), np.float32))
    assert logits.shape == (2, size, size, 3) and keras.backend.standardize_dtype(logits.dtype) == "float32"
    assert np.min(logits) < 0 < np.max(logits)  # no activation has clipped them


@pytest.mark.parametrize("name", NETWORKS)
def test_one_step_changes_every_weight_that_learns(name):
    network = NETWORKS[name](size=32, base=2)
    network.compile("adam", "mse")
    before = [weight.copy() for weight in network.get_weights()]
    batch = np.random.default_rng(0).random((2, 32, 32, 3), np.float32)
    network.train_on_batch(batch, batch[..., :1] + 1)
    changed = [(old != new).any() for old, new in zip(before, network.get_weights(), strict=True)]
    # A ReLU of two filters may be dead from the start; most must move, the last certainly.
    assert np.mean(changed) > 0.6 and changed[-1]


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize("name", NETWORKS)
def test_saved_and_loaded_is_the_same(tmp_path, name, ending):
    record = {"network": name, "network_options": {"size": 32, "base": 2, "classes": 1}, "class_names": ["person"]}
    network = build(record)
    save_network(tmp_path / f"a{ending}", network, record)
    loaded, told = load_network(tmp_path / f"a{ending}")
    assert told == record == read_json(tmp_path / "a.json")
    batch = np.random.default_rng(0).random((2, 32, 32, 3), np.float32)
    assert (np.asarray(network(batch)) == np.asarray(loaded(batch))).all()
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted([f"a{ending}", "a.json"])


def test_the_file_is_a_whole_keras_model(trained):
    """Who has Keras alone can load it too, with its safe mode on."""
    assert keras.saving.load_model(trained, safe_mode=True).count_params() == load_network(trained)[0].count_params()


def test_the_record_says_what_training_builds():
    told = _network({"network": "unet", "size": 64, "base": 4})
    assert build(told).input_shape == (None, 64, 64, 3) and told["network_options"]["classes"] == 1


def spoil(model, how):
    if how == "missing":
        model.unlink()
    elif how == "truncated":
        model.write_bytes(model.read_bytes()[:5000])
    elif how == "empty":
        model.write_bytes(b"")
    elif how == "no record":
        record_path(model).unlink()
    elif how == "broken record":
        record_path(model).write_text("{")
    elif how == "a list for a record":
        record_path(model).write_text("[]")
    elif how == "another network":
        write_json(record_path(model), record_of(model) | {"network": "transformer"})
    elif how == "another width":
        write_json(record_path(model), record_of(model) | {"network_options": {"size": 32, "base": 3, "classes": 1}})
    elif how == "strange options":
        write_json(record_path(model), record_of(model) | {"network_options": {"size": 32, "depth": 3}})


SPOILED = (
    "missing|truncated|empty|no record|broken record|a list for a record|another network|another width|strange options"
)


@pytest.mark.parametrize("how", SPOILED.split("|"))
@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_a_network_that_cannot_be_used_is_named_in_one_line(tmp_path, how, ending):
    record = {"network": "unet", "network_options": {"size": 32, "base": 2, "classes": 1}}
    model = tmp_path / f"mine{ending}"
    save_network(model, build(record), record)
    spoil(model, how)
    with pytest.raises(UserError, match=r"--model=.*mine") as caught:
        load_network(model)
    assert "\n" not in str(caught.value) and len(str(caught.value)) <= 300
