"""A script that is stopped at any moment leaves only whole files, and the same command completes the work.

INTERRUPT=50 sends fifty signals of each kind to each script.
"""

import csv
import json
import os
import random
import re
import shutil
import signal
import time
import zipfile
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from PIL import Image

from drawn import draw_set
from files.whole import read_json
from forker import fork_server
from kaggle_server import Kaggle
from pictures.images import load, read_record
from test_download_data import archive, port  # noqa: F401
from utils import ROOT

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without fork")
TIMES = int(os.environ.get("INTERRUPT", "1"))
SEED = int(os.environ.get("INTERRUPT_SEED", str(random.randrange(2**31))))
STATUSES = {"SIGINT": 130, "SIGTERM": 143, "SIGKILL": -9}
DRAWN, SIZE = "people_segmentation", 500_000  # a downloaded set, whose files are noise of so many bytes
LEFT = re.compile(r"\..*(\.lock|\.part.*)")  # what only a killed run may leave, until the next one


@pytest.fixture(scope="module")
def forker(tmp_path_factory):
    """Ask a process that has all libraries loaded: forker(argv=..., cwd=..., err=...) or forker(wait=...)."""
    with fork_server(ROOT / "src", tmp_path_factory.mktemp("home")) as ask:
        yield ask


# ---------------------------------------------------------------- what is whole, and what is the same


def check_whole(file):
    """Fail where a file is not what its ending says, from the first byte to the last."""
    if DRAWN in file.parts:
        assert len(file.read_bytes()) == SIZE or file.suffix == ".json"
    elif file.suffix in (".png", ".jpg", ".jpeg", ".webp"):
        load(file)
    elif file.suffix == ".keras":
        with zipfile.ZipFile(file) as bundle:
            assert bundle.testzip() is None
    elif file.suffix == ".h5":
        with h5py.File(file) as weights:
            weights.visititems(lambda name, item: np.asarray(item) if isinstance(item, h5py.Dataset) else None)
    elif file.suffix == ".json":
        read_json(file)
    else:
        assert file.suffix == ".csv"


def files_of(folder):
    return sorted(file for file in folder.rglob("*") if file.is_file())


def content(file):
    """What of a file the options and the seed decide: not the seconds, nor the date."""
    if DRAWN in file.parts and file.suffix != ".json":
        return file.read_bytes()
    if file.suffix in (".png", ".jpg", ".jpeg", ".webp"):
        record = read_record(file) if file.name != "curves.png" else None
        pixels = None if file.name == "curves.png" else np.asarray(Image.open(file)).tobytes()
        return pixels, json.dumps(timeless(record))
    if file.suffix == ".keras":
        with zipfile.ZipFile(file) as bundle, bundle.open("model.weights.h5") as weights:
            return numbers(weights)
    if file.suffix == ".h5":
        return numbers(file)
    if file.suffix == ".csv":
        return [list(row.items())[:-1] for row in csv.DictReader(file.open())]
    return json.dumps(timeless(read_json(file))) if file.suffix == ".json" else file.read_bytes()


def numbers(file):
    """The weights in an HDF5 file, by name."""
    found = {}
    with h5py.File(file) as weights:
        weights.visititems(
            lambda name, item: found.update({name: item[()].tobytes()}) if isinstance(item, h5py.Dataset) else None
        )
    return found


def timeless(record):
    """A record without what a clock said."""
    if isinstance(record, dict):
        clock = ("seconds", "minutes", "downloaded", "command")
        return {name: timeless(value) for name, value in record.items() if name not in clock}
    return [timeless(value) for value in record] if isinstance(record, list) else record


def everything(folder):
    return {str(file.relative_to(folder)): content(file) for file in files_of(folder)}


# ---------------------------------------------------------------- the runs that are disturbed


@pytest.fixture(scope="module")
def inputs(tmp_path_factory, trained):
    """What the runs read: photos, a style, masks, a data set, a network."""
    folder = draw_set(tmp_path_factory.mktemp("inputs"), 12, width=64, height=48)
    shutil.copytree(folder / "images", folder / "photos", ignore=lambda _, names: names[4:])
    picture = np.random.default_rng(0).integers(0, 256, (6, 6, 3), np.uint8)
    Image.fromarray(picture).resize((64, 64), Image.Resampling.BICUBIC).save(folder / "style.png")
    shutil.copy(trained, folder / "m.keras")
    shutil.copy(trained.with_suffix(".json"), folder / "m.json")
    return folder


def paint(inputs, content, mask, *more):
    given = [f"--content={content}", f"--mask={mask}", f"--style={inputs}/style.png", "--network=mini", "--size=64"]
    return ["stylize.py", *given, "--scales=1", "--precision=float32", *more]


