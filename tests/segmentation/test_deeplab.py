import numpy as np
import pytest
from keras import Input, Model, ops

from segmentation.deeplab import _double, deeplab
from segmentation.registry import load_encoder
from shell import SHARED, needs_shared

WEIGHTS = SHARED / "weights/deeplabv3_mobilenetv2_voc_folded.npz"


def test_doubling_keeps_the_corners_and_is_linear_between_them():
    inside = Input((5, 4, 2))
    x = np.random.default_rng(0).random((1, 5, 4, 2), np.float32)
    found = ops.convert_to_numpy(Model(inside, _double(inside, "double", "float32"))(x))[0]
    rows, columns = np.arange(9) / 2, np.arange(7) / 2
    for channel in range(2):
        by_rows = np.stack([np.interp(rows, range(5), column) for column in x[0, ..., channel].T], axis=1)
        wanted = np.stack([np.interp(columns, range(4), row) for row in by_rows])
        np.testing.assert_allclose(found[..., channel], wanted, atol=1e-6)


@needs_shared
def test_the_published_weights_without_a_trained_decoder_are_the_published_network():
    """The logits at a sixteenth of the size, enlarged with aligned corners, and nothing added to them."""
    network = deeplab(65, classes=21)
    load_encoder(network, WEIGHTS)
    picture = np.random.default_rng(0).random((1, 65, 65, 3), np.float32)
    small, whole = Model(network.input, [network.get_layer("logits").output, network.output])(picture)
    assert small.shape == (1, 5, 5, 21)
    np.testing.assert_allclose(
        ops.convert_to_numpy(whole)[:, ::16, ::16], ops.convert_to_numpy(small), rtol=1e-4, atol=1e-4
    )


@needs_shared
def test_weights_for_other_classes_fill_all_but_the_last_layer():
    network = deeplab(33, classes=2)
    before = network.get_layer("logits").get_weights()[0].copy()
    load_encoder(network, WEIGHTS)
    assert (network.get_layer("logits").get_weights()[0] == before).all()
    assert (network.get_layer("Conv").get_weights()[0] == np.load(WEIGHTS)["Conv/kernel"]).all()


@pytest.mark.parametrize("size", [33, 50])
def test_features_meet_at_every_size(size):
    network = deeplab(size, classes=2)
    assert network.output_shape == (None, size, size, 2)
    side = 1 + -(-(size - 1) // 16) * 16
    sides = [network.get_layer(f"decoder_{block}_join").output.shape[1] for block in (5, 2, 0)]
    assert sides == [1 + (side - 1) // 8, 1 + (side - 1) // 4, 1 + (side - 1) // 2]
