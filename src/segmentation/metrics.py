"""The scores of an epoch: logits (N, H, W, classes) float32 against labels (N, H, W, 1) float32, as in losses.py."""

import keras
from keras import ops

from segmentation.layouts import VOID
from segmentation.losses import NONE


class FigureIoU(keras.metrics.BinaryIoU):
    """The IoU of the figures over the whole set: logits (N, H, W, 1) against 0/1 masks."""

    def __init__(self, name="iou"):
        super().__init__(target_class_ids=[1], threshold=0.0, name=name)


class FigureF1(FigureIoU):
    """The F1 (Dice) of the figures. For one class it follows from the IoU: F1 = 2 IoU / (1 + IoU)."""

    def __init__(self):
        super().__init__(name="f1")

    def result(self):
        iou = super().result()
        return 2 * iou / (1 + iou)


class ClassIoU(keras.metrics.IoU):
    """The IoU over the whole set, averaged over `chosen` classes, or over those that occur."""

    def __init__(self, classes, name="iou", denials=NONE, chosen=None):
        super().__init__(classes, chosen or range(classes), name, ignore_class=VOID, sparse_y_pred=False)
        self.denials = denials

    def update_state(self, labels, logits, sample_weight=None):
        found = ops.argmax(logits, axis=-1)[..., None]
        for label, denied in self.denials.items():
            # What is denied and found all the same is a mistake for the background; all else may be right or wrong.
            wrong = sum(ops.cast(found == number, "float32") for number in denied)
            labels = ops.where(labels == label, ops.where(wrong > 0, 0.0, float(VOID)), labels)
        super().update_state(labels, logits, sample_weight)


class PixelAccuracy(ClassIoU):
    """The share of correctly classified pixels, among those that count."""

    def result(self):
        right, counted = ops.sum(ops.diagonal(self.total_cm)), ops.sum(self.total_cm)
        return ops.divide_no_nan(ops.cast(right, "float32"), ops.cast(counted, "float32"))


def metrics_of(classes, denials=NONE):
    """The metrics of an epoch. The first one, "iou", chooses the best epoch.

    If some folders have labels for some classes only, it is the IoU of those that all folders have labels for.
    """
    if classes == 1:
        return [FigureIoU(), FigureF1()]
    accuracy = PixelAccuracy(classes, "accuracy", denials)
    if not denials:
        return [ClassIoU(classes), accuracy]
    everywhere = sorted(set.intersection(*map(set, denials.values())))
    return [ClassIoU(classes, "iou", denials, everywhere), ClassIoU(classes, "class_iou", denials), accuracy]
