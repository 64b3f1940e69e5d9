"""The canvas: the pyramid loses nothing, and training changes nothing else."""

import keras
import numpy as np
import pytest

from style.canvas import Canvas, join, level_sizes, split
from style.features import CONTENT_LAYER, STYLE_LAYERS
from style.objective import Statistics


def drawn(*shape):
    return np.random.default_rng(1).random(shape, np.float32)


@pytest.mark.parametrize("size", [(64, 64), (33, 70), (16, 300), (9, 9)])
def test_a_picture_survives_the_pyramid(size):
    picture = drawn(1, *size, 3)
    levels = split(picture)
    assert [tuple(level.shape[1:3]) for level in levels] == level_sizes(*size)
    np.testing.assert_allclose(join(levels), picture, atol=1e-6)


def test_levels_halve_down_to_a_few_pixels():
    assert level_sizes(64, 100) == [(64, 100), (32, 50), (16, 25), (8, 13)]
    assert level_sizes(15, 400) == [(15, 400)]


@pytest.fixture
def canvas(thin):
    objective, picture = Statistics(), drawn(1, 32, 48, 3)
    network = thin()
    features = network(picture)
    target = {
        "content": features[CONTENT_LAYER],
        "style": objective.style_of(network(1 - picture)),
        "weights": {layer: np.ones((1, *features[layer].shape[1:3], 1), np.float32) for layer in STYLE_LAYERS},
    }
    return Canvas(picture, network, objective, target)


def test_only_the_canvas_trains(canvas):
    canvas.compile(keras.optimizers.Adam(0.01))
    assert [tuple(w.shape[1:3]) for w in canvas.trainable_weights] == level_sizes(32, 48)
    fixed = [weight.numpy() for weight in canvas.network.weights]
    target = [np.array(values) for values in keras.tree.flatten(canvas.target)]
    before = canvas.picture()
    canvas.fit(np.zeros((3, 1)), batch_size=1, verbose=0)
    assert np.abs(canvas.picture() - before).mean() > 0.001
    for weight, was in zip(canvas.network.weights, fixed, strict=True):
        np.testing.assert_array_equal(weight, was)
    for values, was in zip(keras.tree.flatten(canvas.target), target, strict=True):
        np.testing.assert_array_equal(values, was)


def test_what_is_shown_stays_in_range_and_can_come_back(canvas):
    canvas.levels[-1].assign(canvas.levels[-1] + 5)
    assert canvas.picture().max() <= 1
    canvas.compile(keras.optimizers.Adam(0.5))
    canvas.fit(np.zeros((40, 1)), batch_size=1, verbose=0)
    assert canvas.picture().min() < 0.9


def test_the_log_tells_of_the_last_step_and_no_mean(canvas):
    canvas.compile(keras.optimizers.Adam(0.003))
    steps = []
    watch = keras.callbacks.LambdaCallback(on_train_batch_end=lambda _, logs: steps.append(dict(logs)))
    canvas.fit(np.zeros((4, 1)), batch_size=1, verbose=0, callbacks=[watch])
    assert set(steps[0]) == {"loss", "content", "style"}
    found = float(canvas.compute_loss(y_pred=canvas()))
    assert len({step["loss"] for step in steps}) == 4 and found < steps[-1]["loss"] < steps[0]["loss"]
