"""Give a painting the colours of its styles: the same mean and the same covariance of red, green and blue."""

import numpy as np

LEAST_VARIANCE = 1e-5  # added to all variances, so that a picture of one colour is not stretched


def match_colours(picture, visible, styles):
    """Move the colours of a picture (H, W, 3), 0..1, to those of some styles, [Style], and clip them to 0..1.

    visible: (H, W), how much each pixel counts, or None. Of all linear maps that do it, this one moves colours least.
    """
    mean, spread = _moments(picture, visible)
    wanted = [(style.share, *_moments(style.picture, style.part)) for style in styles]
    goal, variance = (sum(share * each[place] for share, *each in wanted) for place in (0, 1))
    root, inverse = _power(spread, 0.5), _power(spread, -0.5)
    change = inverse @ _power(root @ variance @ root, 0.5) @ inverse
    return np.float32(np.clip((picture - mean) @ change.T + goal, 0, 1))


def _moments(picture, weights):
    """The mean (3,) and the covariance (3, 3) of a picture's colours."""
    colours = picture.reshape(-1, 3).astype(np.float64)
    weights = np.ones(len(colours)) if weights is None else weights.reshape(-1)
    mean = np.average(colours, axis=0, weights=weights)
    return mean, np.cov(colours.T, aweights=weights, ddof=0) + LEAST_VARIANCE * np.eye(3)


def _power(matrix, exponent):
    """A symmetric matrix to some power."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.maximum(values, 1e-12) ** exponent) @ vectors.T
