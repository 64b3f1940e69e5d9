"""Files that travel, and the fingerprint of our source."""

from pathlib import Path

import pytest

from cluster import parcels
from cluster.parcels import Unpacked, packed, version
from utils import UserError

PHOTO, MASK = Path("/home/someone/holiday/a.jpg"), Path("masks/a.png")


@pytest.fixture
def unpacked():
    unpacked = Unpacked()
    unpacked.put({PHOTO: b"photo", MASK: b"mask", Path("b.jpg"): b"beside"})
    return unpacked


def test_files_arrive_as_they_were(unpacked, tmp_path):
    (tmp_path / "one").write_bytes(b"\0\xff")
    assert packed([tmp_path / "one"]) == {tmp_path / "one": b"\0\xff"}
    assert [unpacked.here(file).read_bytes() for file in (PHOTO, MASK, Path("b.jpg"))] == [b"photo", b"mask", b"beside"]
    assert unpacked.all() == {unpacked.here(file) for file in (PHOTO, MASK, Path("b.jpg"))}


def test_a_file_that_is_gone_is_named(tmp_path):
    with pytest.raises(UserError, match=r"gone\.jpg cannot be read"):
        packed([tmp_path / "gone.jpg"])


def test_neighbours_stay_neighbours(unpacked):
    unpacked.put({PHOTO.with_suffix(".json"): b"record"})
    assert unpacked.here(PHOTO).with_suffix(".json").read_bytes() == b"record"
    assert unpacked.here(MASK).parent != unpacked.here(PHOTO).parent


def test_paths_are_replaced_wherever_they_are(unpacked):
    given = {"mask": MASK.parent, "style": (PHOTO, Path("/other/c.jpg")), "size": 64, "names": ["a"], "none": None}
    here = unpacked.here(given)
    assert here["mask"] == unpacked.here(MASK).parent
    assert here["style"] == (unpacked.here(PHOTO), Path("/other/c.jpg"))
    assert (here["size"], here["names"], here["none"]) == (64, ["a"], None)


def test_what_is_told_names_the_files_as_they_were(unpacked):
    text = "; ".join(f"{unpacked.here(file)} is bad" for file in (PHOTO, MASK, Path("b.jpg")))
    assert unpacked.told(text) == f"{PHOTO} is bad; {MASK} is bad; b.jpg is bad"


def test_the_files_are_gone_with_the_folder():
    unpacked = Unpacked()
    unpacked.put({PHOTO: b"photo"})
    place = unpacked.here(PHOTO)
    del unpacked
    assert not place.exists()


def test_the_fingerprint_depends_on_names_and_contents(tmp_path, monkeypatch):
    monkeypatch.setattr(parcels, "ROOT", tmp_path)
    (tmp_path / "src/room").mkdir(parents=True)
    found = []
    for name, content in (("src/a.py", "1"), ("src/a.py", "2"), ("src/room/b.py", ""), ("model/mini.json", "")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
        found.append(version.__wrapped__())
    (tmp_path / "src/a.txt").write_text("classes")
    found.append(version.__wrapped__())
    assert len(set(found)) == 5
    (tmp_path / "src/room/b.pyc").write_text("compiled")
    (tmp_path / "model/Unet_model.keras").write_text("someone's own network is sent along")
    assert version.__wrapped__() == found[-1]
