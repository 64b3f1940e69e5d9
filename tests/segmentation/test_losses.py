import inspect

import keras
import numpy as np
import pytest
from keras import ops

import train as script
from segmentation.layouts import DENIAL, VOID
from segmentation.losses import LOSSES, class_weights, loss
from segmentation.rates import OPTIMIZERS

RANDOM = np.random.default_rng(0)
MASKS = (RANDOM.random((2, 4, 5, 1)) > 0.6).astype(np.float32)
LOGITS = RANDOM.normal(0, 3, (2, 4, 5, 1)).astype(np.float32)
SURE = 1 / (1 + np.exp(-LOGITS.astype(np.float64)))

CROSS_ENTROPY = -np.mean(MASKS * np.log(SURE) + (1 - MASKS) * np.log(1 - SURE))
DICE = 1 - 2 * (MASKS * SURE).sum() / (MASKS.sum() + SURE.sum())
TRUE = MASKS * SURE + (1 - MASKS) * (1 - SURE)
FOCAL = -np.mean((1 - TRUE) ** 2 * np.log(TRUE))
BY_HAND = {"cross_entropy": CROSS_ENTROPY, "dice": DICE, "both": CROSS_ENTROPY + DICE, "focal": FOCAL}


@pytest.mark.parametrize("name", LOSSES)
def test_losses_against_numpy(name):
    assert np.isclose(float(LOSSES[name](MASKS, LOGITS)), BY_HAND[name], rtol=1e-5)


@pytest.mark.parametrize("name", LOSSES)
def test_losses_prefer_the_truth_and_stand_extremes(name):
    right, wrong = (float(LOSSES[name](MASKS, sign * 200 * (MASKS - 0.5))) for sign in (1, -1))
    assert 0 <= right < 1e-3 < wrong < np.inf
    nothing = np.zeros_like(MASKS)
    assert float(LOSSES[name](nothing, nothing - 50)) < 1e-3 or name not in ("cross_entropy", "focal")
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


def test_the_usage_knows_every_loss():
    assert set(script.OPTIONS["--loss"].names) == set(LOSSES)
    assert all(name in script.__doc__ for name in LOSSES)
    takes = ["labels", "logits", "weights", "denials"]
    assert all(list(inspect.signature(each).parameters) == takes for each in LOSSES.values())
    assert set(script.OPTIONS["--optimizer"].names) == set(OPTIMIZERS)


# ---------------------------------------------------------------- several classes

LABELS = RANDOM.integers(0, 3, (2, 4, 5, 1)).astype(np.float32)
LABELS[0, 0], LABELS[1, 3, 2:] = VOID, VOID  # which must not count
SCORES = RANDOM.normal(0, 2, (2, 4, 5, 4)).astype(np.float32)  # of a fourth class, too, that is nowhere
WEIGHTS = np.array([0.5, 2.0, 3.0, 7.0], np.float32)


def by_hand(name, labels, scores, weights, denials=()):
    """The loss of several classes, pixel by pixel in float64."""
    chances = np.exp(scores.astype(np.float64))
    chances /= chances.sum(axis=-1, keepdims=True)
    total, share = 0.0, 0.0
    both, true, found = np.zeros(4), np.zeros(4), np.zeros(4)
    for place in np.ndindex(labels.shape[:3]):
        label = int(labels[place][0])
        if label == VOID:
            continue
        denied = dict(denials).get(label)
        sure = chances[place][label] if denied is None else 1 - chances[place][denied].sum()
        each = {"cross_entropy": -np.log(sure), "focal": -0.25 * (1 - sure) ** 2 * np.log(sure)}
        weight = weights[label] if denied is None else 1
        total += weight * each.get(name, each["cross_entropy"])
        share += weight
        if denied is not None:
            found[denied] += chances[place][denied]
            continue
        both[label] += sure
        true[label] += 1
        found += chances[place]
    overlap = 1 - 2 * both / (true + found)
    there = true > 0
    dice = (overlap * weights)[there].sum() / weights[there].sum()
    return {"dice": dice, "both": total / share + dice}.get(name, total / share)


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["alike", "weighted"])
@pytest.mark.parametrize("name", LOSSES)
def test_losses_of_several_classes_against_numpy(name, weights):
    expected = by_hand(name, LABELS, SCORES, np.ones(4) if weights is None else weights)
    assert np.isclose(float(loss(name, weights)(LABELS, SCORES)), expected, rtol=1e-4)


@pytest.mark.parametrize("name", LOSSES)
def test_what_does_not_count_has_no_influence(name):
    other = np.where(LABELS == VOID, RANDOM.normal(0, 9, SCORES.shape), SCORES).astype(np.float32)
    assert float(LOSSES[name](LABELS, SCORES)) == pytest.approx(float(LOSSES[name](LABELS, other)), rel=1e-5)
    nothing = np.full_like(LABELS, VOID)
    assert float(LOSSES[name](nothing, SCORES)) == 0


