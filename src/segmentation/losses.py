"""The losses of training: labels (N, H, W, 1) float32 against logits (N, H, W, classes), in float32; scalars.

Of a single class the labels are 1 for it and 0 for the rest; of several they are class indices, or VOID where nothing
is counted. `weights`, one for each class (of a single one for rest and figure), say how much a pixel of it counts.
"""

import numpy as np
from keras import losses, ops

from segmentation.layouts import VOID


def cross_entropy(labels, logits, weights=None):
    """The cross-entropy, a mean over the pixels that count."""
    if logits.shape[-1] == 1:
        each = losses.binary_crossentropy(labels, logits, from_logits=True)
    else:
        each = losses.sparse_categorical_crossentropy(labels, logits, from_logits=True, ignore_class=VOID)
    return _mean(each, labels, weights)


def focal(labels, logits, weights=None):
    """The focal loss (Lin et al.): cross-entropy that hardly counts the pixels that are right already."""
    if logits.shape[-1] == 1:
        each = losses.binary_focal_crossentropy(labels, logits, from_logits=True)
    else:
        each = losses.categorical_focal_crossentropy(_one_hot(labels, logits), logits, from_logits=True)
    return _mean(each, labels, weights)


def dice(labels, logits, weights=None):
    """One minus the Dice overlap of the whole batch, of several classes the mean of those that are in it."""
    if logits.shape[-1] == 1:
        return losses.dice(labels, ops.sigmoid(logits))
    truth = _one_hot(labels, logits)
    found = ops.softmax(logits) * ops.cast(labels != VOID, "float32")
    there = ops.cast(ops.any(truth > 0, axis=(0, 1, 2)), "float32")
    there = there if weights is None else there * ops.convert_to_tensor(weights)
    return ops.sum(losses.dice(truth, found, axis=(0, 1, 2)) * there) / (ops.sum(there) + 1e-7)


def both(labels, logits, weights=None):
    """Their sum: cross-entropy steers every pixel, Dice keeps small figures from drowning in background."""
    return cross_entropy(labels, logits, weights) + dice(labels, logits, weights)


LOSSES = {"cross_entropy": cross_entropy, "dice": dice, "both": both, "focal": focal}


def loss(name, weights=None):
    """The loss of that name with weights of the classes, an array or None, as Keras takes it."""
    weights = None if weights is None else np.asarray(weights, np.float32)

    def weighted(labels, logits):
        return LOSSES[name](labels, logits, weights)

    return weighted


def class_weights(labels, classes):
    """Weights that count a class the more the rarer it is, by the inverse root of its share of the pixels.

    labels: arrays of class indices, VOID left out. A pixel counts 1 on the average; a class that is nowhere counts 1.
    """
    counts = sum(np.bincount(np.ravel(each), minlength=VOID + 1)[:classes] for each in labels).astype(np.float64)
    shares = counts / max(counts.sum(), 1)
    weights = np.where(shares, np.maximum(shares, 1e-12) ** -0.5, 0)
    weights = weights / max((weights * shares).sum(), 1e-12)
    return np.where(shares, weights, 1.0)


def _one_hot(labels, logits):
    """Labels as (N, H, W, classes), all 0 where nothing is counted."""
    labels = ops.cast(labels[..., 0], "int32")
    return ops.one_hot(ops.where(labels == VOID, -1, labels), logits.shape[-1])


def _mean(each, labels, weights):
    """The mean of (N, H, W) over the pixels that count, each as much as its class does."""
    labels = ops.cast(labels[..., 0], "int32")
    counted = ops.cast(labels != VOID, "float32")
    if weights is not None:
        counted *= ops.take(ops.convert_to_tensor(weights), ops.where(labels == VOID, 0, labels), axis=0)
    return ops.sum(each * counted) / (ops.sum(counted) + 1e-7)
