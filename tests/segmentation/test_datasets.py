import shutil

import pytest
from PIL import Image

from segmentation.datasets import WrongSize, find_pairs, is_held_back, read_pair, split
from segmentation.layouts import LAYOUTS
from utils import UserError

PEOPLE = LAYOUTS["people"]


def test_pairs_are_matched_by_stem_and_never_by_place(people, tmp_path):
    folder = shutil.copytree(people, tmp_path / "set")
    (folder / "images" / "0000.jpg").unlink()
    (folder / "masks" / "0023.png").unlink()
    shutil.copy(folder / "images" / "0005.jpg", folder / "images" / "0005.JPEG")
    (folder / "images" / "notes.txt").write_text("no picture")
    pairs, problems = find_pairs(folder, PEOPLE)
    assert list(pairs) == [f"{number:04}" for number in range(1, 23)]
    assert all(picture.stem == mask.stem == stem for stem, (picture, mask) in pairs.items())
    assert problems == {
        "masks without a picture": ["0000.png"],
        "pictures without a mask": ["0023.jpg"],
        "names that occur twice": ["0005.jpg"],
    }


def test_a_folder_without_the_two_folders_is_named(tmp_path):
    with pytest.raises(UserError, match=r"--data=.* has no folder images/"):
        find_pairs(tmp_path, PEOPLE)


def test_a_pair_of_two_sizes_is_refused(tmp_path):
    Image.new("RGB", (20, 10)).save(tmp_path / "a.jpg")
    Image.new("L", (10, 20)).save(tmp_path / "a.png")
    with pytest.raises(WrongSize, match=r"a\.png"):
        read_pair(tmp_path / "a.jpg", tmp_path / "a.png", PEOPLE)


def test_adding_pictures_moves_none_across_the_split():
    few, many = [f"p{number}" for number in range(50)], [f"p{number}" for number in range(1000)]
    held = {few[place] for place in split(few, 0.2)[1]}
    assert held == {many[place] for place in split(many, 0.2)[1]} & set(few)
    training, held_back = split(many, 0.2)
    assert 150 < len(held_back) < 250 and sorted([*training, *held_back]) == list(range(1000))


def test_a_larger_share_holds_back_the_same_and_more():
    assert all(is_held_back(f"{n}", 0.4) for n in range(500) if is_held_back(f"{n}", 0.2))
    assert not any(is_held_back(f"{n}", 0) for n in range(500))


def test_a_photo_that_is_held_back_in_one_set_is_not_trained_on_in_another():
    stems = [f"{number:012}" for number in range(100)] + [f"coco_val_{number:012}" for number in range(100)]
    training, held_back = split(stems, 0.2)
    numbers = {stems[place][-12:] for place in training} & {stems[place][-12:] for place in held_back}
    assert not numbers and all(is_held_back(stems[place], 0.2) for place in held_back) and len(training) > 100
