"""Measure how well a found mask matches the true one: pixel counts, and the scores that follow from them."""

import math

import numpy as np

from pictures.images import box_sum

TOLERANCE = 0.0075  # how far two boundaries may lie apart, as a share of the picture's diagonal (Csurka et al.)


def count(true, found):
    """Count the pixels behind all scores of a picture: 8 ints. `true` and `found` are bool (H, W).

    Pixels in both masks, only found, only true, in neither. Boundary pixels of `found`, and how many of them lie near
    the true boundary; the same for `true`. The counts of pictures add up to those of a set.
    """
    pixels = [true & found, found & ~true, true & ~found, ~true & ~found]
    true_edge, found_edge = boundary(true), boundary(found)
    radius = max(1, round(TOLERANCE * math.hypot(*true.shape)))
    edges = [found_edge, found_edge & near(true_edge, radius), true_edge, true_edge & near(found_edge, radius)]
    return np.array([np.count_nonzero(part) for part in pixels + edges])


def boundary(mask):
    """The pixels of a mask with a neighbour (up, down, left, right) outside it. The picture's border is no boundary."""
    padded = np.pad(mask, 1, mode="edge")
    inside = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return mask & ~inside


def near(pixels, radius):
    """Which pixels lie within a square of `radius` around one of `pixels`."""
    return box_sum(pixels, radius) > 0


def scores(counts):
    """The scores, 0..1, that follow from the counts of a picture or the summed counts of a set."""
    both, found_only, true_only, neither, found_edge, found_near, true_edge, true_near = map(int, counts)
    empty = not (both or found_only or true_only)  # nothing to find and nothing found: a perfect score

    def ratio(part, whole):
        return part / whole if whole else float(empty)

    edge_precision, edge_recall = ratio(found_near, found_edge), ratio(true_near, true_edge)
    no_edges = not (found_edge or true_edge)  # both masks fill the picture, or both are empty
    return {
        "pixel_accuracy": (both + neither) / (both + found_only + true_only + neither),
        "iou": ratio(both, both + found_only + true_only),
        "f1": ratio(2 * both, 2 * both + found_only + true_only),
        "precision": ratio(both, both + found_only),
        "recall": ratio(both, both + true_only),
        "boundary_f1": 1.0 if no_edges else harmonic_mean(edge_precision, edge_recall),
    }


def harmonic_mean(a, b):
    """2ab / (a + b), or 0 if both are 0."""
    return 2 * a * b / (a + b) if a + b else 0.0
