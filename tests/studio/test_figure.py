"""Masks for painting: the user's own, or a network's."""

import numpy as np
import pytest
from PIL import Image

from studio.figure import figure_finder, kept_part, mask_of, read_mask
from utils import UserError

MASK = np.zeros((40, 60), np.uint8)
MASK[10:30, 20:40] = 255


def written(folder, array, name="mask.png", mode=None):
    Image.fromarray(array, mode).save(folder / name)
    return folder / name


def test_a_mask_comes_at_the_photos_size(tmp_path):
    mask = read_mask("--mask", written(tmp_path, MASK), (120, 80), "photo")
    assert mask.shape == (80, 120) and mask.dtype == np.float32
    assert mask[40, 60] == 1 and mask[5, 5] == 0


def test_greys_stay_grey_and_ones_mean_white(tmp_path):
    np.testing.assert_allclose(read_mask("--mask", written(tmp_path, MASK // 2), (60, 40), "photo")[20, 30], 127 / 255)
    assert read_mask("--mask", written(tmp_path, MASK // 255), (60, 40), "photo")[20, 30] == 1


def test_a_cut_out_figure_serves_as_its_own_mask(tmp_path):
    figure = np.dstack([np.full((40, 60, 3), 200, np.uint8), MASK])
    assert (read_mask("--mask", written(tmp_path, figure, mode="RGBA"), (60, 40), "photo") == MASK / 255).all()


def test_a_mask_of_another_shape_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"--mask=.* is 60 x 40, the photo is 60 x 60"):
        read_mask("--mask", written(tmp_path, MASK), (60, 60), "photo")


def test_masks_of_many_photos_are_found_by_stem(tmp_path):
    written(tmp_path, MASK, "a.png")
    assert mask_of(tmp_path / "x" / "a.jpg", tmp_path) == tmp_path / "a.png"
    with pytest.raises(UserError, match="holds no pictures named b"):
        mask_of(tmp_path / "b.jpg", tmp_path)
    written(tmp_path, MASK, "a.bmp")
    with pytest.raises(UserError, match="holds 2 pictures named a"):
        mask_of(tmp_path / "a.jpg", tmp_path)


def test_what_is_kept():
    figure = MASK / np.float32(255)
    kept, word = kept_part("figure", figure)
    assert (kept == figure).all() and "17%" in word
    kept, word = kept_part("background", figure)
    assert (kept == 1 - figure).all() and "83%" in word


@pytest.mark.parametrize("keep", ["figure", "background"])
def test_without_a_figure_all_is_painted(keep):
    kept, word = kept_part(keep, np.zeros((20, 20), np.float32))
    assert kept is None and "no figure" in word


def test_a_photo_that_is_all_figure_leaves_nothing():
    with pytest.raises(UserError, match="nothing is left to paint"):
        kept_part("figure", np.ones((20, 20), np.float32))
    kept, _ = kept_part("background", np.ones((20, 20), np.float32))
    assert (kept == 0).all()


def test_a_network_finds_the_figure(trained, people):
    from pictures.images import open_picture

    photo = open_picture(people / "images" / "0000.jpg")
    mask = figure_finder("figure", None, trained)(people / "images" / "0000.jpg", photo)
    assert mask.shape == (64, 64) and mask.min() >= 0 and mask.max() <= 1


def test_a_missing_network_names_all_three_ways_on(tmp_path):
    with pytest.raises(UserError, match=r"--model=.*train\.py.*--mask=.*--keep=none"):
        figure_finder("figure", None, tmp_path / "none.keras")
    assert figure_finder("none", None, tmp_path / "none.keras") is None


class Halves:
    """A network that sees its first class above and its third below."""

    def predict_on_batch(self, pictures):
        scores = np.zeros((*pictures.shape[:3], 3), np.float32)
        half = pictures.shape[1] // 2
        scores[:, :half, :, 0] = scores[:, half:, :, 2] = 20
        return scores


@pytest.mark.parametrize(
    ("classes", "above", "below"),
    [(None, 1, 0), (("bicycle",), 0, 1), (("person", "bicycle"), 1, 1), (("dog",), 0, 0)],
    ids=["its figure", "another", "both", "what is not there"],
)
def test_any_classes_can_be_kept(monkeypatch, tmp_path, classes, above, below):
    record = {"network_options": {"size": 32}, "class_names": ["person", "dog", "bicycle"], "figure": ["person"]}
    monkeypatch.setattr("studio.figure.load_network", lambda model: (Halves(), record))
    (tmp_path / "m.keras").touch()
    photo = Image.new("RGB", (60, 60), (90, 90, 90))
    mask = figure_finder("figure", None, tmp_path / "m.keras", classes)(tmp_path / "a.jpg", photo)
    assert mask[10, 30] == above and mask[50, 30] == below
    with pytest.raises(UserError, match=r"--keep_classes=cat is not a class; choose from person, dog, bicycle"):
        figure_finder("figure", None, tmp_path / "m.keras", ("cat",))
