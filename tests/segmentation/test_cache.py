import os
import shutil

import numpy as np
import pytest
from PIL import Image

from drawn import draw_layout
from segmentation import cache as module
from segmentation.cache import decoded
from segmentation.layouts import DENIAL, VOID
from utils import UserError


@pytest.fixture
def folder(people, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "CACHE", tmp_path / "cache")
    return shutil.copytree(people, tmp_path / "set")


def test_pictures_and_masks_are_decoded_and_padded(folder):
    Image.new("RGB", (80, 40), (250, 250, 250)).save(folder / "images" / "wide.png")
    Image.new("L", (80, 40), 255).save(folder / "masks" / "wide.png")
    pairs = decoded(folder, 32)
    assert pairs.pictures.shape == (25, 32, 32, 3) and pairs.labels.shape == (25, 32, 32)
    assert pairs.pictures.dtype == pairs.labels.dtype == np.uint8 and set(np.unique(pairs.labels)) == {0, 1}
    row = pairs.rows["wide"]
    inside = np.zeros((32, 32), bool)
    inside[8:24] = True
    assert (pairs.labels[row] == inside).all() and ((pairs.pictures[row] > 240).all(-1) == inside).all()


def test_a_mask_keeps_its_area(folder):
    pairs = decoded(folder, 32)
    for stem, row in pairs.rows.items():
        true = np.asarray(Image.open(folder / "masks" / f"{stem}.png")) > 0
        assert abs(pairs.labels[row].mean() - true.mean()) < 0.02


def test_the_second_time_nothing_is_decoded(folder, monkeypatch):
    decoded(folder, 32)
    monkeypatch.setattr(module, "read_pair", lambda *files: pytest.fail("decoded again"))
    assert len(decoded(folder, 32).rows) == 24


def test_the_cache_follows_the_content(folder):
    first = decoded(folder, 32)
    picture = folder / "images" / "0000.jpg"
    before = picture.stat()
    content = bytearray(picture.read_bytes())
    Image.new("RGB", (64, 64), "red").save(picture)
    picture.write_bytes(picture.read_bytes().ljust(len(content), b"\0"))  # the same size
    os.utime(picture, (before.st_atime, before.st_mtime))  # and the same date
    second = decoded(folder, 32)
    assert first.fingerprint != second.fingerprint
    assert second.pictures[second.rows["0000"]][..., 0].min() > 200


def test_what_is_left_out_is_counted_and_named(folder, capsys):
    (folder / "images" / "0003.jpg").write_bytes(b"broken")
    Image.new("L", (5, 5)).save(folder / "masks" / "0004.png")
    (folder / "masks" / "0005.png").unlink()
    for _ in range(2):  # fresh and from the cache
        pairs = decoded(folder, 32)
        said = capsys.readouterr().out
        assert "left out, 1 pairs that cannot be read: 0003" in said
        assert "left out, 1 masks of another size than their picture: 0004" in said
        assert "left out, 1 pictures without a mask: 0005.jpg" in said
    assert len(pairs.rows) == 21 and not {"0003", "0004", "0005"} & pairs.rows.keys()


@pytest.mark.parametrize("what", ["empty", "broken"])
def test_a_set_with_nothing_left_is_refused(folder, what):
    for file in (folder / "images").iterdir():
        file.write_bytes(b"") if what == "broken" else file.unlink()
    with pytest.raises(UserError, match="--data has no usable pair"):
        decoded(folder, 32)
    assert list(module.CACHE.iterdir()) == []


def test_an_interrupted_cache_is_made_again(folder, monkeypatch):
    def interrupted(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(module, "write_json", interrupted)
        decoded(folder, 32)
    assert list(module.CACHE.iterdir()) == []
    assert len(decoded(folder, 32).rows) == 24


def test_a_cache_that_the_disk_cannot_hold_is_refused_before_the_work(folder, monkeypatch):
    monkeypatch.setattr(module.shutil, "disk_usage", lambda place: shutil._ntuple_diskusage(10, 10, 1000))
    with pytest.raises(UserError, match="--size"):
        decoded(folder, 32)
    assert list(module.CACHE.iterdir()) == []


@pytest.fixture
def empty_rooms(tmp_path):
    (tmp_path / "rooms").mkdir()
    Image.new("RGB", (80, 40), (250, 250, 250)).save(tmp_path / "rooms" / "hall.png")
    return tmp_path / "rooms"


def test_photos_of_nobody_come_with_empty_masks(folder, empty_rooms):
    alone, pairs = decoded(folder, 32), decoded(folder, 32, nobody=[empty_rooms])
    assert set(pairs.rows) - set(alone.rows) == {"hall"} and pairs.fingerprint != alone.fingerprint
    assert pairs.pictures[pairs.rows["hall"]].max() > 240 and not pairs.labels[pairs.rows["hall"]].any()


def test_photos_of_nobody_are_told_from_the_others_and_from_each_other(folder, empty_rooms):
    Image.new("RGB", (8, 8)).save(empty_rooms / "0003.png")
    with pytest.raises(UserError, match=r"--nobody and --data both .*0003"):
        decoded(folder, 32, nobody=[empty_rooms])
    Image.new("RGB", (8, 8)).save(empty_rooms / "hall.jpg")
    with pytest.raises(UserError, match=r"--nobody holds several .*hall"):
        decoded(folder, 32, nobody=[empty_rooms])


def test_with_several_classes_photos_of_nobody_only_deny_the_figure(tmp_path, empty_rooms):
    pairs = decoded(draw_layout(tmp_path / "pets", "pets"), 32, nobody=[empty_rooms])
    assert pairs.denials == {DENIAL: [0]}  # the pet
    assert set(np.unique(pairs.labels[pairs.rows["hall"]])) == {DENIAL, VOID}
