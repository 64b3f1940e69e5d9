import inspect

import keras
import numpy as np
import pytest

import train as script
from segmentation.layouts import VOID
from segmentation.losses import LOSSES, class_weights, loss
from segmentation.training import OPTIMIZERS, ClassIoU, FigureF1, FigureIoU, PixelAccuracy

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
    assert all(list(inspect.signature(each).parameters) == ["labels", "logits", "weights"] for each in LOSSES.values())
    assert set(script.OPTIONS["--optimizer"].names) == set(OPTIMIZERS)


# ---------------------------------------------------------------- several classes

LABELS = RANDOM.integers(0, 3, (2, 4, 5, 1)).astype(np.float32)
LABELS[0, 0], LABELS[1, 3, 2:] = VOID, VOID  # which must not count
SCORES = RANDOM.normal(0, 2, (2, 4, 5, 4)).astype(np.float32)  # of a fourth class, too, that is nowhere
WEIGHTS = np.array([0.5, 2.0, 3.0, 7.0], np.float32)


def by_hand(name, labels, scores, weights):
    """The loss of several classes, pixel by pixel in float64."""
    chances = np.exp(scores.astype(np.float64))
    chances /= chances.sum(axis=-1, keepdims=True)
    total, share = 0.0, 0.0
    both, true, found = np.zeros(4), np.zeros(4), np.zeros(4)
    for place in np.ndindex(labels.shape[:3]):
        label = int(labels[place][0])
        if label == VOID:
            continue
        sure = chances[place][label]
        each = {"cross_entropy": -np.log(sure), "focal": -0.25 * (1 - sure) ** 2 * np.log(sure)}
        total += weights[label] * each.get(name, each["cross_entropy"])
        share += weights[label]
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


def test_metrics_of_several_classes_against_numpy():
    iou, accuracy = ClassIoU(4), PixelAccuracy(4)
    for metric in (iou, accuracy):
        metric.update_state(LABELS, SCORES)
    counts = LABELS[..., 0] != VOID
    true, found = LABELS[..., 0][counts], SCORES.argmax(-1)[counts]
    each = [((true == k) & (found == k)).sum() / ((true == k) | (found == k)).sum() for k in range(4)]
    assert float(iou.result()) == pytest.approx(np.mean(each), rel=1e-5)
    assert float(accuracy.result()) == pytest.approx((true == found).mean(), rel=1e-5)
