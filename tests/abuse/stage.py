"""Play cases: make a folder of good files, run a script in this process, and watch what it does."""

import contextlib
import importlib
import json
import logging
import os
import shutil
import signal
import socket
import sys
import traceback
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from PIL import Image

from abuse.networks import RECORD, RUN, faces
from abuse.pictures import drawn, sound
from command.process import run
from eager import answer
from utils import ROOT

MOST_WORK, MOST_TIME = 10, 120  # seconds: of the processor, as a busy machine is no hang, and of the clock
WORKERS = ("studio.studio", "segmentation.prediction", "segmentation.training", "segmentation.evaluation")
WORKERS = (*WORKERS, "distilling.distillation", "fetching.sets", "networks.runs")
DEPTH = "way/down"  # so that ../.. of a case is still a folder of its own


# ---------------------------------------------------------------- what is there


def stock(folder):
    """Put the good files into a folder that cases get copies of; returns the folder."""
    for name in ("folder/one.jpg", "folder/two.png", "photo.jpg", "style.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(sound(Path(name).suffix))
    mask = np.zeros((40, 48), np.uint8)
    mask[10:30, 10:30] = 255
    for name in ("mask.png", *(f"set/masks/00{number}.png" for number in range(4))):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(mask).save(folder / name)
    (folder / "set/images").mkdir()
    for number in range(4):
        drawn().rotate(90 * number).resize((48, 40)).save(folder / f"set/images/00{number}.jpg")
    (folder / "data/done/images").mkdir(parents=True)
    (folder / "data/done/source.json").write_text(json.dumps({"dataset": "a/done", "site": "kaggle.com"}))
    (folder / "tiny.run").mkdir()
    (folder / "tiny.run/run.json").write_text(json.dumps(RUN))
    return folder


def stock_networks(folder):
    """Put small untrained networks there, too."""
    import keras

    from networks.saved import save_network
    from segmentation.registry import build

    keras.utils.set_random_seed(1)
    for name, record in (("tiny.keras", RECORD), ("faces.keras", faces()), ("tiny.h5", RECORD)):
        save_network(folder / name, build(record), record)


# ---------------------------------------------------------------- the eye


class Eye:
    """Notes what Python writes outside of a folder while it is open."""

    def __init__(self):
        self.folder, self.seen = None, []
        sys.addaudithook(self.note)  # for good: hooks cannot be taken away

    @contextlib.contextmanager
    def on(self, folder):
        self.folder, self.seen = str(folder), []
        try:
            yield self.seen
        finally:
            self.folder = None

    def note(self, event, told):
        if self.folder is None or event not in ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir"):
            return
        if event == "open" and not self.writes(*told[1:]):
            return
        for place in told[: 2 if event == "os.rename" else 1]:
            if isinstance(place, (str, bytes, os.PathLike)) and not self.expected(os.fsdecode(place)):
                self.seen.append(f"{event} {place!r}")

    def writes(self, mode, flags):
        return any(sign in mode for sign in "wax+") if mode else bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))

    def expected(self, place):
        """In the folder, or where nothing can be: cases try that, too. Or shared memory, whose file has no name."""
        place = os.path.abspath(place)
        closed = place.startswith(("/proc", "/dev/null", f"/dev/shm/pym-{os.getpid()}-"))  # Python unlinks it at once
        return place.startswith(self.folder) or closed or "__pycache__" in place


class Hang(BaseException):
    """It takes too long."""


@contextlib.contextmanager
def watchdog(work=MOST_WORK, time=MOST_TIME):
    """Raise Hang in what takes too long."""

    def stop(number, frame):
        raise Hang(signal.Signals(number).name)

    timers = {signal.SIGPROF: (signal.ITIMER_PROF, work), signal.SIGALRM: (signal.ITIMER_REAL, time)}
    before = {number: signal.signal(number, stop) for number in timers}
    try:
        for timer, seconds in timers.values():
            signal.setitimer(timer, seconds)
        yield
    finally:
        for number, (timer, _) in timers.items():
            signal.setitimer(timer, 0)
            signal.signal(number, before[number])


@contextlib.contextmanager
def loud():
    """Let warnings and logs go to stderr as they do outside of tests, where they would stand beside our one line."""
    echo = logging.StreamHandler(sys.stderr)
    echo.setLevel(logging.WARNING)
    logging.getLogger().addHandler(echo)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *rest: print(f"warning: {message}", file=sys.stderr)
            yield
    finally:
        logging.getLogger().removeHandler(echo)


# ---------------------------------------------------------------- a run


def play(script, module, argv, capture):
    """Run a script: its status, what it printed, and the traceback if it ended in one."""
    sys.argv = [str(ROOT / "src" / script), *argv]
    capture.readouterr()
    status, trace = 0, ""
    try:
        with watchdog(), loud():
            run(module.main)
    except SystemExit as stop:
        status = stop.code or 0
    except (Exception, Hang):
        status, trace = 1, traceback.format_exc()
    out, err = capture.readouterr()
    return SimpleNamespace(status=status, out=out, err=err, trace=trace)


def set_up(patch, base, thin):
    """What holds for all cases of a test: no network, caches and home in `base`, and nothing that only takes time."""
    import keras

    for module in WORKERS:  # before there is another root for a moment, which their defaults would keep for good
        importlib.import_module(module)
    (base / "temp").mkdir()
    patch.setattr("segmentation.cache.CACHE", base / "cache")
    patch.setattr("keras.src.backend.config._KERAS_DIR", str(base / "home/.keras"), raising=False)
    patch.setenv("HOME", str(base / "home"))
    patch.setattr("tempfile.tempdir", str(base / "temp"))
    patch.setattr("command.options.ROOT", base / "project")
    patch.setattr("fetching.downloads.WAITS", ())
    for name in ("connect", "connect_ex"):
        patch.setattr(socket.socket, name, shut)
    patch.setattr(socket, "getaddrinfo", shut)
    for name in [name for name in os.environ if name.startswith("KAGGLE")]:
        patch.delenv(name)
    # One call of a function that is compiled first takes ten times as long as one that is not.
    patch.setattr(keras.Model, "predict_on_batch", answer)
    patch.setattr(sys, "argv", sys.argv)
    patch.chdir(base)


def shut(*given, **more):
    raise ConnectionRefusedError("no network here")


def fresh(base, goods):
    """A folder for a case, with copies of the good files, and an empty home."""
    for name in ("home", "project"):
        shutil.rmtree(base / name, ignore_errors=True)
    for name in ("home/.keras", "temp", "cache"):  # Keras takes /tmp where there is no such folder
        (base / name).mkdir(parents=True, exist_ok=True)
    place = base / DEPTH / "case"
    shutil.rmtree(base / "way", ignore_errors=True)
    return Path(shutil.copytree(goods, place))


def remember_networks(patch):
    """Build each network once: what is read from a file replaces all of its numbers."""
    from networks import saved

    build, known = saved.build_network, {}

    def remembered(networks, record, dtype="float32"):
        key = json.dumps([record["network"], record["network_options"], str(dtype)], sort_keys=True)
        if key not in known:
            known[key] = build(networks, record, dtype)
        return known[key]

    patch.setattr("networks.saved.build_network", remembered)
