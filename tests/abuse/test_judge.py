"""The judge notices what is wrong, and the watchdog stops what does not end."""

import os
import time
from types import SimpleNamespace

import pytest
from PIL import Image

from abuse.cases import Case
from abuse.judge import judge, snapshot
from abuse.stage import Eye, Hang, play, watchdog

GOOD = "predict.py: --threshold=7 must be a number from 0.01 to 0.99\n"


@pytest.fixture
def case(tmp_path, monkeypatch):
    """A case that is at fault for --threshold, in a folder with a picture."""
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (30, 20)).save("me.jpg")
    return Case(0, "predict.py", {"--file_path": "me.jpg", "--save": "out.png"}, words={"--threshold"})


def verdict(case, do=lambda: None, status=2, err=GOOD, trace="", outside=()):
    before = snapshot(".")
    do()
    return judge(case, SimpleNamespace(status=status, out="", err=err, trace=trace), before, snapshot("."), outside)


def test_a_good_line_passes(case):
    assert verdict(case) == []


@pytest.mark.parametrize(
    "err",
    [
        "",
        GOOD[:-1],
        GOOD * 2,
        GOOD.replace("predict", "train"),
        GOOD.replace("--threshold=7", "it"),
        GOOD.replace("must be", "is no"),
        GOOD[:-1] + "x" * 300 + "\n",
        GOOD[:-1] + "\x1b[31m\n",
        "warning\n" + GOOD,
    ],
)
def test_a_bad_line_is_seen(case, err):
    assert verdict(case, err=err)


def touch():
    os.utime("me.jpg", ns=(1, 1))


@pytest.mark.parametrize(
    "do",
    [
        touch,
        lambda: os.remove("me.jpg"),
        lambda: os.mkdir("new"),
        lambda: open("new", "w").close(),
        lambda: open(".0123.part.png", "w").close(),
        lambda: os.symlink("me.jpg", "link"),
    ],
)
def test_a_change_after_exit_2_is_seen(case, do):
    assert verdict(case, do)


def test_a_traceback_another_exit_code_and_a_file_elsewhere_are_seen(case):
    assert verdict(case, trace="Traceback") and verdict(case, status=1) and verdict(case, outside=["open /a"])


def save(size, name="out.png", kind="PNG"):
    return lambda: Image.new("RGB", size).save(name, kind)


def test_a_result_is_right_or_seen(case):
    assert verdict(case, save((30, 20)), 0, "") == []
    assert verdict(case, lambda: os.remove("out.png"), 0, "")
    assert verdict(case, save((20, 30)), 0, "")
    assert verdict(case, save((30, 20), kind="JPEG"), 0, "")
    assert verdict(case, lambda: open("out.png", "w").close(), 0, "")
    assert verdict(case, save((30, 20)), 0, "warning\n")


def test_what_does_not_end_is_stopped():
    with pytest.raises(Hang, match="SIGPROF"), watchdog(work=0.05):
        while True:
            pass
    with pytest.raises(Hang, match="SIGALRM"), watchdog(time=0.05):
        time.sleep(9)


def test_a_crash_a_warning_and_a_file_elsewhere_are_noticed(tmp_path, capfd):
    def crash(argv):
        import warnings

        warnings.warn("odd", stacklevel=1)
        (tmp_path / "elsewhere").touch()
        return 1 / 0

    with Eye().on(tmp_path / "here") as seen:
        ended = play("predict.py", SimpleNamespace(main=crash), [], capfd)
    assert "ZeroDivisionError" in ended.trace and ended.err == "warning: odd\n"
    assert any("elsewhere" in place for place in seen)
