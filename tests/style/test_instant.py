"""Painting without steps: what is drawn, what each setting changes, and that a kept part has no influence."""

import numpy as np
import pytest
from PIL import Image

from style.features import instant
from style.instant import COARSEST, MIXES, Instant
from style.palette import Palette
from style.styles import Styles, halvings


def drawn(height, width, seed):
    small = np.random.default_rng(seed).integers(0, 256, (5, 7, 3), np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


@pytest.fixture(scope="module")
def networks(drawing):
    return instant(drawing)


@pytest.fixture(scope="module")
def shipped():
    return instant()


@pytest.fixture
def paint(networks):
    def call(
        photo=1, visible=None, styles=(2,), shares=(1.0,), parts=None, scale=1.0, scales=5, similarity="balanced", **own
    ):
        content = drawn(196, 200, photo) if isinstance(photo, int) else photo
        images = [drawn(120, 140, seed) for seed in styles]
        painter = Instant(*networks, Styles(images, shares, parts, scale), **own)
        return painter.paint(content, visible, scales=scales, similarity=similarity)

    return call


class Copying:
    """A decoder that returns its sketch."""

    def __init__(self):
        self.given = []

    def predict_on_batch(self, inputs):
        self.given.append(tuple(inputs[1].shape))
        return np.asarray(inputs[1])


def test_the_sides_double():
    assert (
        halvings(512, 5, COARSEST) == [128, 256, 512]
        and halvings(512, 1, COARSEST) == [512]
        and halvings(100, 5, COARSEST) == [100]
    )
    assert halvings(2 * COARSEST, 5, COARSEST) == [COARSEST, 2 * COARSEST]


def test_a_painting_has_the_photos_size_and_range_and_is_the_same_again(paint):
    picture = paint()
    assert picture.shape == (196, 200, 3) and picture.dtype == np.float32
    assert picture.min() >= 0 and picture.max() <= 1 and np.ptp(picture) > 0.1
    np.testing.assert_array_equal(picture, paint())


@pytest.mark.parametrize(
    "setting",
    [
        {"styles": (3,)},
        {"styles": (2, 3), "shares": (0.5, 0.5)},
        {"scale": 0.5},
        {"scales": 1},
        {"similarity": "content"},
        {"similarity": "style"},
        {"turns": False},
        {"colours": False},
        {"parts": [np.float32(np.arange(140)[None, :].repeat(120, axis=0) < 50)]},
    ],
    ids=lambda setting: next(iter(setting)),
)
def test_a_setting_makes_a_difference(paint, setting):
    assert np.abs(paint(**setting) - paint()).mean() > 1e-4


def test_of_one_scale_the_decoder_gets_what_matching_found(networks, paint):
    """A decoder that returns its sketch: then a style painted like itself is itself."""
    style = drawn(120, 140, 2)
    painter = Instant(networks[0], Copying(), Styles([style]), turns=False, colours=False)
    picture = painter.paint(style, scales=1)
    assert np.median(np.abs(picture - np.asarray(style) / 255)) < 0.01


def test_the_frame_is_drawn_like_the_rest(networks):
    """What the decoder gets goes on, mirrored, beyond the picture: its zeros stay outside."""
    decoder = Copying()
    Instant(networks[0], decoder, Styles([drawn(64, 64, 2)])).paint(drawn(64, 72, 1), scales=1)
    assert decoder.given == [(1, 64 + 32, 72 + 32, 3)]


@pytest.mark.parametrize(
    ("styles", "visible"),
    [(1, False), (2, True), *(pytest.param(*each, marks=pytest.mark.long) for each in ((1, True), (2, False)))],
)
def test_in_tiles_of_any_size_it_is_the_same_painting(shipped, monkeypatch, visible, styles):
    """Without coherence, which ends at the border of a tile."""
    monkeypatch.setitem(MIXES, "balanced", (0.3, 0.0))
    photo = drawn(200, 240, 1)
    seen = np.float32(np.arange(240) < 150)[None].repeat(200, axis=0) if visible else None
    images = [drawn(120, 140, seed) for seed in range(2, 2 + styles)]
    painter = Instant(*shipped, Styles(images, [1 / styles] * styles))
    whole = painter.paint(photo, seen)
    for most in (216 * 272, 216 * 232):
        monkeypatch.setattr("style.instant.INSTANT_TILE", most)
        different = np.abs(painter.paint(photo, seen) - whole).max(axis=-1) > 0.02
        assert different.mean() < 0.01  # rounding decides between keys that are equally near


@pytest.mark.parametrize(("most", "looks"), [(64, 1), (63, 2)])
def test_styles_are_seen_once_for_all_photos_unless_these_are_large(networks, monkeypatch, most, looks):
    monkeypatch.setattr("style.instant.KEPT", most)
    painter, seen = Instant(*networks, Styles([drawn(64, 64, 2)])), []
    monkeypatch.setattr("style.instant.Palette", lambda *given: seen.append(0) or Palette(*given))
    one, other = (painter.paint(drawn(48, 64, 1), scales=1) for _ in range(2))
    assert len(seen) == looks and (one == other).all()


def test_what_is_not_visible_does_not_move_the_mean(paint):
    visible = np.zeros((196, 200), np.float32)
    visible[:, :80] = 1
    pictures = []
    for seed in (5, 6):
        photo = drawn(196, 200, 4)
        photo.paste(drawn(196, 60, seed), (140, 0))
        pictures.append(paint(photo, visible, scales=1, colours=False)[:, :80])
    assert np.abs(pictures[0] - pictures[1]).mean() < 0.02


def test_photos_share_what_was_found_of_the_styles(networks, monkeypatch):
    painter = Instant(*networks, Styles([drawn(64, 64, 2)]))
    first = painter.paint(drawn(64, 72, 1))
    monkeypatch.setattr("style.instant.Palette", None)
    np.testing.assert_array_equal(painter.paint(drawn(64, 72, 1)), first)
    painter.paint(drawn(72, 64, 3))
