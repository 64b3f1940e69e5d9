"""The losses of training, all on logits (N, H, W, classes) against masks of 0 and 1 of the same shape, in float32."""

from keras import losses, ops


def cross_entropy(masks, logits):
    """The binary cross-entropy, a mean over all pixels."""
    return ops.mean(losses.binary_crossentropy(masks, logits, from_logits=True))


def dice(masks, logits):
    """One minus the Dice overlap of the figures of the whole batch, so that an empty mask weighs as it should."""
    return losses.dice(masks, ops.sigmoid(logits))


def both(masks, logits):
    """Their sum: cross-entropy steers every pixel, Dice keeps small figures from drowning in background."""
    return cross_entropy(masks, logits) + dice(masks, logits)


LOSSES = {"cross_entropy": cross_entropy, "dice": dice, "both": both}
