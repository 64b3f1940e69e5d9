"""Paintings by the workers of a cluster: the same as without it."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import stylize
from command.options import read_options
from pictures.images import read_record
from studio import sending


@pytest.fixture
def folder(people, tmp_path):
    """A folder with three photos, their masks and a style."""
    for kind, ending in (("images", "jpg"), ("masks", "png")):
        (tmp_path / kind).mkdir()
        for number in range(3):
            shutil.copy(people / kind / f"{number:04}.{ending}", tmp_path / kind)
    Image.effect_noise((64, 64), 60).convert("RGB").save(tmp_path / "style.png")
    return tmp_path


def given(folder, save, *more):
    options = [f"--content={folder}/images", f"--style={folder}/style.png", f"--mask={folder}/masks", f"--save={save}"]
    return [*options, "--size=64", "--scales=1", "--epochs=2", "--network=mini", "--precision=float32", *more]


def options_of(folder, *more):
    argv = given(folder, folder / "out", "--cluster=local:2", *more)
    return SimpleNamespace(**read_options(stylize.__doc__, stylize.OPTIONS, argv))


def timeless(record):
    return {name: value for name, value in record.items() if name != "seconds"}


def results(folder):
    """{name: its pixels and its record}."""
    files = sorted(folder.glob("*.jpg"))
    return {file.name: (np.asarray(Image.open(file)).tobytes(), timeless(read_record(file))) for file in files}


@pytest.mark.long
@pytest.mark.xdist_group("cluster")
def test_the_workers_paint_what_is_painted_here_to_the_bit(folder, script, monkeypatch):
    pytest.importorskip("distributed")
    similarities = "--similarity=content,style"
    assert script("stylize.py", *given(folder, folder / "here", similarities))[0] == 0
    (folder / "there").mkdir()
    part = "0000_content.jpg"  # one that is done already
    shutil.copy(folder / "here" / part, folder / "there")
    (folder / "images/bad.jpg").write_bytes(b"no picture")
    shutil.copy(folder / "masks/0000.png", folder / "masks/bad.png")
    before = (folder / "there" / part).stat().st_mtime_ns
    status, out, err = script("stylize.py", *given(folder, folder / "there", similarities, "--cluster=local:2"))
    assert status == 2 and err.strip().endswith("1 of 4 pictures failed: bad.jpg; the other 3 are done")
    assert f"failed: {folder}/images/bad.jpg cannot be read" in out and "0002.jpg: 2" in out
    assert len(results(folder / "here")) == 9 and results(folder / "here") == results(folder / "there")
    assert (folder / "there" / part).stat().st_mtime_ns == before
    (folder / "images/bad.jpg").unlink()
    _, out, _ = script("stylize.py", *given(folder, folder / "there", similarities, "--cluster=local:1"))
    assert "3 of 3 are done already" in out


def test_the_files_that_the_options_name_are_sent(folder, trained, tmp_path):
    work = sending.work_of(options_of(folder), True)
    assert work.files == (folder / "style.png",) and work.folders == (folder / "masks",)
    assert work.options["goes_on"] is True and work.options["options"]["size"] == 64
    options = options_of(folder, f"--init={folder}/style.png")
    options.mask, options.model = None, trained
    files = (folder / "style.png", folder / "style.png", trained, trained.with_suffix(".json"))
    assert sending.work_of(options, False).files == files
    options.mask = folder / "masks/0000.png"
    assert sending.work_of(options, False)[3:] == ((*files[:2], options.mask), ())
    options.keep = "none"
    assert sending.work_of(options, False)[3:] == (files[:2], ())


def test_the_weights_that_keras_downloaded_are_sent(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    options = options_of(folder)
    options.network = "vgg19"
    assert sending.work_of(options, True).options["options"]["vgg_weights"] is None
    file = tmp_path / "models" / sending.WEIGHTS_FILE
    file.parent.mkdir()
    file.touch()
    work = sending.work_of(options, True)
    assert work.options["options"]["vgg_weights"] == file and file in work.files
    assert options.vgg_weights is None  # the records name the same files as without a cluster


def test_a_photo_comes_with_its_own_mask(folder):
    photo = folder / "images/0001.jpg"
    job = sending.job_of(options_of(folder), True, photo, folder / "out/0001.jpg", {None: {"program": "stylize.py"}})
    assert job.files == (folder / "masks/0001.png",) and job.target == folder / "out/0001.jpg"


def test_a_panel_is_not_made_elsewhere(folder, script):
    one = [part for part in given(folder, folder / "p.jpg", "--cluster=local:2", f"--panel={folder}/panel.jpg")]
    one[0] = f"--content={folder}/images/0000.jpg"
    status, _, err = script("stylize.py", *one)
    assert status == 2 and "leave out --cluster, or it" in err


def test_job_and_work_are_sent_as_plain_data(folder):
    work = sending.work_of(options_of(folder), True)
    plain = (str, int, float, bool, type(None), Path, tuple)
    assert all(isinstance(value, plain) for value in work.options["options"].values())


def test_an_unknown_address_is_refused(folder, script):
    status, _, err = script("stylize.py", *given(folder, folder / "out", "--cluster=nowhere"))
    assert status == 2 and "--cluster=nowhere is no address of a Dask scheduler" in err
