"""The objective against NumPy, by hand."""

import keras
import numpy as np
import pytest

from style.canvas import Canvas
from style.features import CONTENT_LAYER, STYLE_LAYERS
from style.objective import SIMILARITIES, STATISTICS, Statistics, gram, moments, sums, variation

RANDOM = np.random.default_rng(0)
LAYERS = (*STYLE_LAYERS, CONTENT_LAYER)


def drawn(*shape):
    return RANDOM.random(shape, np.float32)


def every_feature(height=6, width=5):
    return {layer: drawn(1, height, width, 3 + number) for number, layer in enumerate(LAYERS)}


def test_gram_is_the_mean_product_of_channels():
    features = drawn(1, 4, 5, 3)
    wanted = np.zeros((3, 3))
    for row in range(4):
        for column in range(5):
            wanted += np.outer(features[0, row, column], features[0, row, column]) / 20
    np.testing.assert_allclose(gram(features)[0][0], wanted, rtol=1e-5)


def test_moments_are_mean_and_covariance():
    features = drawn(1, 7, 5, 4)
    mean, covariance = moments(features)
    flat = features.reshape(-1, 4)
    np.testing.assert_allclose(mean[0, 0], flat.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(covariance[0], np.cov(flat.T, bias=True), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", STATISTICS)
def test_weights_choose_positions(name):
    """Weights of 0 and the same everywhere else give the statistic of the positions chosen, whatever lies elsewhere."""
    features, weights = drawn(1, 6, 8, 3), np.zeros((1, 6, 8, 1), np.float32)
    weights[:, 1:4, 2:7] = 1
    other = np.where(weights, features, 99 * drawn(1, 6, 8, 3))
    weights /= weights.sum()
    found = (sums(features[:, 1:4, 2:7]), sums(features, weights), sums(other, weights))
    for alone, one, two in zip(*(STATISTICS[name](*each) for each in found), strict=True):
        np.testing.assert_allclose(one, alone, rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(one, two)


def test_half_weights_count_half():
    features = np.concatenate([np.ones((1, 1, 1, 1)), np.zeros((1, 1, 1, 1))], axis=2).astype(np.float32)
    weights = np.array([1, 0.5], np.float32).reshape(1, 1, 2, 1)
    np.testing.assert_allclose(gram(features, weights / weights.sum())[0][0, 0, 0], 2 / 3, rtol=1e-6)


@pytest.mark.parametrize("similarity", SIMILARITIES)
def test_j_against_numpy(similarity):
    objective = Statistics(similarity, 2.0, 7.0, 0.5, statistic="gram")
    features, style, content = every_feature(), every_feature(4, 9), drawn(1, 6, 5, 8)
    picture = drawn(1, 12, 10, 3)
    target = {"content": content, "style": objective.style_of(style), "weights": {}}
    parts = [float(part) for part in objective.parts(picture, features, target)]

    def product(values):
        flat = values.reshape(-1, values.shape[-1]).astype(np.float64)
        return flat.T @ flat / len(flat)

    found = features[CONTENT_LAYER]
    j_content = np.mean((found - content) ** 2) / np.mean(content**2)
    errors = [
        np.mean((product(features[layer]) - product(style[layer])) ** 2) / np.mean(product(style[layer]) ** 2)
        for layer in STYLE_LAYERS
    ]
    j_style = np.dot(SIMILARITIES[similarity], errors)
    down, right = np.diff(picture, axis=1)[:, :, :-1], np.diff(picture, axis=2)[:, :-1]
    j_tv = np.mean(down**2) + np.mean(right**2)
    np.testing.assert_allclose(parts, [j_content, j_style, j_tv], rtol=1e-4)
    assert float(objective.total(*parts)) == pytest.approx(2 * j_content + 7 * j_style + 0.5 * j_tv, rel=1e-4)


def test_moments_count_mean_and_covariance_alike():
    objective = Statistics()
    features, style = every_feature(), every_feature()
    target = {"content": features[CONTENT_LAYER], "style": objective.style_of(style), "weights": {}}
    content, found, _ = objective.parts(drawn(1, 6, 5, 3), features, target)
    wanted = 0
    for layer in STYLE_LAYERS:
        one, other = (values[layer].reshape(-1, values[layer].shape[-1]) for values in (features, style))
        mean, true = one.mean(0), other.mean(0)
        wanted += 0.2 * np.sum((mean - true) ** 2) / np.sum(true**2) / 2
        mean, true = np.cov(one.T, bias=True), np.cov(other.T, bias=True)
        wanted += 0.2 * np.sum((mean - true) ** 2) / np.sum(true**2) / 2
    assert float(content) == 0 and float(found) == pytest.approx(wanted, rel=1e-3)


def test_what_has_no_weight_has_no_influence_on_j():
    objective = Statistics()
    features, weights = every_feature(), {layer: np.zeros((1, 6, 5, 1), np.float32) for layer in LAYERS}
    for each in weights.values():
        each[:, 2:5, 1:4] = 1
    target = {"content": drawn(1, 6, 5, 8), "style": objective.style_of(every_feature()), "weights": weights}
    changed = {layer: np.where(weights[layer], features[layer], -5 * features[layer] + 3) for layer in LAYERS}
    picture = drawn(1, 6, 5, 3)
    one, two = (objective.parts(picture, values, target) for values in (features, changed))
    assert [float(part) for part in one] == [float(part) for part in two]


def test_the_weights_of_the_layers_sum_to_one():
    for weights in SIMILARITIES.values():
        assert len(weights) == len(STYLE_LAYERS) and sum(weights) == pytest.approx(1)


def test_variation_of_a_flat_picture_is_none():
    assert float(variation(np.full((1, 8, 8, 3), 0.4, np.float32))) == 0


@pytest.mark.parametrize("statistic", STATISTICS)
def test_gradients_by_finite_differences(check_gradients, statistic):
    """J of a tiny smooth network."""
    keras.utils.set_random_seed(0)
    entry = keras.Input((None, None, 3))
    names = (*STYLE_LAYERS, CONTENT_LAYER)
    tiny = keras.Model(entry, {name: keras.layers.Conv2D(3, 3, activation="tanh")(entry) for name in names})
    objective = Statistics(tv_weight=1.0, statistic=statistic)
    target = {"content": drawn(1, 22, 18, 3), "style": objective.style_of(tiny(drawn(1, 30, 20, 3))), "weights": {}}
    canvas = Canvas(0.3 + 0.4 * drawn(1, 24, 20, 3), tiny, objective, target)
    check_gradients(canvas)
