"""The registry of segmentation networks: records, loading, and the weights of encoders."""

import shutil

import keras
import numpy as np
import pytest

from files.whole import read_json, write_json
from networks.saved import read_record, record_path, save_network
from segmentation.layouts import LAYOUTS
from segmentation.registry import ENCODERS, NETWORKS, build, describe, freeze_encoder, load_encoder, load_network
from segmentation.training import _network
from utils import UserError


def record_of(model):
    return read_record("--model", model, NETWORKS)


def test_the_file_is_a_whole_keras_model(trained):
    """Who has Keras alone can load it too, with its safe mode on."""
    assert keras.saving.load_model(trained, safe_mode=True).count_params() == load_network(trained)[0].count_params()


def test_the_record_says_what_training_builds():
    told = _network({"network": "unet", "size": 64, "base": 4}, LAYOUTS["people"])
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


# ---------------------------------------------------------------- encoders

MOST = [pytest.param(name, marks=pytest.mark.long) if name == "mobilenetv2_unet" else name for name in ENCODERS]
PREPARED = {  # as Keras documents it for each
    "fcn_vgg16": lambda picture: keras.applications.vgg16.preprocess_input(picture * 255),
    "mobilenetv2_unet": lambda picture: keras.applications.mobilenet_v2.preprocess_input(picture * 255),
}


@pytest.fixture(scope="module")
def learnt(tmp_path_factory):
    """{network: a file of random weights of its encoder, in Keras's own layout}."""
    keras.utils.set_random_seed(4)
    folder, files = tmp_path_factory.mktemp("encoders"), {}
    for name, encoder in ENCODERS.items():
        files[name] = folder / f"{name}.weights.h5"
        source = getattr(keras.applications, encoder.application)(weights=None, include_top=False)
        source.save_weights(files[name])
    return files


def small(name):
    return build(describe(name, size=64, base=2))


def picture():
    return np.random.default_rng(0).random((1, 64, 64, 3), np.float32)


def weights_of(network):
    """The weights of all layers up to the encoder's last."""
    inner = keras.Model(network.input, network.get_layer(ENCODERS[network.name].last).output)
    return [weight.copy() for weight in inner.get_weights()]


def same(some, others):
    return all(np.array_equal(one, other) for one, other in zip(some, others, strict=True))


@pytest.mark.parametrize("name", MOST)
def test_a_learnt_encoder_sees_what_it_sees_in_keras(name, learnt):
    network, (application, last, *_) = small(name), ENCODERS[name]
    load_encoder(network, learnt[name])
    theirs = getattr(keras.applications, application)(weights=learnt[name], include_top=False, input_shape=(64, 64, 3))
    wanted = keras.Model(theirs.input, theirs.get_layer(last).output)(PREPARED[name](picture()))
    found = keras.Model(network.input, network.get_layer(last).output)(picture())
    found, wanted = map(keras.ops.convert_to_numpy, (found, wanted))
    np.testing.assert_allclose(found, wanted, atol=1e-4 * np.abs(wanted).max())


@pytest.mark.parametrize("name", MOST)
def test_imagenet_is_what_keras_downloads(name, learnt, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "keras.src.utils.file_utils.get_file", lambda file, *_, **__: asked.append(file) or learnt[name]
    )
    downloaded, read = small(name), small(name)
    load_encoder(downloaded, "imagenet")
    load_encoder(read, str(learnt[name]))
    assert asked == [ENCODERS[name].file.format(side=96)] and same(weights_of(downloaded), weights_of(read))


@pytest.mark.parametrize("name", MOST)
def test_where_nothing_can_be_downloaded_the_remedies_are_told(name, monkeypatch):
    def offline(*_, **__):
        raise Exception("URL fetch failure on somewhere: None -- no route")  # as Keras does

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", offline)
    with pytest.raises(
        UserError, match=r"^--encoder_weights=imagenet: .*=<that file>, or --encoder_weights=none$"
    ) as error:
        load_encoder(small(name), "imagenet")
    assert ENCODERS[name].file.format(side=96) in str(error.value) and len(str(error.value)) < 290


@pytest.mark.parametrize("name", MOST)
@pytest.mark.parametrize("wrong", ["another encoder's", "a text", "a network of ours", "missing"])
def test_a_file_that_is_not_the_encoders_is_named(name, wrong, learnt, vgg_weights, trained, tmp_path):
    (tmp_path / "text.weights.h5").write_text("no weights")
    given = {"a text": tmp_path / "text.weights.h5", "a network of ours": trained, "missing": tmp_path / "gone.h5"}
    given["another encoder's"] = vgg_weights if name == "fcn_vgg16" else learnt["fcn_vgg16"]
    network = small(name)
    before = weights_of(network)
    with pytest.raises(
        UserError, match=rf"--encoder_weights=.*{given[wrong].name}.*{ENCODERS[name].application}"
    ) as error:
        load_encoder(network, given[wrong])
    assert "\n" not in str(error.value) and len(str(error.value)) < 290 and same(before, weights_of(network))


