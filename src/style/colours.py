"""Give a painting the colours of its styles: the same mean and the same covariance of red, green and blue."""

import numpy as np

LEAST_VARIANCE = 1e-5  # added to all variances, so that a picture of one colour is not stretched
ROWS = 256  # of a picture that are worked on at a time


def colours_of(styles):
    """The mean (3,) and the covariance (3, 3) of the colours of some styles, [Style], each counted by its share."""
    found = [_moments(style.picture, style.part) for style in styles]
    return tuple(
        sum(style.share * moment for style, moment in zip(styles, moments, strict=True))
        for moments in zip(*found, strict=True)
    )


def match_colours(picture, visible, colours, out=None):
    """Give a picture (H, W, 3), 0..1, the mean and covariance that `colours_of` returned, and clip it to 0..1.

    visible: (H, W), how much each pixel counts, or None. Of all linear maps that do it, this one moves colours least.
    out: where the result goes, which may be the picture itself; None: into a new array.
    """
    mean, spread = _moments(picture, visible)
    goal, variance = colours
    root, inverse = _power(spread, 0.5), _power(spread, -0.5)
    change = np.float32(inverse @ _power(root @ variance @ root, 0.5) @ inverse)
    shift = np.float32(goal - change @ mean)
    out = np.empty_like(picture) if out is None else out
    for first in range(0, len(picture), ROWS):
        np.clip(picture[first : first + ROWS] @ change.T + shift, 0, 1, out=out[first : first + ROWS])
    return out


def _moments(picture, weights):
    """The mean (3,) and the covariance (3, 3) of a picture's colours, float64."""
    count, mean, products = 0.0, np.zeros(3), np.zeros((3, 3))
    for first in range(0, len(picture), ROWS):
        colours = picture[first : first + ROWS].reshape(-1, 3) - np.float32(0.5)
        shares = 1 if weights is None else weights[first : first + ROWS].reshape(-1, 1)
        weighted = shares * colours
        count += len(colours) if weights is None else shares.sum(dtype=np.float64)
        mean += weighted.sum(axis=0, dtype=np.float64)
        products += weighted.T @ colours
    mean = mean / count
    return mean + 0.5, products / count - np.outer(mean, mean) + LEAST_VARIANCE * np.eye(3)


def _power(matrix, exponent):
    """A symmetric matrix to some power."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.maximum(values, 1e-12) ** exponent) @ vectors.T
