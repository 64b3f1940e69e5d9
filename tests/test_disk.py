"""When the disk is full, scripts say so in one line, leave nothing half-written, and change no existing file."""

import os
import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image

resource = pytest.importorskip("resource", reason="a system without limits on processes")
ROOM = 40_000  # bytes: less than any result here takes


@pytest.fixture(params=["a small disk", "a limit on files"])
def disk(request, tmp_path):
    """A folder in which nothing more than a few bytes can be written."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if request.param == "a limit on files":
        yield from limited(folder)
        return
    mount = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root may mount a disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def limited(folder):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, limits[1]))
    try:
        yield folder
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.fixture(scope="module")
def goods(tmp_path_factory, people):
    """A photo of noise, which does not shrink, a mask of its half, and a style."""
    folder = tmp_path_factory.mktemp("goods")
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)
    Image.fromarray(noise).save(folder / "photo.png")
    Image.fromarray(np.uint8(np.arange(400) > 200)[None].repeat(300, 0) * 255).save(folder / "mask.png")
    Image.fromarray(noise[:64, :64]).save(folder / "style.png")
    shutil.copytree(people, folder / "people")
    return folder


def painted(goods, disk, *more):
    given = [f"--content={goods}/photo.png", f"--style={goods}/style.png", f"--mask={goods}/mask.png"]
    return ["stylize.py", *given, f"--save={disk}/old.png", "--epochs=1", "--size=64", "--precision=float32", *more]


COMMANDS = {
    "predict": lambda goods, disk, model: [
        "predict.py", f"--file_path={goods}/photo.png", f"--model={model}", "--output=alpha", f"--save={disk}/old.png",
    ],
    "stylize": lambda goods, disk, model: painted(goods, disk),
    "evaluate": lambda goods, disk, model: [
        "evaluate.py", f"--data={goods}/people", f"--model={model}", f"--panel={disk}/old.png",
    ],
    "train": lambda goods, disk, model: [
        "train.py", f"--data={goods}/people", f"--model={disk}/old.keras", "--size=32", "--base=2", "--epochs=1",
        "--batch_size=8", "--precision=float32",
    ],
}  # fmt: skip


def snapshot(folder):
    return {str(file.relative_to(folder)): file.is_file() and file.read_bytes() for file in folder.rglob("*")}


@pytest.mark.usefixtures("thin", "eager")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_full_disk_is_one_line_and_changes_nothing(script, goods, disk, trained, command):
    for name in ("old.png", "old.keras", "old.json"):
        (disk / name).write_bytes(b"what was there before")
    before = snapshot(disk)
    status, _, err = script(*COMMANDS[command](goods, disk, trained))
    assert status == 2 and err.count("\n") == 1 and len(err) <= 300
    assert str(disk)[:30] in err and ("No space left" in err or "File too large" in err) and "free some space" in err
    assert snapshot(disk) == before
