"""Where results may go."""

import os

import pytest

from command.places import check_apart, check_ending, check_file, check_place, check_targets
from utils import UserError


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("nowhere")
    return tmp_path


@pytest.mark.parametrize("place", ["new", "file", "folder/new", "not/yet/there/new", "folder", "link"])
def test_what_can_be_written_passes_and_nothing_is_made(here, place):
    check_place("--save", place)
    assert sorted(os.listdir()) == ["file", "folder", "link"] and not os.listdir("folder")


@pytest.mark.parametrize(
    "place",
    ["file/new", "file/deep/new", "link/new", "a" * 256, "folder/" + "b" * 300, "c/" * 3000],
    ids=lambda place: place[:12],
)
def test_what_cannot_be_written_is_refused_with_its_option(place):
    with pytest.raises(UserError, match=r"--save=.* cannot be written: .*; choose another place"):
        check_place("--save", place)


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="no /proc")
def test_a_folder_that_only_says_that_it_can_be_written_to_is_refused():
    with pytest.raises(UserError, match="--save=/proc/new cannot be written: /proc is closed"):
        check_place("--save", "/proc/new")


def test_a_folder_is_no_file():
    check_file("--model", "file")
    with pytest.raises(UserError, match="--model=folder is a folder; name a file"):
        check_file("--model", "folder")


def test_what_is_read_and_other_results_are_not_overwritten(here):
    (here / "alias").symlink_to("file")
    check_apart({"--panel": "a.png", "--parts": "b.png"}, ["file"])
    with pytest.raises(UserError, match="--panel=alias would overwrite file; choose another name"):
        check_apart({"--panel": "alias"}, ["file"])
    with pytest.raises(UserError, match=r"--parts=\./a\.png would overwrite what --panel writes"):
        check_apart({"--panel": "a.png", "--parts": "./a.png"}, [])


def test_an_ending_names_a_format():
    check_ending("--panel", "a.PNG", (".png",))
    with pytest.raises(UserError, match=r"--panel=a.txt must end in .png"):
        check_ending("--panel", "a.txt", (".png",))


def test_a_link_to_itself_is_not_the_target(tmp_path):
    loop = tmp_path / "loop.jpg"
    loop.symlink_to("loop.jpg")
    assert check_targets({loop: tmp_path / "out.jpg"})