def test_an_encoder_that_is_published_frozen_trains_only_where_it_has_learnt_nothing(learnt):
    network = small("mobilenetv2_unet")
    published = len(network.trainable_weights)
    load_encoder(network, "none")
    assert len(network.trainable_weights) > published
    freeze_encoder(network, "imagenet")  # what a run that goes on says
    assert len(network.trainable_weights) == published
    load_encoder(network, "none")
    load_encoder(network, learnt["mobilenetv2_unet"])
    assert len(network.trainable_weights) == published


@pytest.mark.parametrize(
    ("name", "weights", "stays"),
    [
        ("mobilenetv2_unet", "file", True),
        pytest.param("mobilenetv2_unet", "none", False, marks=pytest.mark.long),
        ("fcn_vgg16", "file", False),
    ],
)
def test_a_step_of_training_leaves_a_frozen_encoder_as_it_is(name, weights, stays, learnt):
    """Also the statistics of its batch normalisations."""
    network = small(name)
    load_encoder(network, learnt[name] if weights == "file" else weights)
    before = weights_of(network)
    network.compile("adam", "mse", run_eagerly=keras.backend.backend() != "jax")
    network.train_on_batch(picture(), picture()[..., :1])
    assert same(before, weights_of(network)) == stays


@pytest.mark.long
def test_an_encoder_that_begins_without_weights_soon_knows_what_it_sees():
    """A tenth of a batch's means after one step; at ImageNet's pace a run of hundreds of steps would score nothing."""
    network = small("mobilenetv2_unet")
    load_encoder(network, "none")
    seen = keras.ops.mean(keras.Model(network.input, network.get_layer("Conv1").output)(picture()), axis=(0, 1, 2))
    network.compile("adam", "mse", run_eagerly=keras.backend.backend() != "jax")
    network.train_on_batch(picture(), picture()[..., :1])
    kept = network.get_layer("bn_Conv1").moving_mean
    assert np.allclose(kept, 0.1 * np.asarray(seen), atol=1e-5)


def test_a_network_without_an_encoder_that_keras_knows_takes_no_weights_for_it(learnt):
    network = small("unet")
    before = [weight.copy() for weight in network.get_weights()]
    for weights in ("imagenet", "none"):
        load_encoder(network, weights)
        freeze_encoder(network, weights)
        assert same(before, network.get_weights()) and len(network.trainable_weights) == len(before)
    with pytest.raises(UserError, match=r"--encoder_weights=.*fcn_vgg16.* --network=unet"):
        load_encoder(network, learnt["fcn_vgg16"])


WRONG_RECORDS = [
    {"class_names": 3},
    {"class_names": 3, "figure": ["person"]},
    {"class_names": [float("inf")]},
    {"class_names": ["one", "too many"]},
    {"class_names": []},
    {"figure": 1.5},
    {"figure": [["person"]]},
    {"figure": ["dog"]},
    {"data": []},
    {"data": {"held_back": "half"}},
    {"data": {"held_back": float("nan")}},
    {"data": {"layout": {"size": {}}}},
    {"data": {"layout": "helen"}},
    {"options": 3},
    {"network_options": {"size": 10**15, "base": 2, "classes": 1}},
    {"network_options": {"base": 2, "classes": 1}},
]


@pytest.mark.parametrize("wrong", WRONG_RECORDS, ids=range(len(WRONG_RECORDS)))
def test_a_record_that_fits_no_network_is_refused_by_what_is_wrong(trained, tmp_path, wrong):
    model = shutil.copy(trained, tmp_path / "a.keras")
    write_json(tmp_path / "a.json", read_json(trained.with_suffix(".json")) | wrong)
    with pytest.raises(UserError, match=r"--model=.*a\.json.*; copy"):
        load_network(model)


@pytest.mark.parametrize(("weights", "words"), [("imagenet", "name its .npz file, or none"), ("/gone.npz", "does not")])
def test_weights_that_deeplab_cannot_begin_with_are_named(weights, words):
    network = build(describe("deeplab", size=33))
    with pytest.raises(UserError, match=rf"--encoder_weights={weights} .*{words}"):
        load_encoder(network, weights)
    before = [weight.copy() for weight in network.get_weights()]
    load_encoder(network, "none")
    assert same(before, network.get_weights())
