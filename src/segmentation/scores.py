"""How well a found mask matches the true one: counts in NumPy, and the scores that follow from them."""

import math

import numpy as np

from pictures.images import box_sum

TOLERANCE = 0.0075  # how far two boundaries may lie apart, as a share of the picture's diagonal (Csurka et al.)


def count(true, found):
    """The counts, an int array of 8, behind all scores of a picture; `true` and `found` are bool (H, W).

    Pixels: both, found alone, true alone, neither; boundary pixels: of `found`, those of them near the true
    boundary, of `true`, those of them near the found boundary. Counts of pictures add up to those of a set.
    """
    pixels = [true & found, found & ~true, true & ~found, ~true & ~found]
    true_edge, found_edge = boundary(true), boundary(found)
    radius = max(1, round(TOLERANCE * math.hypot(*true.shape)))
    edges = [found_edge, found_edge & near(true_edge, radius), true_edge, true_edge & near(found_edge, radius)]
    return np.array([np.count_nonzero(part) for part in pixels + edges])


def boundary(mask):
    """The pixels of a mask with a neighbour (up, down, left, right) outside it; the picture's border is none."""
    padded = np.pad(mask, 1, mode="edge")
    inside = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return mask & ~inside


def near(pixels, radius):
    """Which pixels lie within a square of `radius` around one of `pixels`."""
    return box_sum(pixels, radius) > 0


def scores(counts):
    """The scores, 0..1, that follow from the counts of a picture or the summed counts of a set."""
    both, found_alone, true_alone, neither, found_edge, found_near, true_edge, true_near = map(int, counts)
    empty = not (both or found_alone or true_alone)  # nothing to find and nothing found: all is right

    def ratio(part, whole):
        return part / whole if whole else float(empty)

    edge_precision, edge_recall = ratio(found_near, found_edge), ratio(true_near, true_edge)
    no_edges = not (found_edge or true_edge)  # both masks fill the picture, or both are empty
    return {
        "pixel_accuracy": (both + neither) / (both + found_alone + true_alone + neither),
        "iou": ratio(both, both + found_alone + true_alone),
        "f1": ratio(2 * both, 2 * both + found_alone + true_alone),
        "precision": ratio(both, both + found_alone),
        "recall": ratio(both, both + true_alone),
        "boundary_f1": 1.0 if no_edges else harmonic_mean(edge_precision, edge_recall),
    }


def harmonic_mean(a, b):
    """2ab / (a + b), and 0 where both are 0."""
    return 2 * a * b / (a + b) if a + b else 0.0
