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
    """A model whose only trainable weights are the levels of a picture: its training, on data of no meaning, paints."""

    def __init__(self, picture, network, objective, target):
        """picture: (1, H, W, 3), 0..1. target: what the objective compares with; see `Objective.parts`."""
        super().__init__()
        self.network, self.objective = network, objective
        levels = split(ops.convert_to_tensor(picture))
        self.levels = [self.add_weight(shape=level.shape, name=f"level{n}") for n, level in enumerate(levels)]
        for weight, level in zip(self.levels, levels, strict=True):
            weight.assign(level)
        # As weights that are not trained they go to the accelerator once, and are no constants to be compiled in.
        self.target = keras.tree.map_structure(lambda values: keras.Variable(values, trainable=False), target)
        self.latest = [Latest(name) for name in ("loss", "content", "style")]

    def call(self, inputs=None):
        """The picture on the canvas, (1, H, W, 3), 0..1."""
        return bounded(join([ops.convert_to_tensor(level) for level in self.levels]))

    def picture(self):
        """The picture on the canvas as a NumPy array (H, W, 3), 0..1."""
        if hasattr(self, "jax_state_sync"):  # in the midst of training, JAX keeps the weights elsewhere
            self.jax_state_sync()
        return np.clip(ops.convert_to_numpy(self())[0], 0, 1)

    @property
    def metrics(self):
        return self.latest

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        content, style, variation = self.objective.parts(y_pred, self.network(y_pred), self.target)
        loss = self.objective.total(content, style, variation)
        for metric, value in zip(self.latest, (loss, content, style), strict=True):
            metric.update_state(value)
        return loss


class Sittings(keras.utils.PyDataset):
    """As many batches of no meaning as there are steps to paint.

    No array, and with a worker: TensorFlow's pipelines tune themselves otherwise, and at the end of one it waits for
    that, as long as all the steps have taken.
    """

    def __init__(self, steps):
        super().__init__(workers=1)
        self.steps = steps

    def __len__(self):
        return self.steps

    def __getitem__(self, index):
        return (np.zeros((1, 1), np.float32),)


class Latest(keras.metrics.Metric):
    """The last value itself, where Keras's own metrics take a mean over the epoch."""

    def __init__(self, name):
        super().__init__(name=name)
        self.value = self.add_variable((), "zeros", name=name)

    def update_state(self, value, *_):
        self.value.assign(ops.cast(value, self.dtype))

    def result(self):
        return ops.convert_to_tensor(self.value)


def bounded(picture):
    """Clip to 0..1, but let the gradient through, so that a pixel that left the range can come back."""
    return picture + ops.stop_gradient(ops.clip(picture, 0, 1) - picture)