@pytest.mark.parametrize("name", ["cross_entropy", "focal"])
def test_weights_of_a_figure_and_the_rest(name):
    """Weighted 1 and 3, a figure counts as if each of its pixels were there three times."""
    one = LOSSES[name](MASKS, LOGITS, np.float32([1, 3]))
    pixels = np.concatenate([np.repeat(part, 1 + 2 * (MASKS.ravel() > 0)) for part in (MASKS.ravel(),)])
    logits = np.repeat(LOGITS.ravel(), 1 + 2 * (MASKS.ravel() > 0))
    again = LOSSES[name](pixels.reshape(1, 1, -1, 1), logits.reshape(1, 1, -1, 1))
    assert float(one) == pytest.approx(float(again), rel=1e-5)


def test_rare_classes_weigh_more():
    labels = np.repeat([0, 1, 2, VOID], [90, 9, 1, 50])
    weights = class_weights([labels[:40], labels[40:]], 4)
    np.testing.assert_allclose(weights[:3] / weights[0], np.sqrt([1, 10, 90]), rtol=1e-6)
    assert weights[:3] @ [0.9, 0.09, 0.01] == pytest.approx(1) and weights[3] == 1


# ---------------------------------------------------------------- labels that only say what is not there

DENIALS = {DENIAL: [0], DENIAL - 1: [1, 2]}
PARTLY = LABELS.copy()
PARTLY[0, 1:3], PARTLY[1, 0] = DENIAL, DENIAL - 1


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["alike", "weighted"])
@pytest.mark.parametrize("name", LOSSES)
def test_losses_of_denials_against_numpy(name, weights):
    expected = by_hand(name, PARTLY, SCORES, np.ones(4) if weights is None else weights, DENIALS)
    assert np.isclose(float(loss(name, weights, DENIALS)(PARTLY, SCORES)), expected, rtol=1e-4)


def gradient(name, labels, scores, denials):
    """The gradient of a loss by the scores, as a step of plain descent on an offset of each score gives it."""
    layer = keras.layers.Embedding(1, scores.size, embeddings_initializer="zeros")
    pixel = keras.Input((1,), dtype="int32")
    network = keras.Model(pixel, keras.layers.Reshape(scores.shape)(layer(pixel)))
    objective = loss(name, None, denials)
    network.compile(keras.optimizers.SGD(1.0), lambda _, added: objective(labels, ops.add(scores, added[0])))
    network.train_on_batch(np.zeros((1, 1), np.int32), np.zeros((1, *scores.shape), np.float32))
    return -layer.get_weights()[0].reshape(scores.shape)


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_where_labels_deny(name):
    """By finite differences, and none where a label says nothing or does not tell some classes apart."""
    found = gradient(name, PARTLY, SCORES, DENIALS)
    assert (found[PARTLY[..., 0] == VOID] == 0).all() and (found[PARTLY[..., 0] == DENIAL] != 0).any()
    for place in [(0, 1, 2, 0), (0, 2, 0, 3), (1, 0, 1, 2), (1, 2, 2, 1)]:
        step = np.zeros_like(SCORES)
        step[place] = 1e-2
        above, below = (float(loss(name, None, DENIALS)(PARTLY, SCORES + sign * step)) for sign in (1, -1))
        assert np.isclose((above - below) / 2e-2, found[place], rtol=2e-2, atol=1e-4)


def test_a_denial_says_nothing_about_which_of_the_other_classes_is_there():
    """The scores of the others may change places without any effect, and their gradients follow their shares alone."""
    swapped = SCORES.copy()
    denied = PARTLY[..., 0] == DENIAL
    swapped[denied] = swapped[denied][:, [0, 2, 3, 1]]
    for name in LOSSES:
        one, other = (float(LOSSES[name](PARTLY, scores, None, DENIALS)) for scores in (SCORES, swapped))
        assert one == pytest.approx(other, rel=1e-5)
    found, chances = gradient("cross_entropy", PARTLY, SCORES, DENIALS)[denied], np.exp(SCORES[denied].astype(float))
    ratios = found[:, 1:] / chances[:, 1:]
    np.testing.assert_allclose(ratios, ratios[:, :1].repeat(3, axis=1), rtol=1e-3)


@pytest.mark.parametrize("name", LOSSES)
def test_denials_prefer_the_truth_and_stand_extremes(name):
    labels = np.full((1, 2, 2, 1), DENIAL, np.float32)
    scores = np.zeros((1, 2, 2, 4), np.float32)
    scores[..., 0] = 200
    right, wrong = (float(LOSSES[name](labels, sign * scores, None, DENIALS)) for sign in (-1, 1))
    assert 0 <= right < 1e-3 and right <= wrong < np.inf
