"""Networks of VGG19's architecture with any number of channels."""

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from networks.vgg import PLAN, thin, thin_vgg, vgg
from style.features import LAYERS


def weights_of(plan, last):
    """The parameters of all convolutions up to a (block, number), counted by hand."""
    total, before = 0, 3
    for block, (channels, count) in enumerate(plan, 1):
        for number in range(1, count + 1):
            total += 9 * before * channels + channels
            before = channels
            if (block, number) == last:
                return total
    return total


def test_vgg19_ends_with_the_last_layer_asked_for():
    assert vgg(["block2_conv2"]).count_params() == weights_of(PLAN, (2, 2)) == 260_160
    assert vgg(LAYERS).count_params() == weights_of(PLAN, (5, 1))


@pytest.mark.parametrize("widths", [(2, 3, 4, 5, 6), (16, 32, 64, 128, 256)])
def test_a_thin_network_has_the_plan_and_its_own_widths(widths):
    plan = [(width, count) for width, (_, count) in zip(widths, PLAN, strict=True)]
    assert thin_vgg(widths, LAYERS).count_params() == weights_of(plan, (5, 1))
    squares = sum(width**2 for width in (*widths, widths[3]))
    assert thin(widths, LAYERS).count_params() == weights_of(plan, (5, 1)) + squares


def test_layers_halve_from_block_to_block_and_any_size_goes_in():
    network = thin_vgg((2, 2, 2, 2, 2), LAYERS)
    for height, width in ((32, 48), (45, 77)):
        found = network(np.zeros((1, height, width, 3), np.float32))
        assert found["block1_conv1"].shape[1:3] == (height, width)
        assert found["block4_conv2"].shape[1:3] == (height // 8, width // 8)
        assert found["block5_conv1"].shape[1:3] == (height // 16, width // 16)


def test_features_in_their_space_are_linear_in_those_before():
    keras.utils.set_random_seed(1)
    network = thin((4, 4, 4, 4, 4), ["block1_conv1"])
    picture = np.random.default_rng(0).random((1, 16, 16, 3), np.float32)
    before = convert_to_numpy(keras.Model(network.input, network.get_layer("block1_conv1").output)(picture))
    wanted = before @ convert_to_numpy(network.get_layer("block1_conv1_space").kernel)
    found = convert_to_numpy(network(picture)["block1_conv1"])
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)
    assert before.min() == 0 > wanted.min()
