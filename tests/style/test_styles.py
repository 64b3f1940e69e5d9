"""The sizes of styles."""

import numpy as np
import pytest
from PIL import Image

from style.methods import METHODS
from style.painting import Painter
from style.styles import Styles

IMAGE = Image.new("RGB", (40, 30), "red")


@pytest.mark.parametrize(
    ("side", "scale", "most", "size"),
    [
        (100, 1.0, None, (75, 100)),
        (100, 1.0, 1.5, (45, 60)),  # one and a half times its own size
        (48, 1.0, 1.5, (36, 48)),
        (100, 2.0, 1.5, (90, 120)),  # the scale that was asked for counts all the same
        (48, 2.0, 1.5, (72, 96)),
    ],
)
def test_a_style_is_as_large_as_the_painting_up_to_a_multiple_of_its_own_size(side, scale, most, size):
    (style,) = Styles([IMAGE], parts=[np.ones((30, 40), np.float32)], scale=scale).at(side, most)
    assert style.picture.shape == (*size, 3) and style.part.shape == size


@pytest.mark.parametrize(("method", "side"), [("match", 60), ("moments", 100), ("gram", 100)])
def test_only_for_matching_is_the_size_of_styles_limited(method, side):
    painter = Painter(None, "float32", METHODS[method](), Styles([IMAGE]))
    assert painter._styles(100)[0].picture.shape[1] == side
