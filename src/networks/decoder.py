"""The decoder: it draws a picture from the features that its positions are to have, and a sketch of it.

A *stroke* is what a style shows around a position of the grid: the CELL x CELL pixels of the position, and half as many
more on each side. A *sketch* lays strokes out where they are wanted. They overlap, and each fades out to its borders.
"""

import keras
import numpy as np
from keras import ops

CELL = 4  # px, the side of a position of the grid
BLOCKS = 3  # residual blocks on the grid
STROKE = 4 * CELL**2 * 3  # the numbers of a stroke: four quarters, upper left to lower right, CELL x CELL pixels each
QUARTERS = [(down, along) for down in (0, CELL) for along in (0, CELL)]


def strokes_of(pictures):
    """The strokes of pictures (n, H, W, 3), whose sides are multiples of CELL: (n, H / CELL, W / CELL, STROKE)."""
    height, width = pictures.shape[1:3]
    wide = _mirrored(_mirrored(pictures, 1), 2)
    return ops.concatenate([cut(wide[:, down:][:, :height, along:][:, :, :width]) for down, along in QUARTERS], axis=-1)


def sketch_of(strokes):
    """Lay out strokes (n, h, w, STROKE): pictures (n, CELL * h, CELL * w, 3)."""
    total = 0.0
    for (down, along), quarter in zip(QUARTERS, ops.split(strokes, 4, axis=-1), strict=True):
        tiles = _laid(ops.multiply(quarter, _window(down, along)))
        total += ops.pad(tiles, [(0, 0), (down, CELL - down), (along, CELL - along), (0, 0)])
    half = CELL // 2
    return total[:, half:-half, half:-half]


def _mirrored(pictures, axis):
    """Pictures with half a cell more at both ends of an axis."""
    half = CELL // 2
    turned = ops.flip(pictures, axis)
    first, last = ops.split(turned, [pictures.shape[axis] - half], axis)[1], ops.split(turned, [half], axis)[0]
    return ops.concatenate([first, pictures, last], axis)


def cut(values, side=CELL):
    """Values (n, H, W, channels) in square cells: (n, H / side, W / side, side * side * channels)."""
    _, height, width, channels = values.shape
    height, width = height // side, width // side
    cells = ops.transpose(ops.reshape(values, (-1, height, side, width, side, channels)), (0, 1, 3, 2, 4, 5))
    return ops.reshape(cells, (-1, height, width, side * side * channels))


def _laid(cells):
    """The pictures that `cut` cut into these cells."""
    height, width = cells.shape[1:3]
    laid = ops.transpose(ops.reshape(cells, (-1, height, width, CELL, CELL, 3)), (0, 1, 3, 2, 4, 5))
    return ops.reshape(laid, (-1, CELL * height, CELL * width, 3))


def _window(down, along):
    """How much the pixels of a quarter of a stroke count: (CELL * CELL * 3,) float32; over all strokes, in all 1."""
    tent = 1 - np.abs(np.arange(2 * CELL) + 0.5 - CELL) / CELL
    weights = tent[down : down + CELL, None, None] * tent[None, along : along + CELL, None]
    return np.float32(np.broadcast_to(weights, (CELL, CELL, 3)).reshape(-1))


def decoder(numbers, widths, dtype="float32"):
    """An untrained decoder from vectors (n, h, w, numbers) and sketches (n, 4 h, 4 w, 3) to pictures (n, 4 h, 4 w, 3).

    widths: its channels on the grid, at half of the picture's side, and at the whole. The pictures are about 0..1.
    """
    vectors = keras.Input((None, None, numbers), name="vectors", dtype="float32")
    sketch = keras.Input((None, None, 3), name="sketch", dtype="float32")
    x = keras.layers.Add(dtype=dtype)(
        [
            _convolution(widths[0], 1, "decoder_vectors", dtype, None)(vectors),
            _convolution(widths[0], CELL, "decoder_sketch", dtype, None, strides=CELL)(sketch),
        ]
    )
    x = keras.layers.ReLU(dtype=dtype)(x)
    for block in range(BLOCKS):
        x = _residual(x, f"decoder_grid{block}", dtype)
    x = _residual(_larger(x, widths[1], "decoder_half", dtype), "decoder_half0", dtype)
    x = _residual(_larger(x, widths[2], "decoder_whole", dtype, sketch), "decoder_whole0", dtype)
    # Training begins with grey pictures.
    grey = {"kernel_initializer": "zeros", "bias_initializer": keras.initializers.Constant(0.5)}
    x = keras.layers.Conv2D(3, 3, padding="same", name="decoder_colours", dtype=dtype, **grey)(x)
    return keras.Model([vectors, sketch], keras.layers.Activation("linear", name="drawn", dtype="float32")(x))


def _convolution(width, size, name, dtype, activation="relu", strides=1):
    return keras.layers.Conv2D(
        width, size, strides, "same", activation=activation, kernel_initializer="he_normal", name=name, dtype=dtype
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
