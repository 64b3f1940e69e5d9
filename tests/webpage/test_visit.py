"""A visit: files in and out, and paintings that are those of the command line."""

import shlex
import shutil

import numpy as np
import pytest
from PIL import Image

from pictures.images import read_record
from segmentation.prediction import TINT
from utils import ROOT, UserError, shown
from webpage.mending import ERASED
from webpage.turns import Turn
from webpage.visit import Visit, Watch


@pytest.fixture
def visit(workshop, upload, style):
    visit = Visit(workshop)
    visit.bring_photo(upload("me.jpg"))
    visit.bring_style(upload("mine.png", style.read_bytes(), 1))
    return visit


def drawn(photo):
    """Strokes: a figure on the left, none on the right."""
    strokes = Image.new("RGBA", photo.picture.size)
    strokes.paste((*TINT, 255), (0, 0, 30, 64))
    strokes.paste((*ERASED, 255), (30, 0, 64, 64))
    return strokes


CHOICES = {
    "at once": {"network": "instant", "keep": "none"},
    "with the brush": {"network": "instant", "brush": True},
    "with the network": {"network": "instant", "keep": "background", "similarity": "style"},
    "finely": {"network": "mini", "brush": True},
}


@pytest.mark.parametrize("name", CHOICES)
def test_the_page_and_its_command_line_paint_the_same_to_the_bit(visit, script, tmp_path, monkeypatch, eager, name):
    given = dict(CHOICES[name])
    if given.pop("brush", False):
        visit.photo.strokes = drawn(visit.photo)
    order = visit.paint(Turn(None), visit.photo, visit.style, **given)
    _, called, *arguments = shlex.split(order.command())
    place = tmp_path / "mine"
    place.mkdir()
    for file in filter(None, [order.content, order.style, order.mask]):
        shutil.copy(file, place / file.name)
    monkeypatch.chdir(place)
    status, _, error = script(called.removeprefix("src/"), *arguments)
    assert status == 0, error
    assert (np.asarray(Image.open(order.save)) == np.asarray(Image.open(place / "me_painted.jpg"))).all()
    ours, theirs = (read_record(file) for file in (order.save, place / "me_painted.jpg"))
    assert {key: value for key, value in ours.items() if key != "seconds"} == {
        key: value for key, value in theirs.items() if key != "seconds"
    }
    assert ("--mask=me_mask.png" in arguments) == ("brush" in CHOICES[name])


def test_a_mask_that_was_mended_is_kept_to_the_bit(visit):
    visit.photo.strokes = drawn(visit.photo)
    order = visit.paint(Turn(None), visit.photo, visit.style, "instant")
    photo, painted = (np.int16(np.asarray(image)) for image in (visit.photo.picture, Image.open(order.save)))
    difference = np.abs(photo - painted).mean(axis=(0, 2))
    assert difference[:28].max() < 6 < difference[40:].min()  # JPEG changes what is kept a little


def test_no_class_and_no_stroke_keep_nothing(visit):
    order = visit.paint(Turn(None), visit.photo, visit.style, "instant", classes=())
    assert order.keep == "none" and "--keep=none" in order.command()


def test_a_photo_with_transparency_becomes_a_png(workshop, upload, style, tmp_path):
    Image.new("RGBA", (64, 64), (200, 100, 50, 128)).save(tmp_path / "clear.png")
    visit = Visit(workshop)
    visit.bring_photo(upload("clear.png", (tmp_path / "clear.png").read_bytes()))
    order = visit.paint(Turn(None), visit.photo, style, "instant", "none")
    assert order.save.name == "clear_painted.png" and Image.open(order.save).getchannel("A").getextrema() == (128, 128)


def test_a_painting_grows_and_can_be_stopped_and_kept(visit, eager):
    class Impatient(Turn):
        shown = ()

        @property
        def news(self):
            return self.shown and self.shown[-1]

        @news.setter
        def news(self, value):
            self.shown = (*self.shown, value) if value else ()
            if value:
                self.stopped.set()

    turn = Impatient(None)
    order = visit.paint(turn, visit.photo, visit.style, "mini", "none")
    first, last = turn.shown
    assert (first["step"], first["planned"], first["left"]) == (1, 20, None) and last["planned"] == last["step"] == 2
    assert first["painting"].startswith("data:image/jpeg") and read_record(order.save)["stopped"] is True


def test_the_seconds_left_are_told_from_the_second_step_on(monkeypatch):
    now = iter((10.0, 30.0, 34.0, 50.0))
    monkeypatch.setattr("webpage.visit.time.perf_counter", lambda: next(now))
    turn = Turn(None)
    watch, seen = Watch(turn), []
    for step in (1, 2, 4, 9):
        watch(step, 9, lambda side: Image.new("RGB", (8, 8)))
        seen.append(turn.news["left"])
    assert seen == [None, 140, 40, 0]  # 20 s for a step, then 8 s on average, then none is left


def test_uploads_keep_their_bytes_and_get_harmless_names(workshop, upload, people):
    visit = Visit(workshop)
    sent = upload("a,b;<script>\u202e.jpg")
    visit.bring_photo(sent)
    place = visit.photo.place
    assert place.name == "a_b__script__.jpg" and place.is_relative_to(visit.folder)
    assert place.read_bytes() == (people / "images/0000.jpg").read_bytes()
    assert [file.name for file in workshop.folder.iterdir()] == [visit.folder.name]


def test_a_style_with_the_name_of_the_photo_is_renamed(visit, upload):
    visit.bring_style(upload("me.jpg", number=2))
    assert visit.style.name == "style_me.jpg"


@pytest.mark.parametrize("bring", ["bring_photo", "bring_style"])
def test_a_broken_upload_is_refused_in_the_words_of_the_command_line(visit, upload, script, tmp_path, bring):
    before = visit.photo, visit.style
    with pytest.raises(UserError) as error:
        getattr(visit, bring)(upload("broken.png", b"no picture", 3))
    told = visit.plain(error.value)
    assert told == "broken.png cannot be read (damaged, or not a picture); give a JPEG, PNG, WebP, BMP or TIFF file"
    assert (visit.photo, visit.style) == before
    (tmp_path / "broken.png").write_bytes(b"no picture")
    typed = f"--content={tmp_path}/broken.png", f"--style={ROOT}/examples/styles/rain.jpg", f"--save={tmp_path}/a.jpg"
    _, _, line = script("stylize.py", *typed, "--network=instant", "--keep=none")
    assert line.replace(shown(tmp_path / "broken.png"), "broken.png") == f"stylize.py: {told}\n"


def test_a_style_that_is_not_there_is_refused(visit):
    with pytest.raises(UserError, match="no such style"):
        visit.paint(Turn(None), visit.photo, None, "instant")


def test_leaving_removes_everything(visit, workshop):
    visit.paint(Turn(None), visit.photo, visit.style, "instant", "none")
    visit.leave()
    assert list(workshop.folder.iterdir()) == []
