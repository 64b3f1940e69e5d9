"""The decoder: it draws a picture from the features that its positions are to have, and the strokes that go with them.

A *stroke* is what a style shows in one position of the grid: CELL x CELL pixels.
"""

import keras
from keras import ops

CELL = 4  # px, the side of a position of the grid
BLOCKS = 3  # residual blocks on the grid


class Tiled(keras.layers.Layer):
    """Lay strokes (n, h, w, CELL * CELL * 3) out side by side: pictures (n, CELL * h, CELL * w, 3)."""

    def call(self, strokes):
        count, height, width = ops.shape(strokes)[:3]
        tiles = ops.transpose(ops.reshape(strokes, (count, height, width, CELL, CELL, 3)), (0, 1, 3, 2, 4, 5))
        return ops.reshape(tiles, (count, CELL * height, CELL * width, 3))

    def compute_output_shape(self, shape):
        return shape[0], None, None, 3


def strokes_of(pictures):
    """Cut pictures (n, H, W, 3), whose sides are multiples of CELL, into strokes: (n, h, w, CELL * CELL * 3)."""
    count, height, width = ops.shape(pictures)[:3]
    cut = ops.reshape(pictures, (count, height // CELL, CELL, width // CELL, CELL, 3))
    return ops.reshape(ops.transpose(cut, (0, 1, 3, 2, 4, 5)), (count, height // CELL, width // CELL, CELL * CELL * 3))


def decoder(numbers, widths, dtype="float32"):
    """An untrained decoder from vectors (n, h, w, numbers) and strokes (n, h, w, 48) to pictures (n, 4 h, 4 w, 3).

    widths: its channels on the grid, at half of the picture's side, and at the whole. The pictures are about 0..1.
    """
    vectors = keras.Input((None, None, numbers), name="vectors", dtype="float32")
    strokes = keras.Input((None, None, CELL * CELL * 3), name="strokes", dtype="float32")
    x = _convolution(widths[0], 1, "decoder_grid", dtype)(keras.layers.Concatenate(dtype=dtype)([vectors, strokes]))
    for block in range(BLOCKS):
        x = _residual(x, f"decoder_grid{block}", dtype)
    x = _residual(_larger(x, widths[1], "decoder_half", dtype), "decoder_half0", dtype)
    tiles = Tiled(dtype=dtype)(strokes)
    x = _residual(_larger(x, widths[2], "decoder_whole", dtype, tiles), "decoder_whole0", dtype)
    # Training begins with grey pictures.
    grey = {"kernel_initializer": "zeros", "bias_initializer": keras.initializers.Constant(0.5)}
    x = keras.layers.Conv2D(3, 3, padding="same", name="decoder_colours", dtype=dtype, **grey)(x)
    return keras.Model([vectors, strokes], keras.layers.Activation("linear", name="drawn", dtype="float32")(x))


def _convolution(width, size, name, dtype, activation="relu"):
    return keras.layers.Conv2D(
        width, size, padding="same", activation=activation, kernel_initializer="he_normal", name=name, dtype=dtype
    )


def _larger(x, width, name, dtype, *more):
    """Twice the size, with `width` channels. more: other tensors of that size to draw from."""
    x = keras.layers.UpSampling2D(dtype=dtype)(x)
    x = keras.layers.Concatenate(dtype=dtype)([x, *more]) if more else x
    return _convolution(width, 3, name, dtype)(x)


def _residual(x, name, dtype):
    change = _convolution(x.shape[-1], 3, f"{name}_1", dtype)(x)
    change = _convolution(x.shape[-1], 3, f"{name}_2", dtype, None)(change)
    return keras.layers.ReLU(dtype=dtype)(keras.layers.Add(dtype=dtype)([x, change]))
