"""The registry of segmentation networks: what records say of them, what is read from disk."""

import keras
import pytest

from saved import read_record, record_path, save_network
from segmentation.networks import NETWORKS, build, describe, load_network
from segmentation.training import _network
from utils import UserError, write_json


def record_of(model):
    return read_record("--model", model, NETWORKS)


def test_the_file_is_a_whole_keras_model(trained):
    """Who has Keras alone can load it too, with its safe mode on."""
    assert keras.saving.load_model(trained, safe_mode=True).count_params() == load_network(trained)[0].count_params()


def test_the_record_says_what_training_builds():
    told = _network({"network": "unet", "size": 64, "base": 4})
    assert build(told).input_shape == (None, 64, 64, 3) and told["network_options"]["classes"] == 1


def test_a_network_is_described_by_the_options_that_it_has():
    assert describe("fcn_vgg16", size=50, base=4)["network_options"] == {"size": 50}
    assert describe("unet", size=64, base=None)["network_options"] == {"size": 64, "base": 32}
    assert describe("unet_large", base=None)["network_options"] == {"base": 64}


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
