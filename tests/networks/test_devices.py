"""Training over several devices: virtual ones of a CPU, and over two processes."""

import csv
import os
import socket
import subprocess
import sys

import keras
import numpy as np
import pytest

from networks.devices import ONE, PROCESS, PROCESSES, Devices
from utils import ROOT, UserError

ONE_LEVEL = "--xla_backend_optimization_level=0"  # compiles faster
TRAIN = ["--size=32", "--network=conv_deconv", "--epochs=2", "--batch_size=4", "--precision=float32", "--augment=off"]
TRAIN += ["--validation=0.34"]  # which holds back 12 of the 24 pictures, an even number
DISTILL = ["--size=32", "--batch_size=2", "--widths=2,2,2,2,2", "--canvases=2", "--steps=2", "--epochs=2"]


@pytest.fixture
def four(monkeypatch):
    """Pretend that JAX sees four devices."""
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    monkeypatch.setattr(keras.distribution, "list_devices", lambda: [f"gpu:{number}" for number in range(4)])


def test_devices_are_taken_in_their_order(four):
    assert Devices(3, 6).names == ["gpu:0", "gpu:1", "gpu:2"] and len(Devices("all", 4)) == 4
    assert len(ONE) == 1 and ONE.names == [] and not Devices(None, 7).names


@pytest.mark.parametrize(
    ("wanted", "batch_size", "message"),
    [
        (5, 5, r"--devices=5 are not here; there are 4: gpu:0, gpu:1, gpu:2, gpu:3"),
        (3, 16, "--batch_size=16 cannot be shared by 3 devices; --batch_size=15 can"),
        ("all", 2, "--batch_size=2 cannot be shared by 4 devices; --batch_size=4 can"),
    ],
)
def test_what_does_not_fit_is_refused(four, wanted, batch_size, message):
    with pytest.raises(UserError, match=message):
        Devices(wanted, batch_size)


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="JAX can")
@pytest.mark.parametrize("name", ["train", "distill"])
def test_another_backend_says_so(script, name, tmp_path, people):
    data = f"--data={people}" if name == "train" else f"--photos={people}/images"
    status, _, err = script(f"{name}.py", data, f"--model={tmp_path}/m.keras", "--devices=2")
    needs = f"--devices=2 needs JAX, and this is {keras.backend.backend()}; set KERAS_BACKEND=jax"
    assert status == 2 and needs in err


def test_a_batch_is_shared_out_evenly(four):
    three = Devices(3, 6)
    assert [three.shared_out(pictures) for pictures in (0, 2, 3, 4, 5, 6, 20)] == [0, 0, 3, 3, 3, 6, 18]


def test_each_process_reads_its_own_part_of_a_batch(four, monkeypatch):
    monkeypatch.setattr(keras.distribution, "initialize", lambda: None)
    monkeypatch.setenv(PROCESSES, "2")
    parts = []
    for process in "01":
        monkeypatch.setenv(PROCESS, process)
        found = Devices("all", 8)
        parts.append(found.own(np.arange(8)).tolist())
        assert found.place == (int(process) + 1,)
    assert parts == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert ONE.own(np.arange(3)).tolist() == [0, 1, 2] and ONE.place == ()
    with pytest.raises(UserError, match="leaves out some of the processes"):
        Devices(2, 8)
    with pytest.raises(UserError, match="--precision=auto could differ"):
        Devices("all", 8, "auto")


# ---------------------------------------------------------------- real trainings


def start(name, model, *given, flags="", **environment):
    """Start a script under JAX in a process of its own."""
    pytest.importorskip("jax")
    own = {"KERAS_BACKEND": "jax", "XLA_FLAGS": f"{ONE_LEVEL} {flags}"}
    return subprocess.Popen(
        [sys.executable, str(ROOT / "src" / name), f"--model={model}", *given],
        env=os.environ | own | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def losses(process, model):
    """The losses of a run, training and held back, once its process has ended."""
    said, _ = process.communicate()
    assert process.returncode == 0, said
    with open(model.with_suffix(".run") / "log.csv", newline="") as file:
        return np.array([[float(row["loss"]), float(row["val_loss"])] for row in csv.DictReader(file)])


@pytest.mark.long
@pytest.mark.parametrize("name", ["train.py", "distill.py"])
def test_two_devices_learn_what_one_learns(people, tmp_path, vgg_weights, name):
    photos = [f"--photos={people}/images", f"--paintings={people}/images", f"--vgg_weights={vgg_weights}"]
    given = [f"--data={people}", *TRAIN] if name == "train.py" else [*photos, *DISTILL, "--precision=float32"]
    flags = "--xla_force_host_platform_device_count=2"
    models = {count: tmp_path / f"{count}.keras" for count in (1, 2)}
    both = {count: start(name, model, *given, f"--devices={count}", flags=flags) for count, model in models.items()}
    found = [losses(both[count], model) for count, model in models.items()]
    assert np.isfinite(found).all() and found[1] == pytest.approx(found[0], rel=1e-4)
    assert (found[0][0] != found[0][1]).all()  # it learnt something


@pytest.mark.long
def test_two_processes_learn_what_one_learns(people, tmp_path):
    given = [f"--data={people}", *TRAIN]
    alone = losses(start("train.py", tmp_path / "alone.keras", *given), tmp_path / "alone.keras")
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    models = [tmp_path / f"{process}.keras" for process in range(2)]
    shared = {"KERAS_DISTRIBUTION_JOB_ADDRESSES": address, PROCESSES: "2"}
    both = [
        start("train.py", model, *given, "--devices=all", **shared, **{PROCESS: str(process)})
        for process, model in enumerate(models)
    ]
    one, other = (losses(process, model) for process, model in zip(both, models, strict=True))
    assert (one == other).all() and one == pytest.approx(alone, rel=1e-4)
    assert models[0].stat().st_size == models[1].stat().st_size
