import numpy as np
import pytest
from PIL import Image, ImageDraw

from pictures.images import pad_offset, to_array
from segmentation.labels import read_mask
from segmentation.layouts import LAYOUTS
from segmentation.masks import find_masks, find_scores, refine

RECORD = {"network_options": {"size": 64, "base": 2, "classes": 1}}


class Painted:
    """A network that knows one thing: what is red is figure."""

    def __init__(self):
        self.batches = []

    def predict_on_batch(self, pictures):
        self.batches.append(pictures)
        red = (pictures[..., 0] > 0.5) & (pictures[..., 1] < 0.5)
        return np.where(red, 4.0, -4.0).astype(np.float32)[..., None]


class Sided:
    """A network that sees one class on the left of any picture and another on the right."""

    def __init__(self, left, right, outputs):
        self.scores = np.zeros((64, 64, outputs), np.float32)
        self.scores[:, :32, left], self.scores[:, 32:, right] = 4, 4

    def predict_on_batch(self, pictures):
        return np.stack([self.scores] * len(pictures))


def disc(width, height, radius=None):
    """A red disc before green, four times oversampled, and its exact soft mask."""
    radius = radius or min(width, height) / 3
    mask = Image.new("L", (4 * width, 4 * height))
    ImageDraw.Draw(mask).ellipse(
        [4 * (width / 2 - radius), 4 * (height / 2 - radius), 4 * (width / 2 + radius), 4 * (height / 2 + radius)],
        fill=255,
    )
    mask = mask.resize((width, height), Image.Resampling.BOX)
    return Image.composite(
        Image.new("RGB", mask.size, (200, 30, 30)), Image.new("RGB", mask.size, (40, 120, 60)), mask
    ), mask


@pytest.mark.parametrize("size", [(32, 32), (64, 64), (300, 200), (200, 301), (1200, 60), (60, 1500), (2000, 1500)])
def test_a_mask_has_its_pictures_own_size_and_shape(size):
    picture, true = disc(*size)
    (mask,) = find_masks(Painted(), RECORD, [picture])
    assert mask.shape == size[::-1] and mask.dtype == np.float32 and mask.min() >= 0 and mask.max() <= 1
    found, true = mask > 0.5, to_array(true) > 0.5
    assert (found & true).sum() / (found | true).sum() > (0.97 if max(size) < 20 * min(size) else 0.85)


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (3, 20_000)])
def test_the_tiniest_and_thinnest_pictures_get_a_mask(size):
    (mask,) = find_masks(Painted(), RECORD, [Image.new("RGB", size, (200, 30, 30))])
    assert mask.shape == size[::-1] and mask.mean() > 0.5


def test_the_edge_is_that_of_the_photo_and_not_of_the_network():
    """At 1280 px a pixel of the network is 20 wide: stairs would cost 5 px, a plain blur smears over 20."""
    picture, true = disc(1280, 1280)
    (mask,) = find_masks(Painted(), RECORD, [picture])
    off = np.abs(mask - to_array(true))
    assert off.mean() < 0.004
    assert np.abs((mask > 0.5).sum() / (to_array(true) > 0.5).sum() - 1) < 0.01
    blurred = (
        Image.fromarray(np.float32(to_array(true) > 0.5)).resize((64, 64), Image.Resampling.BOX).resize((1280, 1280))
    )
    assert off.mean() < np.abs(np.asarray(blurred) - to_array(true)).mean() / 2


def test_flat_masks_stay_flat():
    picture = Image.effect_noise((200, 150), 80).convert("RGB")
    for score, level in ((-1.5, 0), (1.5, 1), (-20, 0), (20, 1)):  # no ghost of the background where it has decided
        assert (refine(np.full((24, 32), score, np.float32), picture) == level).all()


@pytest.mark.parametrize("size", [(700, 900), (1500, 1171)])
def test_tiles_leave_no_seams(monkeypatch, size):
    picture, _ = disc(*size)
    coarse = np.random.default_rng(0).normal(size=(64, 50))
    tiled = refine(coarse, picture)
    monkeypatch.setattr("segmentation.masks.TILE", 2000)
    assert np.abs(refine(coarse, picture) - tiled).max() < 1e-3


