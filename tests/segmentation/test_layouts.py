"""Every layout on a drawn set: the same test for all, so that a new entry needs none of its own."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

import evaluate
import train
from drawn import draw_layout, drawn_labels
from segmentation.batches import Augmentation, Batches
from segmentation.cache import decoded
from segmentation.datasets import WrongSize, find_pairs, read_pair, split
from segmentation.labels import read_labels
from segmentation.layouts import HELD_BACK, LAYOUTS, TRAINING, VOID, ignored_labels, indices, layout_of
from utils import UserError


@pytest.fixture(params=LAYOUTS)
def named(request, tmp_path):
    return request.param, draw_layout(tmp_path / "set", request.param)


def test_a_layout_is_recognised_and_read(named):
    name, folder = named
    layout = layout_of(folder)
    assert layout == layout_of(folder, name) and layout.name == name
    pairs, problems = find_pairs(folder, layout)
    assert len(pairs) == 5 * len(layout.parts) and not problems
    for picture, label in pairs.values():
        assert picture != label and picture.suffix == ".jpg" and label.suffix == ".png"
        image, labels = read_pair(picture, label, layout)
        assert image.size == (32, 24) and labels.dtype == np.uint8
        number = int(picture.stem.removesuffix("_image"))
        assert (labels == np.roll(drawn_labels(layout.outputs), 3 * number, axis=1)).all()


def test_a_sets_own_split_is_respected(named):
    name, folder = named
    pairs, _ = find_pairs(folder, layout_of(folder))
    training, held_back = split(pairs, 0.5)
    stems = list(pairs)
    if set(LAYOUTS[name].parts) == {TRAINING, HELD_BACK}:
        assert {stems[place].split("/")[0] for place in training} == {TRAINING}
        assert {stems[place].split("/")[0] for place in held_back} == {HELD_BACK}
        assert (split(pairs, 0.0)[1] == held_back).all()  # whatever share is asked for
    else:
        assert len(training) + len(held_back) == 5


def test_a_layout_goes_through_the_cache_and_augmentation(named):
    """No class that is not in the files ever appears, however labels are scaled, padded and moved."""
    _, folder = named
    layout = layout_of(folder)
    pairs = decoded(folder, 32)
    known = {0, 1} if layout.outputs == 1 else {*range(layout.outputs), VOID}
    assert pairs.layout == layout and set(np.unique(pairs.labels)) <= known
    padding = set(np.unique(pairs.labels[:, :3]))
    assert padding == ({0} if layout.outputs == 1 else {VOID})
    ignored = ignored_labels(None, layout)
    batches = Batches(pairs, list(pairs.rows.values()), 5, Augmentation(layout), shuffle=True, ignored=ignored)
    for index in range(len(batches)):
        pictures, labels = batches[index]
        assert pictures.shape == (5, 32, 32, 3) and labels.shape == (5, 32, 32, 1) and labels.dtype == np.float32
        assert set(np.unique(labels)) <= known - set(ignored)


def test_a_file_tells_layouts_with_the_same_folders_apart(tmp_path):
    folder = draw_layout(tmp_path, "voc")
    (folder / "classes.txt").unlink()
    assert layout_of(folder) == LAYOUTS["people"] and layout_of(folder, "voc") == LAYOUTS["voc"]


def test_unclear_pixels_do_not_count_where_the_layout_has_them(tmp_path):
    labels = np.uint8([[0, 20, VOID], [15, 0, 0]])
    Image.fromarray(labels).save(tmp_path / "a.png")
    assert (read_labels(tmp_path / "a.png", LAYOUTS["voc"]) == labels).all()
    with pytest.raises(UserError, match="outside 0 to 150"):
        read_labels(tmp_path / "a.png", LAYOUTS["ade20k"])


def test_moved_labels_are_never_blended(named):
    """Two classes far apart: a blend would be one between them."""
    layout = layout_of(named[1])
    high = float(max(1, layout.outputs - 1))
    labels = np.zeros((8, 32, 32, 1), np.float32)
    labels[:, 8:24, 8:24] = high
    pictures = np.repeat(labels / high, 3, axis=3)
    moved_pictures, moved = Augmentation(layout)(pictures, labels, np.random.default_rng(2))
    allowed = {0.0, high} if layout.outputs == 1 else {0.0, high, float(VOID)}
    assert set(np.unique(moved)) <= allowed and (moved != labels).any() and moved_pictures.max() <= 1


def test_figures_groups_and_mirrored_classes_are_classes(named):
    layout = layout_of(named[1])
    assert len(set(layout.classes)) == layout.outputs < VOID
    for names in (layout.figure, layout.ignored, *layout.groups.values(), *layout.mirrored):
        assert set(names) <= set(layout.classes)


def test_the_usage_knows_every_layout():
    for script in (train, evaluate):
        assert script.OPTIONS["--layout"].names == ("auto", *LAYOUTS)
        assert all(name in script.__doc__ for name in LAYOUTS)


def test_ade20k_has_150_classes_and_other():
    classes = LAYOUTS["ade20k"].classes
    assert len(classes) == 151 and classes[0] == "other" and LAYOUTS["ade20k"].ignored == ("other",)
    # Some that are known by their number.
    assert [classes[number] for number in (1, 3, 13, 21, 128, 150)] == [
        "wall",
        "sky",
        "person",
        "car",
        "bicycle",
        "flag",
    ]


def test_a_mirror_swaps_left_and_right():
    layout = LAYOUTS["helen"]
    lb, rb, le, re, nose = (layout.classes.index(name) for name in ("lb", "rb", "le", "re", "nose"))
    labels = np.float32([[lb, le, nose, re, rb], [0, VOID, nose, 0, 10]])[None, ..., None]
    pictures = np.arange(30, dtype=np.float32).reshape(1, 2, 5, 3)
    augmentation = Augmentation(layout)
    mirrored, swapped = augmentation.mirror(pictures, labels, np.array([True]))
    assert swapped[0, :, :, 0].tolist() == [[lb, le, nose, re, rb], [10, 0, nose, VOID, 0]]
    assert (mirrored == pictures[:, :, ::-1]).all()
    again, back = augmentation.mirror(mirrored, swapped, np.array([True]))
    assert (again == pictures).all() and (back == labels).all()
    same, kept = augmentation.mirror(pictures, labels, np.array([False]))
    assert (same == pictures).all() and (kept == labels).all()


def test_a_folder_of_no_layout_is_named(tmp_path):
    with pytest.raises(UserError, match=r"--data=.* has neither images/ and masks/ .*pets, ade20k or helen"):
        layout_of(tmp_path)
    draw_layout(tmp_path, "people")
    with pytest.raises(UserError, match=r"has no folder annotations/trimaps/, which --layout=pets needs"):
        layout_of(tmp_path, "pets")


def test_labels_that_are_none_are_named(tmp_path):
    Image.new("L", (8, 8), 4).save(tmp_path / "a.png")
    with pytest.raises(UserError, match=r"a\.png holds labels outside 1 to 3"):
        read_labels(tmp_path / "a.png", LAYOUTS["pets"])
    Image.new("RGB", (8, 8), (1, 2, 1)).save(tmp_path / "b.png")
    with pytest.raises(UserError, match=r"b\.png holds colours"):
        read_labels(tmp_path / "b.png", LAYOUTS["pets"])
    Image.new("RGB", (9, 8)).save(tmp_path / "b.jpg")
    with pytest.raises(WrongSize, match=r"8 x 8, its picture is 9 x 8"):
        Image.new("L", (8, 8), 1).save(tmp_path / "c.png")
        read_pair(tmp_path / "b.jpg", tmp_path / "c.png", LAYOUTS["pets"])


def test_viz_pictures_of_helen_are_not_taken_for_photos(tmp_path):
    folder = draw_layout(tmp_path, "helen")
    Image.new("RGB", (32, 24)).save(folder / "train" / "0_viz.png")
    assert len(find_pairs(folder, LAYOUTS["helen"])[0]) == 10


def test_what_is_ignored_can_be_said():
    layout = LAYOUTS["ade20k"]
    assert ignored_labels(None, layout) == [0] and ignored_labels(("none",), layout) == []
    assert ignored_labels(("sky", "wall"), layout) == [3, 1]
    with pytest.raises(UserError, match="--ignore=person2"):
        ignored_labels(("person2",), layout)
    with pytest.raises(UserError, match="--ignore=person leaves no class"):
        ignored_labels(("person",), LAYOUTS["people"])
    with pytest.raises(UserError, match="--classes=dog is not a class; choose from pet, surroundings"):
        indices("--classes", ("dog",), LAYOUTS["pets"].classes)


def test_layouts_are_data():
    assert all(dataclasses.is_dataclass(layout) for layout in LAYOUTS.values())
