"""Scenes: prepare a photo, and put the painting back into it."""

import numpy as np
import pytest
from PIL import Image

from studio.scene import Scene

RANDOM = np.random.default_rng(0)


def photo(width=120, height=80, mode="RGB"):
    channels = 4 if mode == "RGBA" else 3
    return Image.fromarray(RANDOM.integers(0, 256, (height, width, channels), np.uint8), mode)


def kept(width=120, height=80):
    mask = np.zeros((height, width), np.float32)
    mask[:, 30:70] = 1
    return mask


def test_a_whole_photo_is_painted_at_the_side_asked_for_and_never_enlarged():
    scene = Scene(photo(), None, 60)
    assert scene.size == scene.subject.size == (60, 40) and scene.visible is None
    assert Scene(photo(), None, 512).size == (120, 80)
    assert scene.finish(np.zeros((40, 60, 3), np.float32)).size == (120, 80)
    assert scene.finish(np.zeros((40, 60, 3), np.float32), 30).size == (30, 20)


def test_the_kept_part_comes_back_at_full_resolution():
    picture = photo()
    scene = Scene(picture, kept(), 60, feather=2)
    result = np.asarray(scene.finish(np.zeros((*scene.subject.size[::-1], 3), np.float32)))
    assert (result[:, 30:70] == np.asarray(picture)[:, 30:70]).all()
    assert (result[:, :24] == 0).all() and (result[:, 76:] == 0).all()


def test_work_is_limited_to_what_is_painted():
    picture, figure = photo(600, 400), np.zeros((400, 600), np.float32)
    figure[100:200, 100:160] = 1
    scene = Scene(picture, 1 - figure, 600)
    assert scene.subject.size == (60 + 64, 100 + 64) and scene.visible.shape == (164, 124)
    result = np.asarray(scene.finish(np.zeros((164, 124, 3), np.float32)))
    untouched = figure == 0
    assert (result[untouched] == np.asarray(picture)[untouched]).all() and (result[~untouched] == 0).all()


def test_alpha_survives_and_what_is_transparent_is_not_seen():
    picture = photo(mode="RGBA")
    alpha = np.zeros((80, 120), np.uint8)
    alpha[:, 60:] = 255
    picture.putalpha(Image.fromarray(alpha))
    scene = Scene(picture, None, 120)
    assert scene.visible.shape[1] < 120 and scene.visible[:, -50:].min() == 1
    result = scene.finish(np.zeros((*scene.subject.size[::-1], 3), np.float32))
    assert result.mode == "RGBA" and (np.asarray(result.getchannel("A")) == alpha).all()


def test_color_content_keeps_the_photos_colours():
    picture = Image.new("RGB", (64, 64), (200, 60, 60))
    scene = Scene(picture, None, 64, color="content")
    assert np.ptp(np.asarray(scene.subject), axis=2).max() == 0
    painted = np.full((64, 64, 3), 0.4, np.float32)
    before, after = (np.asarray(image.convert("YCbCr"))[0, 0].astype(int) for image in (picture, scene.finish(painted)))
    assert abs(after[0] - 102) <= 2 and np.abs(after[1:] - before[1:]).max() <= 2


def test_color_content_matches_the_light_of_the_style_to_the_photo():
    scene = Scene(photo(), None, 120, color="content")
    matched = np.asarray(scene.match(Image.fromarray(RANDOM.integers(200, 256, (64, 64, 3), np.uint8)))) / 255
    own = np.asarray(scene.subject) / 255
    assert matched.mean() == pytest.approx(own.mean(), abs=0.02) and matched.std() == pytest.approx(own.std(), abs=0.03)
    style = photo()
    assert Scene(photo(), None, 120).match(style) is style


def test_another_picture_of_the_scene_starts_in_the_same_box():
    picture = photo(600, 400)
    figure = np.zeros((400, 600), np.float32)
    figure[100:200, 100:160] = 1
    scene = Scene(picture, 1 - figure, 300)
    left, top, right, bottom = scene.box
    wanted = np.asarray(picture.resize((300, 200), Image.Resampling.LANCZOS))[top:bottom, left:right] / 255
    np.testing.assert_allclose(scene.start(picture), wanted, atol=1e-6)
