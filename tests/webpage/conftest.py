"""A workshop for the tests of the page."""

import shutil

import pytest
from PIL import Image


@pytest.fixture
def workshop(tmp_path, trained, drawing, monkeypatch, eager):
    """A workshop with untrained networks that find figures and paint."""
    from webpage.workshop import Workshop

    for place in ("style.features.MINI", "studio.orders.MINI"):
        monkeypatch.setattr(place, drawing)
    folder = tmp_path / "visitors"
    folder.mkdir()
    workshop = Workshop(folder, trained)
    workshop.precision = workshop.quick_precision = "float32"
    yield workshop
    workshop.close()


@pytest.fixture
def upload(workshop, people):
    """Upload a file as Gradio does, into a folder of its own: upload("me.jpg") gives its place; by default a photo."""

    def bring(name="me.jpg", content=None, number=0):
        place = workshop.folder / f"upload{number}" / name
        place.parent.mkdir(exist_ok=True)
        if content is None:
            shutil.copy(people / "images" / f"{number:04}.jpg", place)
        else:
            place.write_bytes(content)
        return str(place)

    return bring


@pytest.fixture
def style(tmp_path):
    """A small picture to take the style of."""
    place = tmp_path / "noise.png"
    Image.effect_noise((64, 48), 90).convert("RGB").save(place)
    return place
