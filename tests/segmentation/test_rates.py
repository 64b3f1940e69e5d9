import keras
import numpy as np
import pytest

from segmentation.rates import OPTIMIZERS, optimizer_of


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_slow_weights_take_smaller_steps(name):
    keras.utils.set_random_seed(0)
    network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(1)])
    before = [weight.copy() for weight in network.get_weights()]
    steps = {}
    for share in (1.0, 0.1):
        network.set_weights(before)
        network.compile(optimizer_of(name, 0.01, network.layers[0].trainable_weights, share), "mse")
        network.train_on_batch(np.ones((2, 3), np.float32), np.ones((2, 1), np.float32))
        steps[share] = [after - old for after, old in zip(network.get_weights(), before, strict=True)]
    for place, (whole, part) in enumerate(zip(steps[1.0], steps[0.1], strict=True)):
        wanted = whole if place >= 2 else 0.1 * whole
        # AdamW's decay stays as it is.
        assert np.allclose(part, wanted, rtol=0.02, atol=5e-5) and np.abs(part).max() > 0
