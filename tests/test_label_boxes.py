"""Photos with boxes become a labelled set: where the network and the boxes agree, and nowhere else."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from segmentation.cache import decoded
from segmentation.layouts import DENIAL, LAYOUTS, VOID
from utils import ROOT, UserError

PERSON = LAYOUTS["voc"].classes.index("person")
pytestmark = pytest.mark.xdist_group("shipped")  # whose networks are loaded once


@pytest.fixture(autouse=True)
def path(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "model")


def found(top, left, bottom, right, level=1.0):
    mask = np.zeros((20, 40), np.float32)
    mask[top:bottom, left:right] = level
    return mask


def test_a_mask_that_fills_its_box_is_believed():
    from label_boxes import labels_of

    labels = labels_of(found(5, 10, 15, 20), [(0.25, 0.25, 0.5, 0.75)], PERSON)
    np.testing.assert_array_equal(labels, found(5, 10, 15, 20) * PERSON)


def test_what_boxes_and_network_disagree_on_does_not_count():
    from label_boxes import labels_of

    nobody = labels_of(found(0, 0, 0, 0), [(0.25, 0.25, 0.5, 0.75)], PERSON)
    np.testing.assert_array_equal(nobody, found(5, 10, 15, 20) * VOID)
    unasked = labels_of(found(5, 10, 15, 20), [], PERSON)
    np.testing.assert_array_equal(unasked, found(5, 10, 15, 20) * VOID)


def test_part_of_a_box_is_a_person_and_the_rest_unclear():
    from label_boxes import labels_of

    labels = labels_of(found(5, 10, 12, 20), [(0.25, 0.25, 0.5, 0.75)], PERSON)
    assert (labels[5:12, 10:20] == PERSON).all() and (labels[12:15, 10:20] == VOID).all()
    assert (labels == 0).sum() == 20 * 40 - 100


@pytest.mark.parametrize("level", [0.2, 0.5, 0.8])
def test_doubt_does_not_count(level):
    from label_boxes import labels_of

    labels = labels_of(found(5, 10, 15, 20, level), [(0.25, 0.25, 0.5, 0.75)], PERSON)
    assert (labels[5:15, 10:20] == VOID).all() and (labels == 0).sum() == 20 * 40 - 100


@pytest.mark.parametrize(
    ("content", "words"), [(None, "cannot be read, .*No such file"), ("{", "cannot be read"), ("{}", "lacks hopper")]
)
def test_a_folder_without_right_boxes_is_refused(tmp_path, content, words):
    from label_boxes import boxes_of

    if content:
        (tmp_path / "boxes.json").write_text(content)
    with pytest.raises(UserError, match=words):
        boxes_of(tmp_path, [tmp_path / "images/hopper.jpg"])


def test_a_folder_of_boxes_can_be_trained_on(tmp_path):
    from label_boxes import main

    (tmp_path / "boxes/images").mkdir(parents=True)
    shutil.copy(ROOT / "examples/portraits/images/grace_hopper.jpg", tmp_path / "boxes/images/hopper.jpg")
    (tmp_path / "boxes/boxes.json").write_text(json.dumps({"hopper": [[0.02, 0.03, 1, 1]]}))
    main([f"--data={tmp_path}/boxes", f"--model={ROOT}/model/person.keras", f"--save={tmp_path}/labelled"])
    assert (tmp_path / "labelled/images/boxes_hopper.jpg").exists()
    with Image.open(tmp_path / "labelled/masks/boxes_hopper.png") as mask:
        labels = np.asarray(mask)
    true = np.asarray(Image.open(ROOT / "examples/portraits/masks/grace_hopper.png")) > 0
    assert set(np.unique(labels)) <= {0, PERSON, VOID} and (labels == VOID).mean() < 0.2
    assert (labels[true] == PERSON).mean() > 0.9 and (labels[~true] == PERSON).mean() < 0.1
    (tmp_path / "things/images").mkdir(parents=True)
    (tmp_path / "things/masks").mkdir()
    (tmp_path / "things/classes.txt").write_text("\n".join(LAYOUTS["voc"].classes) + "\n")
    Image.new("RGB", (32, 32)).save(tmp_path / "things/images/0.png")
    Image.new("L", (32, 32)).save(tmp_path / "things/masks/0.png")
    pairs = decoded(tmp_path / "things", 64, partial=[(tmp_path / "labelled", ("person",))])
    assert set(np.unique(pairs.labels[pairs.rows["boxes_hopper"]])) <= {PERSON, DENIAL, VOID}
