import numpy as np
import pytest

from segmentation.scores import boundary, count, near, scores

TRUE = np.zeros((40, 60), bool)
TRUE[10:30, 10:30] = True
SHIFTED = np.roll(TRUE, 5, axis=1)


def by_hand(true, found):
    both = np.sum(true & found)
    return {
        "pixel_accuracy": np.mean(true == found),
        "iou": both / np.sum(true | found),
        "f1": 2 * both / (np.sum(true) + np.sum(found)),
        "precision": both / np.sum(found),
        "recall": both / np.sum(true),
    }


@pytest.mark.parametrize("found", [TRUE, SHIFTED, ~TRUE, TRUE & SHIFTED, TRUE | SHIFTED])
def test_scores_against_numpy(found):
    told = scores(count(TRUE, found))
    for name, value in by_hand(TRUE, found).items():
        assert np.isclose(told[name], value)


def test_boundaries_by_hand():
    edge = boundary(TRUE)
    assert edge.sum() == 4 * 20 - 4 and edge[10, 10:30].all() and not edge[11:29, 11:29].any()
    assert not boundary(np.ones((5, 5), bool)).any()  # the picture's border is no boundary
    assert near(edge, 1)[9, 9] and not near(edge, 1)[8, 8]


@pytest.mark.parametrize(("shift", "value"), [(0, 1.0), (1, 1.0)])
def test_boundary_f1_forgives_a_pixel(shift, value):
    assert scores(count(TRUE, np.roll(TRUE, shift, axis=1)))["boundary_f1"] == value


def test_boundary_f1_by_hand():
    """Moved by 5 where 1 is forgiven: near are 16 pixels of the top edge and one below its corner, twice."""
    told = scores(count(TRUE, SHIFTED))["boundary_f1"]
    assert np.isclose(told, 2 * (16 + 1) / 76)


def test_empty_masks():
    nothing = np.zeros_like(TRUE)
    assert set(scores(count(nothing, nothing)).values()) == {1.0}
    missed, invented = scores(count(TRUE, nothing)), scores(count(nothing, TRUE))
    for told in (missed, invented):
        assert {name for name, value in told.items() if value == 0} == {
            "iou",
            "f1",
            "precision",
            "recall",
            "boundary_f1",
        }
    full = np.ones_like(TRUE)
    assert set(scores(count(full, full)).values()) == {1.0}


def test_counts_of_pictures_add_up_to_those_of_the_set():
    together = count(np.hstack([TRUE, TRUE]), np.hstack([TRUE, SHIFTED]))[:4]
    assert (count(TRUE, TRUE)[:4] + count(TRUE, SHIFTED)[:4] == together).all()
