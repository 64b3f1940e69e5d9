import os
from pathlib import Path

import pytest

from command.options import number, one_of, options_of, path, read_options, text, typed_path, whole, whole_or
from shell import in_a_shell
from utils import ROOT, UserError

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


def test_a_tilde_before_nobody_is_a_part_of_the_name():
    assert path("--data", "~nobody-of-that-name/a") == Path("~nobody-of-that-name/a")
    assert path("--data", "~") == Path.home()


def test_a_tilde_is_the_users_folder(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("USERPROFILE", "/home/me")
    assert typed_path("--save", "~/out/") == "/home/me/out/" and typed_path("--save", "a~b") == "a~b"


@pytest.mark.parametrize("value", ["x" * 256, "x/" * 3000, "x/" * 1000], ids=["name", "3000 folders", "1000 folders"])
def test_a_path_that_is_too_long_is_named(value):
    with pytest.raises(UserError, match=r"--save=x.* is longer than a path may be"):
        path("--save", value)


def test_a_text_holds_no_null():
    with pytest.raises(UserError, match="--save="):
        text("--save", "a\0b")


def test_a_word_may_stand_for_a_number():
    check = whole_or("full", 64, 128)
    assert check("--size", "full") == "full" and check("--size", "64") == 64
    with pytest.raises(UserError, match=r"--size=fuller must be a whole number from 64 to 128, or full"):
        check("--size", "fuller")


def test_a_script_tells_what_it_would_read():
    options = options_of("predict.py", ["--file_path=a.jpg", "--output=mask"])
    assert (options["file_path"], options["output"], options["threshold"]) == ("a.jpg", "mask", 0.5)
    with pytest.raises(UserError, match="--output=gif"):
        options_of("predict.py", ["--file_path=a.jpg", "--output=gif"])


LOADING = """
import gc, os, weakref
from command.options import quiet_libraries

class Loop:
    def __init__(self):
        self.own = self

with quiet_libraries():
    os.write(2, b"a hint")
    library, off = weakref.ref(Loop()), not gc.isenabled()
later = weakref.ref(Loop())
with quiet_libraries():
    pass
gc.collect()
print(off, gc.isenabled(), library() is None, later() is None)
"""


def test_libraries_are_loaded_quietly_and_never_searched_for_garbage(tmp_path):
    """In a process of its own, as this one has loaded libraries already."""
    done = in_a_shell("-c", LOADING, PYTHONPATH=str(ROOT / "src"))
    assert (done.stdout, done.stderr) == ("True True False True\n", "")
