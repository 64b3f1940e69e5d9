import errno
import os
from pathlib import Path

import pytest

from command.options import number, one_of, path, read_options, text, typed_path, whole
from command.places import check_targets
from command.process import run
from files.listing import find_pictures
from files.whole import read_json, whole_file, write_json
from utils import ROOT, UserError, named, shown

USAGE = """Paint.

Usage:
  paint.py --content=<file> [options]
  paint.py --help

Options:
  --content=<file>  The photo.
  --epochs=<n>      Steps [default: 40].
  --style=<name>    wet or dry [default: wet].
  --model=<file>    The network [default: model/a.keras].
  --resume          Go on.
  --help            Show this.
"""
CHECKS = {"--content": path, "--epochs": whole(1, 100), "--style": one_of("wet", "dry"), "--model": path}


def read(*argv):
    return read_options(USAGE, CHECKS, list(argv))


def test_options_are_checked_and_typed():
    options = read("--content=a.jpg", "--epochs", "7", "--resume")
    assert options["epochs"] == 7 and options["style"] == "wet" and options["resume"] is True
    assert str(options["content"]) == "a.jpg" and "help" not in options


def test_a_default_path_hangs_on_the_root_and_a_typed_one_on_the_current_folder():
    assert read("--content=a")["model"] == ROOT / "model/a.keras"
    assert str(read("--content=a", "--model=model/a.keras")["model"]) == os.path.join("model", "a.keras")


@pytest.mark.parametrize(
    ("argv", "culprit"),
    [
        ([], "--content"),
        (["--content=a", "--epochs=0"], "--epochs=0"),
        (["--content=a", "--epochs=101"], "--epochs=101"),
        (["--content=a", "--epochs=1.5"], "--epochs=1.5"),
        (["--content=a", "--epochs=nan"], "--epochs=nan"),
        (["--content=a", "--epochs=²"], "--epochs=²"),
        (["--content=a", "--style=moist"], "--style=moist"),
        (["--content="], "--content="),
        (["--content=a", "--nonsense=3"], "--nonsense"),
        (["--content=a", "stray"], "stray"),
        (["--content=a", "--resume=yes"], "--resume"),
        (["--content=a", "--epochs=2", "--epochs=3"], "--epochs"),
    ],
)
def test_a_wrong_option_is_named_in_one_line(argv, culprit):
    with pytest.raises(UserError) as caught:
        read(*argv)
    message = str(caught.value)
    assert culprit in message and "\n" not in message and len(message) <= 300


@pytest.mark.parametrize("value", ["nan", "inf", "-1", "x", "", "1e999"])
def test_numbers_out_of_range(value):
    with pytest.raises(UserError, match="--rate"):
        number(0, 1)("--rate", value)


def test_numbers_in_range():
    assert number(0, 1)("--rate", "0") == 0 and number(0, 1)("--rate", "1e-3") == 0.001


def test_text_may_not_be_empty():
    with pytest.raises(UserError, match="--save"):
        text("--save", "")


def test_values_are_shown_on_one_short_line():
    assert shown("Zoë\n\x1b[31m") == "Zoë\\n\\x1b[31m"
    assert shown("a" * 500).count("a") == 80 and "..." in shown("a" * 500)
    assert shown(os.fsdecode(b"\xff.jpg")).endswith(".jpg")


def test_a_few_of_many_names():
    assert named(["a", "b"]) == "a, b"
    assert named(list("abcdefg"), 2) == "a, b and 5 more"


def test_a_file_is_written_whole(tmp_path):
    write_json(tmp_path / "deep" / "a.json", {"ü": [1, 2.5, None]})
    assert read_json(tmp_path / "deep" / "a.json") == {"ü": [1, 2.5, None]}
    assert os.listdir(tmp_path / "deep") == ["a.json"]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(ZeroDivisionError), whole_file(target) as temporary:
        temporary.write_text("ne")
        raise ZeroDivisionError
    assert target.read_text() == "old" and os.listdir(tmp_path) == ["a.txt"]


def test_a_full_disk_is_an_error_of_the_user(tmp_path):
    with pytest.raises(UserError, match="No space left"), whole_file(tmp_path / "a.txt") as temporary:
        temporary.write_text("half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert os.listdir(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_an_error_of_the_user(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write"), whole_file(tmp_path / "file" / "a.txt"):
        pass


def test_pictures_of_a_file_a_folder_and_a_pattern(tmp_path):
    for name in ("b.JPG", "a.png", "c.txt", ".hidden.png", "[odd].png"):
        (tmp_path / name).write_text("")
    (tmp_path / "deep.png").mkdir()
    assert [p.name for p in find_pictures("--x", tmp_path)] == ["[odd].png", "a.png", "b.JPG"]
    assert [p.name for p in find_pictures("--x", f"{tmp_path}/*.png")] == ["[odd].png", "a.png"]
    assert [p.name for p in find_pictures("--x", f"{tmp_path}/[odd].png")] == ["[odd].png"]
    assert find_pictures("--x", tmp_path / "c.txt") == [tmp_path / "c.txt"]
    with pytest.raises(UserError, match="--x"):
        find_pictures("--x", f"{tmp_path}/*.webp")


def test_a_tilde_before_nobody_is_a_part_of_the_name():
    assert path("--data", "~nobody-of-that-name/a") == Path("~nobody-of-that-name/a")
    assert path("--data", "~") == Path.home()


def test_a_tilde_is_the_users_folder(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("USERPROFILE", "/home/me")
    assert typed_path("--save", "~/out/") == "/home/me/out/" and typed_path("--save", "a~b") == "a~b"


@pytest.mark.parametrize("value", ["x" * 256, "x/" * 3000, "x/" * 1000])
def test_a_path_that_is_too_long_is_named(value):
    with pytest.raises(UserError, match=r"--save=x.* is longer than a path may be"):
        path("--save", value)


def test_a_text_holds_no_null():
    with pytest.raises(UserError, match="--save="):
        text("--save", "a\0b")


def test_a_link_to_itself_is_not_the_target(tmp_path):
    loop = tmp_path / "loop.jpg"
    loop.symlink_to("loop.jpg")
    assert check_targets({loop: tmp_path / "out.jpg"})


@pytest.mark.parametrize("error", [UserError("x" * 999 + "; the remedy"), OSError(errno.ENAMETOOLONG, "x", "y" * 999)])
def test_no_message_is_longer_than_a_line(monkeypatch, capsys, error):
    def fail(argv):
        raise error

    monkeypatch.setattr("sys.argv", ["a_script.py"])
    with pytest.raises(SystemExit) as stop:
        run(fail)
    said = capsys.readouterr().err
    assert stop.value.code == 2 and said.count("\n") == 1 and len(said) <= 300
    assert said.startswith("a_script.py: ") and said.endswith(("; the remedy\n", "; choose another\n"))
