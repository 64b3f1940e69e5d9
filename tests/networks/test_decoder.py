"""The decoder: its plan, and strokes cut from pictures and laid out again."""

import numpy as np
import pytest
from keras import ops

from networks.decoder import STROKE, decoder, sketch_of, strokes_of
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
    wanted = convolution(numbers, grid, 1) + convolution(3, grid, 4) + 3 * residual(grid)
    wanted += convolution(grid, half) + residual(half)
    wanted += convolution(half + 3, whole) + residual(whole) + convolution(whole, 3)
    assert decoder(numbers, widths).count_params() == wanted


@pytest.mark.parametrize("size", [(1, 1), (3, 5)])
def test_it_draws_four_pixels_a_position_and_begins_with_grey(size):
    network = decoder(6, (4, 3, 2))
    drawn = network([RANDOM.random((2, *size, 6)), RANDOM.random((2, 4 * size[0], 4 * size[1], 3))])
    assert drawn.shape == (2, 4 * size[0], 4 * size[1], 3) and (ops.convert_to_numpy(drawn) == 0.5).all()


def test_strokes_are_overlapping_squares_of_the_picture():
    pictures = RANDOM.random((2, 12, 20, 3), np.float32)
    strokes = ops.convert_to_numpy(strokes_of(ops.convert_to_tensor(pictures)))
    assert strokes.shape == (2, 3, 5, STROKE)
    quarters = strokes[1, 1, 3].reshape(2, 2, 4, 4, 3)
    square = np.concatenate([np.concatenate(row, axis=1) for row in quarters])
    np.testing.assert_array_equal(square, pictures[1, 2:10, 10:18])
    corner = strokes[0, 0, 0].reshape(2, 2, 4, 4, 3)[0, 0]
    np.testing.assert_array_equal(corner[:2, :2], pictures[0, 1::-1, 1::-1])  # mirrored beyond the edge


def test_a_sketch_of_a_pictures_own_strokes_is_that_picture():
    pictures = RANDOM.random((2, 12, 20, 3), np.float32)
    sketch = ops.convert_to_numpy(sketch_of(strokes_of(ops.convert_to_tensor(pictures))))
    np.testing.assert_allclose(sketch[:, 2:-2, 2:-2], pictures[:, 2:-2, 2:-2], atol=1e-5)


def test_strokes_of_other_colours_flow_into_each_other():
    strokes = np.zeros((1, 1, 2, STROKE), np.float32)
    strokes[:, :, 1] = 1
    row = ops.convert_to_numpy(sketch_of(ops.convert_to_tensor(strokes)))[0, 1, :, 0]
    tent = np.array([1, 3, 5, 7, 7, 5]) / 8  # of the second stroke, from its first pixel to the end of its cell
    np.testing.assert_allclose(row, np.concatenate([[0, 0], tent]) * 7 / 8, atol=1e-6)


def test_a_thin_network_may_have_one():
    widths = (2, 3, 4, 5, 6)
    alone, both = thin(widths, LAYERS), thin(widths, LAYERS, (5, 4, 3))
    numbers = vector_length(widths)
    assert numbers == sum(alone.get_layer(layer).output.shape[-1] for layer in MATCHED)
    assert both.count_params() == alone.count_params() + decoder(numbers, (5, 4, 3)).count_params()
    assert set(both.output) == {*LAYERS, "drawn"}
