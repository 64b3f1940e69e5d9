"""The networks that judge paintings: size, preprocessing, weights, and messages."""

import keras
import numpy as np
import pytest

from style.features import CONTENT_LAYER, NETWORKS, STYLE_LAYERS, vgg19
from utils import UserError


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_gives_features_of_all_layers_and_is_frozen(name, vgg_weights):
    network = NETWORKS[name](vgg_weights if name == "vgg19" else None)
    features = network(np.zeros((1, 40, 64, 3), np.float32))
    assert set(features) == {*STYLE_LAYERS, CONTENT_LAYER}
    assert network.trainable_weights == [] and network.trainable_variables == []
    assert features["block5_conv1"].shape[1:3] == (2, 4)


def test_vgg19_has_the_parameters_up_to_the_last_layer_needed(vgg_weights):
    whole = 20_024_384
    assert vgg19(vgg_weights).count_params() == whole - 3 * (512 * 512 * 9 + 512)


def test_features_are_those_of_keras(vgg_weights):
    picture = np.random.default_rng(0).random((1, 48, 48, 3), np.float32)
    theirs = keras.applications.VGG19(weights=vgg_weights, include_top=False)
    layer = keras.Model(theirs.inputs, theirs.get_layer("block5_conv1").output)
    wanted = layer(keras.applications.vgg19.preprocess_input(picture * 255))
    found, wanted = map(keras.ops.convert_to_numpy, (vgg19(vgg_weights)(picture)["block5_conv1"], wanted))
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)


def test_bfloat16_computes_in_it_and_stays_close(vgg_weights):
    picture = np.random.default_rng(0).random((1, 64, 64, 3), np.float32)
    exact, rounded = vgg19(vgg_weights)(picture), vgg19(vgg_weights, "bfloat16")(picture)
    for layer in exact:
        one, other = np.array(exact[layer]), np.array(keras.ops.cast(rounded[layer], "float32"))
        assert keras.backend.standardize_dtype(rounded[layer].dtype) == "bfloat16"
        assert 0 < np.abs(one - other).mean() < 0.02 * np.abs(one).mean()


def test_a_file_that_holds_other_weights_is_named(tmp_path):
    other = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    other.save_weights(tmp_path / "other.weights.h5")
    (tmp_path / "text.weights.h5").write_text("no weights")
    for name in ("other.weights.h5", "text.weights.h5", "missing.weights.h5"):
        with pytest.raises(UserError, match=f"--vgg_weights=.*{name}") as error:
            vgg19(tmp_path / name)
        assert "\n" not in str(error.value) and len(str(error.value)) < 280


def test_where_nothing_can_be_downloaded_the_remedy_is_told(monkeypatch):
    def offline(*_, **__):
        raise Exception("URL fetch failure on somewhere: None -- no route")  # as Keras does

    monkeypatch.setattr("keras.src.utils.file_utils.urlretrieve", offline)
    monkeypatch.setattr("keras.src.applications.vgg19.file_utils.get_file", offline)
    with pytest.raises(UserError, match=r"--vgg_weights=") as error:
        vgg19()
    assert "\n" not in str(error.value) and len(str(error.value)) < 280
