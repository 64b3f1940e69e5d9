"""Confusion matrices, scores of classes and groups, and legends."""

import numpy as np
import pytest
from PIL import Image

from segmentation.classes import class_scores, colours, confusion, draw_confusion, explained, legend, means, painted
from segmentation.layouts import LAYOUTS, VOID

TRUE = np.uint8([[0, 0, 1, 1], [2, 2, 2, VOID]])
FOUND = np.uint8([[0, 1, 1, 2], [2, 2, 0, 0]])
NAMES = ("rest", "left", "right")


def test_confusion_by_hand():
    expected = [[1, 1, 0], [0, 1, 1], [1, 0, 2]]
    assert confusion(TRUE, FOUND, 3).tolist() == expected
    assert confusion(TRUE, FOUND, 3, ignored=[0]).tolist() == [[0, 0, 0], *expected[1:]]


def test_scores_of_classes_and_groups_by_hand():
    told = class_scores(confusion(TRUE, FOUND, 3), NAMES, {"eyes": ("left", "right")})
    assert told["rest"]["iou"] == pytest.approx(1 / 3) and told["rest"]["f1"] == pytest.approx(1 / 2)
    assert told["left"]["iou"] == pytest.approx(1 / 3) and told["left"]["pixels"] == 2
    assert told["right"]["iou"] == pytest.approx(2 / 4) and told["right"]["f1"] == pytest.approx(4 / 6)
    # Left taken for right is right for both together: 4 of 5 that are, and 5 that are found.
    assert told["eyes"]["f1"] == pytest.approx(2 * 4 / (5 + 5)) and told["eyes"]["iou"] == pytest.approx(4 / 6)


def test_a_class_that_is_nowhere_has_no_score_and_no_part_in_the_mean():
    matrix = confusion(TRUE, FOUND, 5)
    told = class_scores(matrix, (*NAMES, "d", "e"))
    assert told["d"] == {"iou": None, "f1": None, "pixels": 0}
    assert means(matrix, (*NAMES, "d", "e"))["mean_iou"] == pytest.approx(np.mean([1 / 3, 1 / 3, 1 / 2]))
    assert means(matrix, (*NAMES, "d", "e"))["pixel_accuracy"] == pytest.approx(4 / 7)


def test_colours_tell_classes_apart():
    for layout in LAYOUTS.values():
        found = colours(max(2, layout.outputs)).astype(int)
        assert len({tuple(colour) for colour in found}) == len(found)
        if len(found) < 22:
            apart = np.linalg.norm(found[:, None] - found[None], axis=-1) + 999 * np.eye(len(found))
            assert apart.min() > 70
    assert (painted(TRUE, 3)[1, 3] == 255).all() and (painted(TRUE, 3)[0, 0] == colours(3)[0]).all()


def test_the_legend_names_what_is_there():
    assert [patch.get_label() for patch in legend(NAMES, [TRUE])] == ["right", "rest", "left"]


def test_a_picture_is_explained_below_itself():
    picture = Image.new("RGB", (400, 100), (1, 2, 3))
    labels = np.zeros((100, 400), np.uint8)
    labels[:, 200:] = 2
    told = explained(picture, labels, NAMES)
    assert told.width == 400 and 100 < told.height < 160 and told.getpixel((5, 5)) == (1, 2, 3)
    strip = {tuple(colour) for row in np.asarray(told)[100:] for colour in row}
    table = [tuple(colour) for colour in colours(3).astype(int)]
    assert table[0] in strip and table[2] in strip and table[1] not in strip


def test_the_confusion_is_drawn(tmp_path):
    draw_confusion(tmp_path / "a.png", confusion(TRUE, FOUND, 3), NAMES, "title")
    with Image.open(tmp_path / "a.png") as image:
        assert min(image.size) > 200
