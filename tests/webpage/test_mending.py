"""The strokes of the brush, and the mask that they mend."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from segmentation.prediction import TINT
from utils import UserError
from webpage.mending import ERASED, SIDE, as_url, mended, read_strokes, tinted


def strokes(size, **boxes):
    """Transparent, with a box in the colour of each kind of stroke: strokes((8, 4), adds=(0, 0, 4, 4))."""
    image = Image.new("RGBA", size)
    for kind, box in boxes.items():
        image.paste((*{"adds": TINT, "erases": ERASED}[kind], 255), box)
    return image


def as_png(image):
    content = io.BytesIO()
    image.save(content, "PNG")
    return "data:image/png;base64," + base64.b64encode(content.getvalue()).decode()


def test_strokes_add_and_take_away():
    mask = np.full((4, 8), 0.5, np.float32)
    result = mended(mask, strokes((8, 4), adds=(0, 0, 2, 4), erases=(2, 0, 5, 4)))
    assert result.dtype == np.float32
    assert (result[:, :2] == 1).all() and (result[:, 2:5] == 0).all() and (result[:, 5:] == 0.5).all()


def test_a_half_transparent_edge_goes_half_the_way():
    image = Image.new("RGBA", (2, 1), (*TINT, 51))
    image.putpixel((1, 0), (*ERASED, 51))
    assert mended(np.float32([[0.5, 0.5]]), image) == pytest.approx(np.float32([[0.6, 0.4]]), abs=1e-6)


def test_strokes_are_enlarged_to_the_mask():
    result = mended(np.zeros((40, 80), np.float32), strokes((8, 4), adds=(0, 0, 4, 4)))
    assert (result[:, :30] == 1).all() and (result[:, 50:] == 0).all()


def test_strokes_come_as_a_png():
    image = strokes((8, 4), adds=(1, 1, 3, 3))
    assert (np.asarray(read_strokes(as_png(image))) == np.asarray(image)).all()
    assert read_strokes(as_png(Image.new("RGBA", (8, 4)))) is None


@pytest.mark.parametrize(
    "sent",
    ["data:image/png;base64,AAAA", "data:,%%%", None, 5, as_png(Image.new("RGBA", (SIDE + 1, 1)))],
)
def test_other_strokes_are_refused(sent):
    with pytest.raises(UserError, match="cannot be read; reload"):
        read_strokes(sent)


def test_no_strokes_are_none():
    assert read_strokes("") is None


def test_the_figure_is_tinted_at_the_size_of_the_page():
    picture = Image.new("RGB", (2 * SIDE, SIDE), "white")
    mask = np.zeros((SIDE, 2 * SIDE), np.float32)
    mask[:, :SIDE] = 1
    image = tinted(picture, mask)
    assert image.size == (SIDE, SIDE // 2)
    assert image.getpixel((10, 10)) == pytest.approx([(255 + channel) / 2 for channel in TINT], abs=1.5)
    assert image.getpixel((SIDE - 10, 10)) == (255, 255, 255)


def test_a_picture_becomes_an_address():
    kind, _, content = as_url(Image.new("RGBA", (3, 2), (0, 0, 0, 0))).partition(",")
    image = Image.open(io.BytesIO(base64.b64decode(content)))
    assert kind == "data:image/jpeg;base64" and image.size == (3, 2) and image.getpixel((0, 0)) == (255, 255, 255)
