"""What the page shows when a control is used."""

from types import SimpleNamespace

import pytest

from utils import UserError
from waiting import until

gradio = pytest.importorskip("gradio")

from webpage.answers import BROKEN, Answers  # noqa: E402
from webpage.order import Order  # noqa: E402

NAMES = ("photo", "style", "own", "keep", "classes", "similarity", "brush", "compare", "status", "network", "fine")
NAMES += ("stop", "save", "mask", "command")
CHOICES = ("rain", "none", [], "balanced")
ME = SimpleNamespace(session_hash="me")
OTHER = SimpleNamespace(session_hash="other")


@pytest.fixture
def answers(workshop):
    return Answers(workshop, SimpleNamespace(**{name: name for name in NAMES}))


def last(answer):
    """What the page shows at the end of an answer: {name: value}."""
    shown = {}
    for change in answer:
        shown |= change
    return shown


def bring(answers, upload, who=ME):
    return last(answers.photo(upload, "rain", "none", "balanced", who))


def test_a_photo_is_tinted_and_painted_at_once(answers, upload):
    shown = bring(answers, upload())
    assert shown["brush"]["photo"].startswith("data:image/jpeg") and shown["brush"]["fresh"]
    assert shown["compare"]["painting"] != shown["compare"]["photo"]
    assert shown["status"]["text"] == "Painted at once. Paint finely for finer strokes."
    assert shown["command"].startswith("python src/stylize.py --content=me.jpg --style=examples/styles/rain.jpg")
    assert shown["save"]["interactive"] and not shown["mask"]["interactive"] and not shown["stop"]["interactive"]


def test_a_broken_photo_is_told_and_the_next_one_is_taken(answers, upload):
    shown = bring(answers, upload("broken.png", b"no picture"))
    assert shown["status"]["wrong"] and shown["status"]["text"].startswith("broken.png cannot be read (damaged")
    assert not bring(answers, upload())["status"]["wrong"]


def test_a_figure_that_is_not_found_is_told(answers, upload, monkeypatch):
    import numpy as np

    monkeypatch.setattr("webpage.upload.find_masks", lambda *given, **more: [np.zeros((64, 64), np.float32)])
    shown = last(answers.photo(upload(), "rain", "figure", "balanced", ME))
    assert "No figure was found, so everything is painted." in shown["status"]["text"]


def test_without_a_photo_nothing_happens(answers):
    assert last(answers.sketch(*CHOICES, ME)) == {} == last(answers.fine(*CHOICES, "mini", ME))
    assert last(answers.brush(SimpleNamespace(strokes="x"), *CHOICES, ME)) == {} == last(answers.classes(*CHOICES, ME))


def test_strokes_that_are_none_are_told(answers, upload):
    bring(answers, upload())
    shown = last(answers.brush(SimpleNamespace(strokes="data:,nonsense"), *CHOICES, ME))
    assert shown["status"] == {"text": "the strokes of the brush cannot be read; reload the page", "wrong": True}


def test_a_broken_style_is_told_and_an_own_style_is_chosen(answers, upload, style):
    bring(answers, upload())
    shown = last(answers.own(upload("broken.png", b"no picture", 1), *CHOICES, ME))
    assert shown["status"]["wrong"] and "style" not in shown
    shown = last(answers.own(upload("mine.png", style.read_bytes(), 2), *CHOICES, ME))
    assert shown["style"] == "own" and "--style=mine.png" in shown["command"]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (UserError("--size=512 needs more"), "--size=512 needs more"),
        (MemoryError(), "out of memory; close other programs, or choose a smaller picture or --size"),
        (ZeroDivisionError("a bug"), BROKEN),
    ],
)
def test_errors_of_a_painting_are_told(answers, upload, monkeypatch, capfd, error, told):
    def fail(*given):
        raise error

    bring(answers, upload())
    monkeypatch.setattr("webpage.visit.Visit.paint", fail)
    shown = last(answers.sketch(*CHOICES, ME))
    assert shown["status"] == {"text": told, "wrong": True} and shown["fine"]["interactive"]
    assert ("a bug" in capfd.readouterr().err) == (told == BROKEN)  # the terminal has the traceback


def test_who_waits_sees_the_place_and_who_paints_the_steps(answers, upload, monkeypatch, workshop):
    """One visitor paints in steps, and the other one waits until the first one stops."""

    def paint(visit, turn, photo, style, network, *given):
        for step, left in ((1, None), (2, 36)):
            turn.news = {"painting": "data:", "step": step, "planned": 20, "left": left}
            while network == "mini" and (step, turn.stopped.is_set()) == (step, False) and step not in seen:
                turn.stopped.wait(0.01)
        if network == "mini":
            turn.stopped.wait(60)
        return Order(photo.place, style, visit.folder / "a.jpg", network, "none", "balanced")

    seen = set()
    bring(answers, upload()), bring(answers, upload(number=1), OTHER)
    monkeypatch.setattr("webpage.visit.Visit.paint", paint)
    one, told = answers.fine(*CHOICES, "mini", ME), []
    for change in one:
        told.append(change.get("status"))
        seen.add(told[-1].get("step") if told[-1] else None)
        if 2 in seen:
            break
    assert [(each["text"], each["step"]) for each in told if each and "step" in each] == [
        ("Step 1 of 20", 1),
        ("Step 2 of 20, 36 s left", 2),
    ]
    other = answers.sketch(*CHOICES, OTHER)
    assert "stop" in next(other) and next(other)["status"]["text"] == "1 before you in the queue."
    answers.stop(ME)
    assert last(one)["status"]["text"] == "Stopped after 2 steps. The command line paints on to the end."
    assert last(other)["status"]["text"].startswith("Painted finely, in 2 steps.")


def test_leaving_ends_the_visit(answers, upload, workshop):
    bring(answers, upload())
    folder = workshop.visits["me"].folder
    answers.leave(ME)
    assert workshop.visits == {} and until(lambda: not folder.exists())
