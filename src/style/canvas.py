"""The canvas: a picture held as a Laplacian pyramid, whose levels are all that training changes."""

import keras
import numpy as np
from keras import ops

COARSEST = 8  # pixels; the short side of the coarsest level is not smaller
GAIN = 1.2  # each level is held so much smaller than the next finer one, and so moves so much further in a step


def level_sizes(height, width):
    """The (height, width) of each level, fine to coarse, each half the one before."""
    sizes = [(height, width)]
    while min(sizes[-1]) >= 2 * COARSEST:
        sizes.append(tuple((length + 1) // 2 for length in sizes[-1]))
    return sizes


def split(picture):
    """The levels of a picture (1, H, W, 3): details (1, h, w, 3) from fine to coarse, and what is left at the end."""
    levels = []
    for size in level_sizes(*picture.shape[1:3])[1:]:
        smaller = ops.image.resize(picture, size, antialias=True)
        levels.append(picture - enlarge(smaller, picture.shape[1:3]))
        picture = smaller
    return [level / GAIN**number for number, level in enumerate([*levels, picture])]


def join(levels):
    """The picture of its levels: the inverse of `split`."""
    *details, picture = (level * GAIN**number for number, level in enumerate(levels))
    for detail in reversed(details):
        picture = enlarge(picture, detail.shape[1:3]) + detail
    return picture


def enlarge(picture, size):
    """A picture (1, h, w, 3) at a larger (height, width)."""
    return ops.image.resize(picture, size)


class Canvas(keras.Model):
    """A model whose trainable weights are the levels of a picture and whose training paints it.

    `fit` takes an x of no meaning and the target of the objective as y; see `Objective.parts`.
    """

    def __init__(self, picture, network, objective):
        super().__init__()
        self.network, self.objective = network, objective
        self.levels = [self.add_weight(shape=level.shape, name=f"level{n}") for n, level in enumerate(split(picture))]
        self.show(picture)
        self.means = {name: keras.metrics.Mean(name) for name in ("loss", "content", "style")}

    def show(self, picture):
        """Put a picture (1, H, W, 3), 0..1, on the canvas."""
        for weight, level in zip(self.levels, split(ops.convert_to_tensor(picture)), strict=True):
            weight.assign(level)

    def call(self, inputs):
        """The picture on the canvas, (1, H, W, 3), 0..1."""
        return _bounded(join([ops.convert_to_tensor(level) for level in self.levels]))

    def picture(self):
        """The picture on the canvas as a NumPy array (H, W, 3), 0..1."""
        return np.clip(ops.convert_to_numpy(self(None))[0], 0, 1)

    @property
    def metrics(self):
        return list(self.means.values())

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        content, style, variation = self.objective.parts(y_pred, self.network(y_pred), y)
        loss = self.objective.total(content, style, variation)
        for name, value in (("loss", loss), ("content", content), ("style", style)):
            self.means[name].update_state(value)
        return loss


def _bounded(picture):
    """Clip to 0..1, but let the gradient through, so that a pixel that left the range can come back."""
    return picture + ops.stop_gradient(ops.clip(picture, 0, 1) - picture)
