"""Visits begin and end, and leave nothing behind."""

import threading

import pytest
from PIL import Image

from waiting import PATIENCE, until
from webpage.turns import Turn
from webpage.workshop import Workshop


def test_a_tab_has_one_visit(workshop):
    assert workshop.visit("one") is workshop.visit("one") is not workshop.visit("other")


def test_who_leaves_stops_painting_and_takes_the_files_along(workshop):
    one, other = workshop.visit("one"), workshop.visit("other")
    begun = threading.Event()

    def work(turn):
        begun.set()
        turn.stopped.wait(PATIENCE)

    turn, next_turn = one.join(workshop.painting, work), other.join(workshop.painting, lambda turn: "painted")
    assert begun.wait(PATIENCE) and workshop.painting.place(next_turn) == 1
    workshop.leave("one")
    assert next_turn.over.wait(PATIENCE) and next_turn.result == "painted" and turn.stopped.is_set()
    assert until(lambda: not one.folder.exists()) and other.folder.exists()
    workshop.leave("one")  # a second goodbye is no error


def test_who_leaves_the_queue_has_their_files_removed_at_once(workshop):
    one, other = workshop.visit("one"), workshop.visit("other")
    stop = threading.Event()
    one.join(workshop.painting, lambda turn: stop.wait(PATIENCE))
    other.join(workshop.painting, lambda turn: None)
    workshop.leave("other")
    assert until(lambda: not other.folder.exists()) and one.folder.exists()
    stop.set()


def test_the_styles_of_those_who_left_are_forgotten(workshop, upload, style):
    visit = workshop.visit("one")
    visit.bring_photo(upload())
    visit.bring_style(upload("mine.png", style.read_bytes(), 1))
    for chosen in (visit.style, style):
        visit.paint(Turn(None), visit.photo, chosen, "instant", "none")
    known = [key for key in workshop.shared if isinstance(key[0], tuple)]
    assert [key[0] for key in known] == [(visit.style,), (style,)]
    workshop.leave("one")
    assert until(lambda: known[0] not in workshop.shared) and known[1] in workshop.shared


def test_warming_up_looks_at_every_style(workshop, monkeypatch, tmp_path):
    photo = tmp_path / "first.png"
    Image.effect_noise((64, 64), 50).convert("RGB").save(photo)
    monkeypatch.setattr("webpage.workshop.FIRST_PHOTO", photo)
    seen = []
    monkeypatch.setattr("webpage.workshop.find_masks", lambda *given: seen.append(given))
    workshop.warm_up()
    assert workshop.painting.join(lambda turn: True).over.wait(PATIENCE)
    assert [key[0] for key in workshop.shared if isinstance(key[0], tuple)] == [(s,) for s in workshop.styles.values()]
    assert workshop.finding.join(lambda turn: True).over.wait(PATIENCE) and seen[0][:2] == workshop.finder
    assert list(workshop.styles) == ["rain", "wheat", "whirls"] and list(workshop.folder.iterdir()) == []


@pytest.mark.usefixtures("trained")
def test_closing_ends_all_visits(tmp_path, trained):
    folder = tmp_path / "visitors"
    folder.mkdir()
    workshop = Workshop(folder, trained)
    workshop.visit("one").join(workshop.painting, lambda turn: turn.stopped.wait(PATIENCE))
    workshop.visit("other")
    workshop.close()
    assert until(lambda: not list(folder.iterdir()))
