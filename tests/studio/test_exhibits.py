"""Animations, panels and sheets."""

import numpy as np
import pytest
from PIL import Image

from studio.exhibits import FRAMES, PANEL_HEIGHT, Evolution, contact_sheet, side_by_side, taken_apart


@pytest.mark.parametrize("ending", [".gif", ".webp"])
def test_an_evolution_holds_its_frames_and_rests_on_the_last(tmp_path, ending):
    evolution = Evolution(200)
    steps = [step for step in range(1, 201) if evolution.wants(step)]
    assert len(steps) == FRAMES and steps[-1] == 200
    for step in steps:
        evolution.add(Image.new("RGB", (40, 30), (step, 255 - step, 0)))
    evolution.write(tmp_path / f"e{ending}")
    with Image.open(tmp_path / f"e{ending}") as image:
        assert image.n_frames == FRAMES and image.size == (40, 30)
        times = []
        for frame in range(image.n_frames):
            image.seek(frame)
            image.load()
            times.append(image.info["duration"])
        assert times[-1] > 5 * times[0]
        red, green, _ = image.convert("RGB").getpixel((20, 15))
        assert abs(red - 200) < 12 and abs(green - 55) < 12
    assert [file.name for file in tmp_path.iterdir()] == [f"e{ending}"]


def test_few_steps_are_all_shown():
    assert all(Evolution(5).wants(step) for step in range(1, 6))


def test_pictures_stand_side_by_side_at_one_height():
    red, blue = Image.new("RGB", (100, 50), "red"), Image.new("RGBA", (30, 60), "blue")
    sheet = side_by_side([red, blue], ["", ""])
    widths = [2 * PANEL_HEIGHT, PANEL_HEIGHT // 2]
    assert sheet.height > PANEL_HEIGHT and sum(widths) < sheet.width < sum(widths) + 60
    middle = sheet.height // 2
    assert sheet.getpixel((100, middle)) == (255, 0, 0) and sheet.getpixel((sheet.width - 60, middle)) == (0, 0, 255)


def test_labels_are_drawn_under_the_pictures():
    picture = Image.new("RGB", (50, 50), "white")
    bare, labelled = side_by_side([picture], [""]), side_by_side([picture], ["balanced"])
    under = (0, PANEL_HEIGHT + 12, labelled.width, labelled.height)
    assert labelled.crop(under).getextrema()[0][0] < 100 and bare.getextrema() == ((255, 255),) * 3


def test_a_painting_taken_apart_is_the_sum_of_its_parts():
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8))
    mask = np.zeros((20, 30), np.float32)
    mask[5:15, 10:20] = 1
    kept, painted = (np.asarray(part) for part in taken_apart(picture, mask))
    assert (kept + painted == np.asarray(picture)).all() and not kept[mask == 0].any() and not painted[mask == 1].any()


def test_a_contact_sheet_has_rows_of_four():
    pictures = [Image.new("RGB", (48, 48), (40 * number, 0, 0)) for number in range(6)]
    sheet = contact_sheet(pictures, list("abcdef"))
    row = side_by_side(pictures[:4], list("abcd"))
    assert sheet.size == (row.width, 2 * row.height)
    assert (np.asarray(sheet)[: row.height] == np.asarray(row)).all()
    assert (np.asarray(sheet)[row.height :, -400:] == 255).all()
