import numpy as np
import pytest

from segmentation.layouts import DENIAL, VOID
from segmentation.metrics import ClassIoU, FigureF1, FigureIoU, PixelAccuracy, metrics_of

RANDOM = np.random.default_rng(0)
MASKS = (RANDOM.random((2, 4, 5, 1)) > 0.6).astype(np.float32)
LOGITS = RANDOM.normal(0, 3, (2, 4, 5, 1)).astype(np.float32)
LABELS = RANDOM.integers(0, 3, (2, 4, 5, 1)).astype(np.float32)
LABELS[0, 0], LABELS[1, 3, 2:] = VOID, VOID  # which must not count
SCORES = RANDOM.normal(0, 2, (2, 4, 5, 4)).astype(np.float32)  # of a fourth class, too, that is nowhere


def test_metrics_against_numpy():
    iou, f1 = FigureIoU(), FigureF1()
    for masks, logits in ((MASKS, LOGITS), (1 - MASKS, LOGITS)):
        for metric in (iou, f1):
            metric.update_state(masks, logits)
    true, found = np.concatenate([MASKS, 1 - MASKS]) > 0, np.concatenate([LOGITS, LOGITS]) >= 0
    both = (true & found).sum()
    assert np.isclose(float(iou.result()), both / (true | found).sum())
    assert np.isclose(float(f1.result()), 2 * both / (true.sum() + found.sum()))


def test_metrics_of_several_classes_against_numpy():
    iou, accuracy = ClassIoU(4), PixelAccuracy(4)
    for metric in (iou, accuracy):
        metric.update_state(LABELS, SCORES)
    counts = LABELS[..., 0] != VOID
    true, found = LABELS[..., 0][counts], SCORES.argmax(-1)[counts]
    each = [((true == k) & (found == k)).sum() / ((true == k) | (found == k)).sum() for k in range(4)]
    assert float(iou.result()) == pytest.approx(np.mean(each), rel=1e-5)
    assert float(accuracy.result()) == pytest.approx((true == found).mean(), rel=1e-5)


def test_what_is_denied_and_found_is_a_mistake_and_all_else_does_not_count():
    labels = np.float32([0, 2, 2, DENIAL, DENIAL, DENIAL - 1, DENIAL - 1, VOID]).reshape(1, 1, 8, 1)
    found = np.eye(4, dtype=np.float32)[[0, 2, 1, 2, 3, 1, 0, 2]].reshape(1, 1, 8, 4)
    denials = {DENIAL: [2], DENIAL - 1: [1, 2]}
    iou, class_iou, accuracy = metrics_of(4, denials)
    for metric in (iou, class_iou, accuracy):
        metric.update_state(labels, found)
    assert float(iou.result()) == pytest.approx(1 / 3)  # of class 2, which all labels know: right, missed, denied
    assert float(accuracy.result()) == pytest.approx(2 / 5)  # the denied 3 and 0 may be right
    assert float(class_iou.result()) == pytest.approx(np.mean([1 / 3, 0, 1 / 3]))
    assert [metric.name for metric in (iou, class_iou, accuracy)] == ["iou", "class_iou", "accuracy"]
