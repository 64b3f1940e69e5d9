"""Painting one photo: who watches it, and who stops it."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import stylize
from command.options import read_options
from pictures.images import read_record
from studio.orders import plans_of
from studio.photo import PhotoPainting
from studio.studio import Studio


@pytest.fixture
def order(tmp_path, thin, drawing, monkeypatch):
    """Make the options of stylize.py for a photo and a style of noise: order("--network=vgg19", ...)."""
    monkeypatch.setattr("style.features.MINI", drawing)
    for name, seed in (("photo.png", 60), ("style.png", 61)):
        Image.effect_noise((80, 64), seed).convert("RGB").save(tmp_path / name)

    def make(*given):
        places = [f"--{name}={tmp_path / file}" for name, file in (("content", "photo.png"), ("style", "style.png"))]
        argv = [*places, f"--save={tmp_path}/painted.png", "--keep=none", "--size=64", "--precision=float32", *given]
        options = read_options(stylize.__doc__, stylize.OPTIONS, argv)
        return SimpleNamespace(**options)

    return make


def paint(options, folder, watch, shared=None):
    photo = folder / "photo.png"
    studio = Studio(options, shared=shared)
    PhotoPainting(studio, photo, folder / "painted.png", plans_of(options, photo), watch).paint()
    return studio


def test_who_watches_sees_each_step_and_the_painting_before_it_is_written(order, tmp_path, eager):
    seen = []

    def watch(step, planned, draw):
        seen.append((step, planned, np.asarray(draw(64)), (tmp_path / "painted.png").exists()))

    paint(order("--network=vgg19", "--epochs=3", "--init=content", "--scales=1"), tmp_path, watch)
    assert [(step, planned, there) for step, planned, _, there in seen] == [
        *((step, 3, False) for step in (1, 2, 3)),
        (3, 3, False),
    ]
    assert seen[0][2].shape == (51, 64, 3) and (seen[0][2] != seen[2][2]).any()
    painted = Image.open(tmp_path / "painted.png")
    assert painted.size == (80, 64) and (seen[2][2] == seen[3][2]).all()


def test_a_painting_without_steps_is_shown_once(order, tmp_path):
    seen = []
    paint(order("--network=instant"), tmp_path, lambda *given: seen.append(given[:2]))
    assert seen == [(0, 0)]


def test_who_watches_can_stop_the_painting_and_keep_it(order, tmp_path, eager):
    def watch(step, planned, draw):
        if step == 2 < planned:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="after 2 steps"):
        paint(order("--network=vgg19", "--epochs=9", "--init=content", "--scales=1"), tmp_path, watch)
    assert read_record(tmp_path / "painted.png")["stopped"] is True


def test_studios_share_what_one_of_them_has_loaded(order, tmp_path):
    shared, options = {}, order("--network=instant")
    first = paint(options, tmp_path, None, shared)
    kept = dict(shared)
    before = (tmp_path / "painted.png").read_bytes()
    second = paint(order("--network=instant"), tmp_path, None, shared)
    assert shared == kept and second.networks.instant is first.networks.instant
    one, other = (np.asarray(Image.open(file)) for file in (tmp_path / "painted.png", _saved(tmp_path, before)))
    assert (one == other).all()


def _saved(folder, content):
    (folder / "before.png").write_bytes(content)
    return folder / "before.png"
