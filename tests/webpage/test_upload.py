"""A photo on the page: its classes, its figure, and strokes over it."""

import numpy as np
import pytest
from PIL import Image

from segmentation.masks import find_masks
from segmentation.prediction import TINT
from utils import UserError
from webpage.upload import Photo


@pytest.fixture
def photo(upload, workshop):
    return Photo(upload(), workshop.finder)


def test_the_figure_is_the_one_that_the_network_finds(photo, workshop):
    expected = find_masks(*workshop.finder, [photo.picture])[0]
    assert (photo.figure() == expected).all() and photo.figure() is photo.figure()


def test_no_class_is_no_figure(photo):
    assert photo.figure(()).shape == (64, 64) and photo.figure(()).max() == 0


def test_the_classes_that_were_found_can_be_chosen(photo):
    photo.found, photo.usual = ["cat", "dog", "person"], ["person"]
    assert photo.chosen(["person"]) is None
    assert photo.chosen(["person", "cat", "horse"]) == ("cat", "person")
    assert photo.chosen([]) == ()


def test_only_classes_that_occur_are_found(upload, workshop, monkeypatch):
    labels = np.zeros((100, 100), np.uint8)
    labels[:50, :50], labels[99, 99] = 2, 1
    record = {"class_names": ["background", "cat", "dog", "person"], "figure": ["person", "dog"]}
    monkeypatch.setattr("webpage.upload.find_labels", lambda network, record, pictures: [labels])
    photo = Photo(upload(), (None, record))
    assert (photo.found, photo.usual) == (["dog"], ["dog"])


def test_strokes_mend_the_mask(photo):
    before = photo.mask()
    photo.strokes = Image.new("RGBA", (64, 64))
    photo.strokes.paste((*TINT, 255), (0, 0, 10, 64))
    assert (photo.mask()[:, :10] == 1).all() and (photo.mask()[:, 10:] == before[:, 10:]).all()


def test_a_broken_photo_is_refused(upload, workshop):
    with pytest.raises(UserError, match="damaged, or not a picture"):
        Photo(upload(content=b"no picture"), workshop.finder)
