"""What is kept of an unfinished painting comes back to the bit, to the same plan only, and is gone at the end."""

import numpy as np
import pytest

from files.whole import hidden_beside
from studio.unfinished import Unfinished, unfinished
from style.painting import Painting

PLAN = {"options": {"seed": 1, "style": ("a.png", "b.png")}, "files": {"content": "0123"}}


@pytest.fixture
def painting():
    picture = np.random.default_rng(0).random((6, 5, 3), np.float32)
    return Painting(picture, {"J": 1.5, "J_content": 0.25}, [3.0, 1.5], troubles=["one"], scales=2)


def test_a_painting_comes_back_as_it_was(tmp_path, painting):
    Unfinished(tmp_path / "a.jpg", PLAN).save(painting)
    found = Unfinished(tmp_path / "a.jpg", PLAN).load()
    np.testing.assert_array_equal(found.picture, painting.picture)
    assert found.picture.dtype == np.float32
    told = ("scores", "losses", "troubles", "scales")
    assert [getattr(found, name) for name in told] == [getattr(painting, name) for name in told]


def test_it_belongs_to_one_result_and_one_plan(tmp_path, painting):
    Unfinished(tmp_path / "a.jpg", PLAN).save(painting)
    assert Unfinished(tmp_path / "b.jpg", PLAN).load() is None
    assert Unfinished(tmp_path / "a.jpg", PLAN | {"options": {"seed": 2}}).load() is None


@pytest.mark.parametrize("damage", ["cut", "text", "empty", "folder", "missing"])
def test_a_damaged_file_is_none(tmp_path, painting, damage):
    progress = Unfinished(tmp_path / "a.jpg", PLAN)
    progress.save(painting)
    content = progress.file.read_bytes()
    if damage in ("folder", "missing"):
        progress.file.unlink()
    if damage == "folder":
        progress.file.mkdir()
    elif damage != "missing":
        progress.file.write_bytes({"cut": content[:200], "text": b"no array", "empty": b""}[damage])
    assert progress.load() is None


@pytest.mark.parametrize("error", [None, KeyboardInterrupt, MemoryError])
def test_it_is_gone_at_the_end_whatever_the_end(tmp_path, painting, error):
    target = tmp_path / "a.jpg"
    try:
        with unfinished(target, PLAN) as progress:
            progress.save(painting)
            assert hidden_beside(target, ".part").is_file()
            if error:
                raise error
    except (KeyboardInterrupt, MemoryError):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_does_not_stop_the_painting(tmp_path, painting, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("studio.unfinished.np.savez", full)
    progress = Unfinished(tmp_path / "a.jpg", PLAN)
    progress.save(painting)
    assert progress.load() is None and list(tmp_path.iterdir()) == []
