"""The decoder: its plan, and strokes cut from pictures and laid out again."""

import numpy as np
import pytest

from networks.decoder import Tiled, decoder, strokes_of
from networks.vgg import thin, vector_length
from style.features import LAYERS
from style.matching import LAYERS as MATCHED

RANDOM = np.random.default_rng(0)


def convolution(inputs, outputs, side=3):
    return inputs * outputs * side**2 + outputs


def residual(width):
    return 2 * convolution(width, width)


@pytest.mark.parametrize(("numbers", "widths"), [(736, (128, 64, 32)), (10, (5, 4, 3))])
def test_it_has_the_parameters_of_its_plan(numbers, widths):
    grid, half, whole = widths
    wanted = convolution(numbers + 48, grid, 1) + 3 * residual(grid)
    wanted += convolution(grid, half) + residual(half)
    wanted += convolution(half + 3, whole) + residual(whole) + convolution(whole, 3)
    assert decoder(numbers, widths).count_params() == wanted


@pytest.mark.parametrize("size", [(1, 1), (3, 5)])
def test_it_draws_four_pixels_a_position_and_begins_with_grey(size):
    network = decoder(6, (4, 3, 2))
    drawn = network([RANDOM.random((2, *size, 6)), RANDOM.random((2, *size, 48))])
    assert drawn.shape == (2, 4 * size[0], 4 * size[1], 3) and (np.asarray(drawn) == 0.5).all()


def test_strokes_are_squares_of_the_picture_and_can_be_laid_out_again():
    pictures = RANDOM.random((2, 12, 20, 3), np.float32)
    strokes = strokes_of(pictures)
    assert strokes.shape == (2, 3, 5, 48)
    square = np.asarray(strokes)[1, 2, 3].reshape(4, 4, 3)
    np.testing.assert_array_equal(square, pictures[1, 8:12, 12:16])
    np.testing.assert_array_equal(np.asarray(Tiled()(strokes)), pictures)


def test_a_thin_network_may_have_one():
    widths = (2, 3, 4, 5, 6)
    alone, both = thin(widths, LAYERS), thin(widths, LAYERS, (5, 4, 3))
    numbers = vector_length(widths)
    assert numbers == sum(alone.get_layer(layer).output.shape[-1] for layer in MATCHED)
    assert both.count_params() == alone.count_params() + decoder(numbers, (5, 4, 3)).count_params()
    assert set(both.output) == {*LAYERS, "drawn"}
