import numpy as np
import pytest
from PIL import Image

from drawn import draw_layout, draw_set
from segmentation.cache import decoded
from segmentation.joined import Joined
from segmentation.layouts import DENIAL, LAYOUTS, VOID
from utils import UserError

VOC = LAYOUTS["voc"]
PERSON, CAR = VOC.classes.index("person"), VOC.classes.index("car")


@pytest.fixture
def sets(tmp_path):
    """Three sets of 32 px: 21 classes; people alone; people and cars, with an unclear corner. And an empty room."""
    draw_layout(tmp_path / "things", "voc")
    draw_set(tmp_path / "people", 3, width=32, height=32)
    for part in ("images", "masks"):
        (tmp_path / "traffic" / part).mkdir(parents=True)
        for file in (tmp_path / "people" / part).iterdir():
            file.rename(file.with_name(f"p{file.name}"))
    Image.new("RGB", (32, 32), "red").save(tmp_path / "traffic/images/street.jpg")
    labels = np.zeros((32, 32), np.uint8)
    labels[:8], labels[8:16], labels[16:24], labels[0, 0] = PERSON, CAR, 3, VOID
    Image.fromarray(labels).save(tmp_path / "traffic/masks/street.png")
    (tmp_path / "rooms").mkdir()
    Image.new("RGB", (32, 32), "blue").save(tmp_path / "rooms/hall.png")
    return tmp_path


def joined(sets):
    partial = [(sets / "people", ("person",)), (sets / "traffic", ("person", "car"))]
    return decoded(sets / "things", 32, nobody=[sets / "rooms"], partial=partial)


def test_what_is_not_labelled_is_only_denied(sets):
    for _ in range(2):  # fresh and from the cache
        pairs = joined(sets)
        assert pairs.layout == VOC and pairs.denials == {DENIAL: [PERSON], DENIAL - 1: [PERSON, CAR]}
        labels = {stem: pairs.labels[row] for stem, row in pairs.rows.items()}
        assert len(labels) == 5 + 3 + 1 + 1 and (labels["hall"] == DENIAL).all()
        true = np.asarray(Image.open(sets / "people/masks/p0000.png")) > 0
        assert (labels["p0000"] == np.where(true, PERSON, DENIAL)).all()
        street = labels["street"]
        assert (street[1:8] == PERSON).all() and (street[8:16] == CAR).all() and (street[16:] == DENIAL - 1).all()
        assert street[0, 0] == VOID and set(np.unique(labels["0"])) <= {*range(21), VOID}


def test_how_a_set_is_labelled_is_part_of_its_fingerprint(sets):
    first = decoded(sets / "things", 32, partial=[(sets / "traffic", ("person", "car"))])
    second = decoded(sets / "things", 32, partial=[(sets / "traffic", ("person", "dog"))])
    assert first.fingerprint != second.fingerprint


@pytest.mark.parametrize(
    ("folder", "known", "words"),
    [
        ("people", ("unicorn",), "--partial=unicorn is not a class"),
        ("people", VOC.classes, "--partial=background.* names all classes"),
        ("rooms", ("person",), "--partial=.*rooms has no folder images/"),
        ("things", ("person", "car"), "--partial and --data both hold pictures named 0, 1"),
        ("traffic", ("person",), "--partial=.*traffic: its masks hold the numbers of classes, 0, 3, 7, 15, 255"),
    ],
)
def test_a_set_that_does_not_fit_is_named(sets, folder, known, words):
    with pytest.raises(UserError, match=words):
        Joined(VOC, sets / "things").add_partial(sets / folder, known)


def test_a_single_class_is_never_partly_labelled(people, sets):
    with pytest.raises(UserError, match=r"--partial=.* is for data with several classes"):
        Joined(LAYOUTS["people"], people).add_partial(sets / "people", ("person",))
