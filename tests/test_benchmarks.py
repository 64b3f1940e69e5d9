"""The benchmarks: what they count by hand, and the command for GPUs at toy sizes on a CPU."""

import os
import re
import subprocess
import sys
from types import SimpleNamespace

import keras
import pytest

from utils import ROOT, UserError

TOY = ["--network=mini", "--sides=64", "--painting=64", "--instant=64", "--base=2", "--steps=3", "--matrix=64"]
TOY += ["--trainings=unet:32:2,deeplab:33:2", "--seconds=3600"]
ROWS = (
    "device",
    "product of two bfloat16 matrices, TFLOP/s",
    "a painting step at 64 px, ms",
    "its share of that product, 64 px",
    "a default painting, 64 px, s",
    "instant paintings a second, 64 px",
    "training unet, 32 px, pictures a second",
    "training unet, waiting for input",
    "training deeplab, 33 px, pictures a second",
    "training deeplab, waiting for input",
)


@pytest.fixture(autouse=True)
def path(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")


def test_the_operations_of_a_painting_step(path):
    from stylize_speed import painting_flops

    from networks.vgg import Preprocessing, encoder
    from style.features import LAYERS

    network = encoder(((4, 2), (6, 2), (8, 4), (8, 4), (8, 4)), LAYERS, Preprocessing(dtype="float32"))
    first = 32 * 24 * 9 * (3 * 4)  # pixels, kernel, channels; multiplied and added, there and back
    second = 32 * 24 * 9 * (4 * 4)
    third = 16 * 12 * 9 * (4 * 6)
    products = 16 * 12 * 6 * 6
    seen = ["block1_conv1", "block2_conv1"]
    assert painting_flops(network, (32, 24, 3), seen[:1], []) == 4 * first
    assert painting_flops(network, (32, 24, 3), seen, seen[1:]) == 4 * (first + second + third + products)


def test_the_columns_of_the_backends_stand_side_by_side(monkeypatch, capsys):
    import gpu

    def measured(command, **_):
        name = command[-1].removeprefix("--backends=")
        assert "--steps=3" in command and not any("jax,torch" in part for part in command)
        more = "| instant | 5 |\n" if name == "jax" else ""
        return SimpleNamespace(stdout=f"|  | {name} |\n|---|---|\n| device | {name}'s |\n{more}")

    monkeypatch.setattr(subprocess, "run", measured)
    monkeypatch.setattr(gpu.importlib.util, "find_spec", lambda name: True)
    gpu.main(["--backends=jax,torch", "--steps=3"])
    table = ["|  | jax | torch |", "|---|---|---|", "| device | jax's | torch's |", "| instant | 5 | - |"]
    assert capsys.readouterr().out.splitlines() == table


def test_a_backend_that_is_missing_is_named(monkeypatch):
    import gpu

    monkeypatch.setattr(gpu.importlib.util, "find_spec", lambda name: name != "torch")
    with pytest.raises(UserError, match="--backends=torch is not installed"):
        gpu.main(["--backends=jax,torch"])


def test_when_the_time_is_over_nothing_more_is_measured(monkeypatch):
    import gpu

    monkeypatch.setattr(gpu, "measures", lambda options, peak: [lambda: pytest.fail("measured")])
    found = dict(gpu.measured({"seconds": 0, "matrix": 16}))
    assert tuple(found) == ROWS[:2] and float(found[ROWS[1]]) > 0


@pytest.mark.long
@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_the_command_for_gpus_prints_its_whole_table(backend):
    pytest.importorskip(backend)
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks/gpu.py"), f"--backends={backend}", *TOY],
        env=os.environ | {"KERAS_BACKEND": keras.backend.backend()},  # the option decides, not the environment
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    head, _, *rows = (line.strip("| ").split(" | ") for line in done.stdout.splitlines())
    assert head == [backend] and [what for what, _ in rows] == list(ROWS)
    numbers = [re.search(r"[\d.e+-]+", value)[0] for what, value in rows[1:]]
    assert all(float(number) >= 0 for number in numbers)


def test_photos_are_counted_from_the_first_results(tmp_path):
    from cluster_speed import speed_of

    for number in range(7):
        (tmp_path / f"{number}.png").touch()
        os.utime(tmp_path / f"{number}.png", (100 + 2 * number,) * 2)
    (tmp_path / ".lock").touch()
    assert speed_of(tmp_path, 1, 90) == (30, 10) and speed_of(tmp_path, 2, 90) == (30, 10)


def test_echo_brings_the_photos_back(tmp_path, monkeypatch):
    pytest.importorskip("distributed")
    from cluster_speed import draw, echo

    photos = draw(tmp_path / "photos", 4, 64)
    speed, _ = echo(photos, tmp_path / "out", 2)
    sent, back = ({file.name: file.read_bytes() for file in folder.iterdir()} for folder in (photos, tmp_path / "out"))
    assert speed > 0 and len(sent) == 4 and sent == back