def test_pictures_are_padded_and_not_distorted():
    network = Painted()
    find_masks(network, RECORD, [Image.new("RGB", (640, 160), (255, 0, 0))])
    batch = network.batches[0]  # the picture and its mirror image
    left, top = pad_offset((64, 16), 64)
    assert batch.shape == (2, 64, 64, 3) and (left, top) == (0, 24)
    assert (batch[0, :24] == 0).all() and (batch[0, 40:] == 0).all() and (batch[0, 24:40, :, 0] == 1).all()


def test_many_pictures_go_through_together():
    network = Painted()
    masks = find_masks(network, RECORD, [disc(90, 60)[0], disc(50, 70)[0]])
    assert len(network.batches) == 1 and [mask.shape for mask in masks] == [(60, 90), (70, 50)]
    assert find_masks(network, RECORD, []) == []


def test_a_higher_threshold_keeps_less():
    class Ramp:
        def predict_on_batch(self, pictures):
            return np.tile(np.linspace(-5, 5, 64, dtype=np.float32)[:, None, None], (len(pictures), 1, 64, 1))

    grey = Image.new("RGB", (64, 64), "grey")
    kept = [(find_masks(Ramp(), RECORD, [grey], threshold)[0] > 0.5).mean() for threshold in (0.1, 0.5, 0.9)]
    assert kept[0] > kept[1] > kept[2]
    assert np.isclose(kept[1], 0.5, atol=0.03)


def test_a_mask_saved_and_read_and_resized_is_the_same(tmp_path):
    _, true = disc(300, 200)
    true.save(tmp_path / "mask.png")
    again = read_mask(tmp_path / "mask.png")
    assert (np.asarray(again) == (np.asarray(true) > 127) * 255).all()
    small = again.resize((75, 50), Image.Resampling.NEAREST)
    assert set(np.unique(small)) == {0, 255} and abs(np.mean(small) - np.mean(true)) < 2


def test_a_picture_is_seen_in_a_mirror_too():
    (scores,) = find_scores(Sided(0, 0, 1), RECORD, [Image.new("RGB", (64, 40))])
    assert scores.shape == (40, 64, 1) and (scores == 4).all()
    half = Sided(0, 0, 1)
    half.scores[:, 32:] = 0  # it sees only what is on the left
    (scores,) = find_scores(half, RECORD, [Image.new("RGB", (64, 40))])
    assert (scores == 2).all()
    (scores,) = find_scores(half, RECORD | {"options": {"augment": "off"}}, [Image.new("RGB", (64, 40))])
    assert (scores == half.scores[:40]).all()  # it has never learnt from a mirror


def test_a_figure_that_is_nowhere_sure_is_none():
    doubt = Sided(0, 0, 1)
    doubt.scores[:] = 2
    grey = Image.new("RGB", (64, 40), "grey")
    assert not find_masks(doubt, RECORD, [grey])[0].any()
    assert find_masks(doubt, RECORD, [grey], threshold=0.2)[0].all()  # who asks for less gets it
    doubt.scores[30:34] = 3
    assert find_masks(doubt, RECORD, [grey])[0].all()


def test_small_figures_are_looked_at_again(monkeypatch):
    """With the network at its second size, whose answer counts; large figures stay as they were found."""
    small, large, closer = Sided(0, 0, 1), Sided(0, 0, 1), Sided(0, 0, 1)
    small.scores[:], large.scores[:], closer.scores[:] = -5, -5, -5
    small.scores[10:30, 10:30], large.scores[5:60, 5:60], closer.scores[40:60, 40:60] = 5, 5, 5
    record, asked = RECORD | {"options": {"augment": "off"}}, []
    monkeypatch.setattr(
        "segmentation.masks.at_size", lambda network, record, size: asked.append(size) or (closer, record)
    )
    grey = Image.new("RGB", (64, 64), "grey")
    (plain,), (again,) = (find_masks(small, record | more, [grey]) for more in ({}, {"second_size": 96}))
    assert plain[20, 20] > 0.9 > 0.1 > plain[50, 50] and again[50, 50] > 0.9 > 0.1 > again[20, 20]
    (mask,) = find_masks(large, record | {"second_size": 96}, [grey])
    assert mask[30, 30] > 0.9 and asked == [96]


def test_left_and_right_change_places_in_the_mirror():
    classes = LAYOUTS["helen"].classes
    network = Sided(classes.index("le"), classes.index("re"), len(classes))
    for layout, kept in (("helen", True), ("ade20k", False)):
        record = RECORD | {"class_names": classes, "data": {"layout": layout}}
        (scores,) = find_scores(network, record, [Image.new("RGB", (64, 64))])
        assert (scores == network.scores).all() == kept
