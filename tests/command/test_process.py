import errno
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from command.process import locked, run, stop_between_steps, stop_if_asked, stoppable, stopped_if
from utils import ROOT, UserError


@pytest.fixture(autouse=True)
def hears_ctrl_c():
    """Also where the tests run in the background, of a shell that makes its children deaf to Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def ends(monkeypatch, capfd):
    """Run a function as a script would; gives (status, what it said on stderr)."""

    def call(main):
        monkeypatch.setattr(sys, "argv", ["script.py"])
        capfd.readouterr()
        with pytest.raises(SystemExit) as stop:
            run(main)
        return stop.value.code, capfd.readouterr().err

    return call


def raising(error):
    def main(argv):
        raise error

    return main


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (UserError("--size=3 is small; make it larger"), "script.py: --size=3 is small; make it larger\n"),
        (PermissionError(13, "Permission denied", "a.jpg"), "script.py: a.jpg cannot be used (Permission denied)"),
        (
            OSError(28, "No space left on device"),
            "script.py: a file or connection cannot be used (No space left on device)",
        ),
        (MemoryError(), "script.py: out of memory; close other programs"),
        (type("ResourceExhaustedError", (Exception,), {})(), "script.py: out of memory; close other programs"),
    ],
)
def test_what_a_user_can_mend_is_one_line_and_exit_2(ends, error, said):
    status, err = ends(raising(error))
    assert status == 2 and err.startswith(said) and err.count("\n") == 1


def test_a_bug_is_no_users_mistake():
    with pytest.raises(ZeroDivisionError):
        run(raising(ZeroDivisionError()))


@pytest.mark.parametrize("name", ["torhc", "a.b", "../c"])
def test_a_backend_that_is_not_installed_is_named(ends, monkeypatch, name):
    def main(argv):
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setenv("KERAS_BACKEND", name)
    status, err = ends(main)
    assert (
        status == 2 and err.startswith(f"script.py: KERAS_BACKEND={name} is not installed; ") and err.count("\n") == 1
    )


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("turned", [False, True])
def test_a_signal_is_heard_told_and_counted(ends, number, status, turned):
    def main(argv):
        try:
            os.kill(os.getpid(), number)
            time.sleep(5)
        except KeyboardInterrupt:
            if turned:
                raise ValueError("what a library makes of it") from None
            raise KeyboardInterrupt("epoch 3 is saved") from None

    before = signal.getsignal(number)
    assert ends(main) == (status, "stopped\n" if turned else "stopped: epoch 3 is saved\n")
    assert signal.getsignal(number) is before


def test_a_stop_waits_for_the_step_and_a_second_one_does_not(ends):
    told = []

    def main(argv):
        with stop_between_steps():
            os.kill(os.getpid(), signal.SIGTERM)
            told.append("goes on")
            if argv is not None:
                stop_if_asked()
            os.kill(os.getpid(), signal.SIGTERM)
            told.append("never")

    assert ends(main)[0] == 143 and told == ["goes on"]
    assert ends(lambda argv: main(None))[0] == 143 and told == ["goes on"] * 2


def test_a_stop_in_the_last_step_is_not_lost(ends):
    def main(argv):
        with stop_between_steps():
            os.kill(os.getpid(), signal.SIGTERM)
        raise AssertionError

    assert ends(main)[0] == 143


def test_work_in_another_thread_holds_no_stop_back(ends):
    begun, over = threading.Event(), threading.Event()

    def work():
        with stop_between_steps():
            begun.set()
            over.wait(60)

    def main(argv):
        worker.start()
        begun.wait(60)
        os.kill(os.getpid(), signal.SIGTERM)
        raise AssertionError

    worker = threading.Thread(target=work)
    assert ends(main)[0] == 143
    over.set()
    worker.join()


def test_who_ignores_ctrl_c_goes_on_doing_so(monkeypatch):
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stoppable() as stops:
            os.kill(os.getpid(), signal.SIGINT)
        assert not stops
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_reader_that_leaves_is_no_error():
    script = f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r}); from command.process import run; "
    script += "run(lambda argv: [print('x' * 1000, flush=True) for _ in range(10_000)])"
    running = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    running.stdout.close()
    assert running.stderr.read() == b"" and running.wait() == 141
    running.stderr.close()


# ---------------------------------------------------------------- one at a time


@pytest.fixture
def other(tmp_path):
    """Start another process that holds places, until it is killed or the test ends."""
    started = []

    def hold(*places):
        script = f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r}); from pathlib import Path; "
        script += "from command.process import locked\n"
        script += "with locked(('--save', Path(p)) for p in sys.argv[1:]): print('ready', "
        script += "flush=True); sys.stdin.read()"
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        started.append(subprocess.Popen([sys.executable, "-c", script, *map(str, places)], **pipes))
        assert started[-1].stdout.readline() == b"ready\n"
        return started[-1]

    yield hold
    for process in started:
        process.kill()
        process.communicate()


def is_free(*places):
    try:
        with locked(("--save", place) for place in places):
            return True
    except UserError as error:
        assert "another run is at work there" in str(error) and "--save=" in str(error)
        return False


def test_a_place_is_for_one_run_at_a_time(tmp_path, other):
    place = tmp_path / "new" / "a.png"
    first = other(place)
    assert not is_free(place) and is_free(tmp_path / "new" / "b.png") and not is_free(tmp_path / "b.png", place)
    first.communicate(b"")
    assert is_free(place) and [file.name for file in tmp_path.rglob("*")] == ["new"]


def test_a_folder_for_nothing_is_not_left(tmp_path):
    with pytest.raises(ValueError), locked([("--save", tmp_path / "a/b/c.png")]):
        raise ValueError
    assert not list(tmp_path.iterdir())


def test_what_a_killed_run_held_is_free(tmp_path, other):
    first = other(tmp_path / "*")
    assert not is_free(tmp_path / "*")
    first.kill()
    first.wait()
    assert list(tmp_path.iterdir()) and is_free(tmp_path / "*") and not list(tmp_path.iterdir())


def test_what_a_killed_run_left_half_is_swept_up(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    halves = [f".0123456789ab-{pid}.part{end}" for pid in (dead.pid, os.getpid()) for end in ("", ".png")]
    others = [f".0123456789ab-{dead.pid}.png", f"0123456789ab-{dead.pid}.part", f".mine-{dead.pid}.part"]
    for name in halves + others:
        (tmp_path / name).touch()
    assert is_free(tmp_path / "*")
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(halves[2:] + others)


def test_a_lock_that_ends_between_opening_and_taking_is_none(tmp_path, monkeypatch):
    from command import process

    ask, asked = process._lock, []

    def slow(file):
        if not asked:  # the other run ends just now, and takes its file along
            next(tmp_path.glob(".*.lock")).unlink()
        asked.append(file)
        ask(file)

    monkeypatch.setattr(process, "_lock", slow)
    with locked([("--save", tmp_path / "a")]):
        assert len(asked) == 2 and len(list(tmp_path.iterdir())) == 1


COMMANDS = {  # and the place that is taken
    "predict.py --file_path={people}/images --save={out}": "*",
    "predict.py --file_path={people}/images/0000.jpg --save={out}/a.png": "a.png",
    "stylize.py --content={people}/images --style={people}/images/0000.jpg --save={out}": "*",
    "stylize.py --content={people}/images/0000.jpg --style=1.jpg --save={out}/a --panel={out}/p.png": "p.png",
    "train.py --data={people} --model={out}/m.keras": "m.run",
    "distill.py --photos={people}/images --paintings={people}/images --model={out}/m.keras": "m.run",
    "evaluate.py --data={people} --model={model} --json={out}/a.json": "a.json",
    "download_data.py --file_path={out} --dataset=ade20k": "ade20k",
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_second_run_on_the_same_results_is_refused(script, people, trained, tmp_path, other, command):
    out = tmp_path / "out"
    other(out / COMMANDS[command])
    before = sorted(out.iterdir())
    status, said, err = script(*command.format(people=people, model=trained, out=out).split())
    assert status == 2 and not said and err.count("\n") == 1 and "another run is at work there; wait" in err
    assert sorted(out.iterdir()) == before


def test_a_name_as_long_as_can_be(tmp_path):
    assert is_free(tmp_path / ("x" * 255))


def test_a_disk_without_locks_is_used_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr("command.process._lock", raising(OSError(37, "No locks available")))
    assert is_free(tmp_path / "a")


def test_a_place_below_a_file_is_named(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UserError, match=r"--save=.*cannot be written"), locked([("--save", tmp_path / "file" / "a")]):
        pass


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


def test_work_that_is_called_off_stops_at_its_next_step():
    asked = []
    with stopped_if(lambda: len(asked) > 1):
        for _ in range(2):
            stop_if_asked()
            asked.append(None)
        with pytest.raises(KeyboardInterrupt):
            stop_if_asked()
    stop_if_asked()  # what comes later is not concerned
