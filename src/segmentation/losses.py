"""Losses for training: labels (N, H, W, 1) float32 against logits (N, H, W, classes) float32 give a scalar.

With a single class, the labels are 1 for it and 0 elsewhere. With several, they are class indices, or VOID for pixels
that do not count. `weights` say how much a pixel of each class counts (with a single class: of background and figure).
`denials`, {label: class indices}, are labels of pixels of which is only known that they are of none of these classes.
"""

from types import MappingProxyType

import numpy as np
from keras import losses, ops

from segmentation.layouts import VOID

NONE = MappingProxyType({})
FAR = -1e9  # added to a logit, leaves no probability


def cross_entropy(labels, logits, weights=None, denials=NONE):
    """The cross-entropy, averaged over the pixels that count."""
    if logits.shape[-1] == 1:
        each = losses.binary_crossentropy(labels, logits, from_logits=True)
    else:
        each = _surprise(labels, logits, denials)
    return _mean(each, labels, weights)


def focal(labels, logits, weights=None, denials=NONE):
    """The focal loss (Lin et al.): cross-entropy in which pixels that are already right hardly count."""
    if logits.shape[-1] == 1:
        each = losses.binary_focal_crossentropy(labels, logits, from_logits=True)
    else:
        surprise = _surprise(labels, logits, denials)
        each = 0.25 * (1 - ops.exp(-surprise)) ** 2 * surprise
    return _mean(each, labels, weights)


def dice(labels, logits, weights=None, denials=NONE):
    """One minus the Dice overlap over the whole batch; with several classes, the mean of those that occur in it."""
    if logits.shape[-1] == 1:
        return losses.dice(labels, ops.sigmoid(logits))
    truth = _one_hot(labels, logits)
    found = ops.softmax(logits) * _certain(labels, logits.shape[-1], denials)
    there = ops.cast(ops.any(truth > 0, axis=(0, 1, 2)), "float32")
    there = there if weights is None else there * ops.convert_to_tensor(weights)
    return ops.sum(losses.dice(truth, found, axis=(0, 1, 2)) * there) / (ops.sum(there) + 1e-7)


def both(labels, logits, weights=None, denials=NONE):
    """Cross-entropy plus Dice: the first judges every pixel, the second keeps small figures from being ignored."""
    return cross_entropy(labels, logits, weights, denials) + dice(labels, logits, weights, denials)


LOSSES = {"cross_entropy": cross_entropy, "dice": dice, "both": both, "focal": focal}


def loss(name, weights=None, denials=NONE):
    """The loss of that name as a function for Keras. weights: one for each class, or None."""
    weights = None if weights is None else np.asarray(weights, np.float32)

    def weighted(labels, logits):
        return LOSSES[name](labels, logits, weights, denials)

    return weighted


def class_weights(labels, classes):
    """Weights that make rare classes count more: the inverse square root of their shares of the pixels.

    labels: arrays of class indices; VOID does not count. The mean weight of a pixel is 1; absent classes have weight 1.
    """
    counts = sum(np.bincount(np.ravel(each), minlength=VOID + 1)[:classes] for each in labels).astype(np.float64)
    shares = counts / max(counts.sum(), 1)
    weights = np.where(shares, np.maximum(shares, 1e-12) ** -0.5, 0)
    weights = weights / max((weights * shares).sum(), 1e-12)
    return np.where(shares, weights, 1.0)


def _surprise(labels, logits, denials):
    """Minus the logarithm of the probability, (N, H, W), that the network gives to what the labels say."""
    allowed = ops.take(
        ops.convert_to_tensor(_allowed(logits.shape[-1], denials)), ops.cast(labels[..., 0], "int32"), axis=0
    )
    return ops.logsumexp(logits, axis=-1) - ops.logsumexp(logits + allowed, axis=-1)


def _allowed(classes, denials):
    """What to add to the logits for each label, (VOID + 1, classes): 0 for classes that it allows, FAR for others."""
    table = np.zeros((VOID + 1, classes), np.float32)
    table[:classes] = FAR * (1 - np.eye(classes))
    for label, denied in denials.items():
        table[label, list(denied)] = FAR
    return table


def _certain(labels, classes, denials):
    """Where the labels say of which classes whether they are there: (N, H, W, classes or 1), 1 or 0."""
    certain = ops.cast(labels < classes, "float32")
    for label, denied in denials.items():
        said = np.isin(np.arange(classes), denied).astype(np.float32)
        certain = certain + ops.cast(labels == label, "float32") * said
    return certain


def _one_hot(labels, logits):
    """Labels as (N, H, W, classes), all 0 for pixels of which no class is known."""
    labels = ops.cast(labels[..., 0], "int32")
    return ops.one_hot(ops.where(labels < logits.shape[-1], labels, -1), logits.shape[-1])


def _mean(each, labels, weights):
    """The mean of (N, H, W) over the pixels that count, weighted by their classes."""
    labels = ops.cast(labels[..., 0], "int32")
    counted = ops.cast(labels != VOID, "float32")
    if weights is not None:
        weights = np.append(weights, np.ones(VOID + 1 - len(weights), np.float32))  # a denial has weight 1
        counted *= ops.take(ops.convert_to_tensor(weights), labels, axis=0)
    return ops.sum(each * counted) / (ops.sum(counted) + 1e-7)