JOBS = {
    "predict a folder": lambda inputs: [
        "predict.py",
        f"--file_path={inputs}/images",
        f"--model={inputs}/m.keras",
        "--output=alpha",
        "--save=out",
    ],
    "paint a folder": lambda inputs: paint(
        inputs, inputs / "photos", inputs / "masks", "--epochs=2", "--similarity=content,style", "--save=out"
    ),
    "paint one": lambda inputs: paint(
        inputs,
        inputs / "images/0000.jpg",
        inputs / "masks/0000.png",
        "--epochs=8",
        "--save=out/p.jpg",
        "--evolution=out/e.webp",
        "--panel=out/panel.png",
        "--snapshots=2,5",
    ),
    "train": lambda inputs: [
        "train.py",
        f"--data={inputs}",
        "--model=out/m.keras",
        "--size=32",
        "--base=2",
        "--epochs=3",
        "--batch_size=4",
        "--precision=float32",
        "--resume",
    ],
    "download": lambda inputs: ["download_data.py", "--file_path=out"],
}


@pytest.fixture(scope="module")
def disturb(forker, inputs, tmp_path_factory):
    """What there is to do for a job: run it to its end, or run it and send a signal after some seconds."""
    err = tmp_path_factory.mktemp("err") / "err.txt"

    def run(job, cwd, number=None, seconds=0):
        err.write_text("")
        process = forker(argv=JOBS[job](inputs), cwd=cwd, err=err)
        if number:
            time.sleep(seconds)
            os.kill(process, getattr(signal, number))
        return forker(wait=process)

    undisturbed = {}

    def reference(job):
        if job not in undisturbed:
            for _ in range(2):  # the second time, the cache of decoded pictures is there
                cwd = tmp_path_factory.mktemp("undisturbed")
                began = time.perf_counter()
                assert run(job, cwd) == 0, err.read_text()
                seconds = time.perf_counter() - began
            undisturbed[job] = seconds, everything(cwd)
        return undisturbed[job]

    return SimpleNamespace(run=run, reference=reference, said=err.read_text)


def _marks(job, number):
    """In make test two quick jobs meet a signal each; in make test-all, every job meets every signal.

    One worker has all signals of a job, which it runs undisturbed first.
    """
    short = {"predict a folder": "SIGINT", "download": "SIGKILL"}
    group = pytest.mark.xdist_group("kaggle" if job in short else f"interrupted {job}")
    return [group] if number == short.get(job) else [group, pytest.mark.long]


@pytest.mark.parametrize(
    ("job", "number"),
    [pytest.param(job, number, marks=_marks(job, number)) for job in JOBS for number in STATUSES],
)
def test_stopped_at_any_moment(disturb, tmp_path, request, job, number):
    if job == "download":
        request.getfixturevalue("port")
        server = request.getfixturevalue("served")
        assert server.archives
    seconds, result = disturb.reference(job)
    moments, sent, round_ = random.Random(f"{SEED} {job} {number}"), 0, 0
    print(f"INTERRUPT_SEED={SEED}")
    cwd = tmp_path / "0"
    cwd.mkdir()
    while sent < TIMES:
        before = {file: file.stat().st_mtime_ns for file in files_of(cwd) if is_finished(file)}
        status = disturb.run(job, cwd, number, moments.uniform(0, seconds))
        assert status in (0, STATUSES[number]), disturb.said()
        left = [file for file in files_of(cwd) if LEFT.fullmatch(file.name)]
        assert number == "SIGKILL" or job == "download" or not left, disturb.said()
        for file in files_of(cwd):
            if is_result(file):
                check_whole(file)
        if job.endswith("a folder"):
            assert before.items() <= {file: file.stat().st_mtime_ns for file in files_of(cwd)}.items()
        sent += status != 0
        if status == 0:
            assert everything(cwd) == result
            cwd = tmp_path / str(round_ := round_ + 1)
            cwd.mkdir()
    assert disturb.run(job, cwd) == 0, disturb.said()
    assert everything(cwd) == result


def is_finished(file):
    """Whether a file is a picture that was not saved because a signal came."""
    is_drawn = file.suffix in (".png", ".jpg") and is_result(file) and DRAWN not in file.parts
    return is_drawn and not (read_record(file) or {}).get("stopped")


def is_result(file):
    """Whether a file is one that people look for: not hidden, nor in a hidden folder."""
    return not any(part.startswith(".") for part in file.parts[file.parts.index("out") :])


@pytest.fixture
def served(port):  # noqa: F811
    with Kaggle() as server:
        server.archives["nikhilroxtomar/person-segmentation"] = archive(size=SIZE)
        yield server
