import inspect

import keras
import numpy as np
import pytest

import train as script
from segmentation.losses import LOSSES
from segmentation.training import FigureF1, FigureIoU

RANDOM = np.random.default_rng(0)
MASKS = (RANDOM.random((2, 4, 5, 1)) > 0.6).astype(np.float32)
LOGITS = RANDOM.normal(0, 3, (2, 4, 5, 1)).astype(np.float32)
SURE = 1 / (1 + np.exp(-LOGITS.astype(np.float64)))

CROSS_ENTROPY = -np.mean(MASKS * np.log(SURE) + (1 - MASKS) * np.log(1 - SURE))
DICE = 1 - 2 * (MASKS * SURE).sum() / (MASKS.sum() + SURE.sum())
BY_HAND = {"cross_entropy": CROSS_ENTROPY, "dice": DICE, "both": CROSS_ENTROPY + DICE}


@pytest.mark.parametrize("name", LOSSES)
def test_losses_against_numpy(name):
    assert np.isclose(float(LOSSES[name](MASKS, LOGITS)), BY_HAND[name], rtol=1e-5)


@pytest.mark.parametrize("name", LOSSES)
def test_losses_prefer_the_truth_and_stand_extremes(name):
    right, wrong = (float(LOSSES[name](MASKS, sign * 200 * (MASKS - 0.5))) for sign in (1, -1))
    assert 0 <= right < 1e-3 < wrong < np.inf
    nothing = np.zeros_like(MASKS)
    assert float(LOSSES[name](nothing, nothing - 50)) < 1e-3 or name != "cross_entropy"
    assert np.isfinite(float(LOSSES[name](nothing, nothing - 50)))


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_by_finite_differences(name):
    """One step of plain gradient descent moves the logits by the gradient."""
    layer = keras.layers.Dense(1, use_bias=False)
    model = keras.Sequential([keras.Input((4, 5, 3)), layer])
    model.compile(keras.optimizers.SGD(1.0), LOSSES[name])
    inputs = RANDOM.normal(size=(2, 4, 5, 3)).astype(np.float32)
    kernel = np.float32([[0.3], [-0.2], [0.5]])
    layer.set_weights([kernel])
    model.train_on_batch(inputs, MASKS)
    gradient = kernel - layer.get_weights()[0]
    for place in range(3):
        step = np.zeros_like(kernel)
        step[place] = 1e-2
        above, below = (float(LOSSES[name](MASKS, inputs @ (kernel + sign * step))) for sign in (1, -1))
        assert np.isclose((above - below) / 2e-2, gradient[place, 0], rtol=1e-2, atol=1e-4)


def test_metrics_against_numpy():
    iou, f1 = FigureIoU(), FigureF1()
    for masks, logits in ((MASKS, LOGITS), (1 - MASKS, LOGITS)):
        for metric in (iou, f1):
            metric.update_state(masks, logits)
    true, found = np.concatenate([MASKS, 1 - MASKS]) > 0, np.concatenate([LOGITS, LOGITS]) >= 0
    both = (true & found).sum()
    assert np.isclose(float(iou.result()), both / (true | found).sum())
    assert np.isclose(float(f1.result()), 2 * both / (true.sum() + found.sum()))


def test_the_usage_knows_every_loss():
    assert set(script.OPTIONS["--loss"].names) == set(LOSSES)
    assert all(name in script.__doc__ for name in LOSSES)
    assert all(list(inspect.signature(loss).parameters) == ["masks", "logits"] for loss in LOSSES.values())
