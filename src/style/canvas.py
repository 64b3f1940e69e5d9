"""The canvas: a picture stored as a Laplacian pyramid. Training changes the levels of the pyramid and nothing else."""

import keras
import numpy as np
from keras import ops

from networks.hardware import use_xla

COARSEST = 8  # px; the shortest side that a level may have
GAIN = 1.2  # each level is stored divided by this much more than the next finer one, and so moves further in a step


def level_sizes(height, width):
    """The (height, width) of each level, fine to coarse, each half of the previous one."""
    sizes = [(height, width)]
    while min(sizes[-1]) >= 2 * COARSEST:
        sizes.append(tuple((length + 1) // 2 for length in sizes[-1]))
    return sizes


def split(picture):
    """Split a picture (1, H, W, 3) into levels: details (1, h, w, 3) from fine to coarse, and the remaining picture."""
    picture, levels = ops.convert_to_tensor(picture), []
    for size in level_sizes(*picture.shape[1:3])[1:]:
        smaller = ops.image.resize(picture, size, antialias=True)
        levels.append(picture - enlarge(smaller, picture.shape[1:3]))
        picture = smaller
    return [level / GAIN**number for number, level in enumerate([*levels, picture])]


def join(levels):
    """Join levels into their picture: the inverse of `split`."""
    *details, picture = (level * GAIN**number for number, level in enumerate(levels))
    for detail in reversed(details):
        picture = enlarge(picture, detail.shape[1:3]) + detail
    return picture


def enlarge(picture, size):
    """Enlarge a picture (1, h, w, 3) to a (height, width)."""
    return ops.image.resize(picture, size)


class Pyramid(keras.Model):
    """A model whose only trainable weights are the levels of a picture."""

    def __init__(self, picture):
        """picture: (1, H, W, 3), 0..1."""
        super().__init__()
        levels = split(picture)
        self.levels = [self.add_weight(shape=level.shape, name=f"level{n}") for n, level in enumerate(levels)]
        for weight, level in zip(self.levels, levels, strict=True):
            weight.assign(level)

    def call(self, inputs=None):
        """The picture on the canvas, (1, H, W, 3), 0..1."""
        return bounded(join([ops.convert_to_tensor(level) for level in self.levels]))

    def picture(self):
        """The picture on the canvas as a NumPy array (H, W, 3), 0..1."""
        if hasattr(self, "jax_state_sync"):  # during training, Keras keeps JAX's weights elsewhere
            self.jax_state_sync()
        return np.clip(ops.convert_to_numpy(self())[0], 0, 1)

    def set_optimizer(self, optimizer):
        """Choose how the canvas moves along the gradient of its loss."""
        self.compile(optimizer, jit_compile=use_xla())
        self.optimizer.build(self.trainable_variables)  # else the first step builds it, and is traced twice


class Judge:
    """The part of a model of a picture that gives it J as its loss."""

    def judged_by(self, network, objective, target):
        """target: what the objective compares the picture with; see `Statistics.cut`."""
        self.network, self.objective = network, objective
        # As non-trainable weights they move to the accelerator once, and are not compiled into the step as constants.
        self.target = keras.tree.map_structure(
            lambda values: keras.Variable(values, trainable=False, dtype=keras.backend.standardize_dtype(values.dtype)),
            target,
        )
        self.latest = [Latest(name) for name in ("loss", "content", "style")]

    @property
    def metrics(self):
        return self.latest

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        content, style, variation = self.objective.parts(
            y_pred, self.network(self.objective.prepare(y_pred)), self.target
        )
        loss = self.objective.total(content, style, variation)
        for metric, value in zip(self.latest, (loss, content, style), strict=True):
            metric.update_state(value)
        return loss


class Canvas(Judge, Pyramid):
    """A picture whose loss is J. To train it, on empty data, is to paint."""

    def __init__(self, picture, network, objective, target):
        """picture: (1, H, W, 3), 0..1. network, objective, target: see `Judge.judged_by`."""
        super().__init__(picture)
        self.judged_by(network, objective, target)

    def paint(self, steps, brush):
        """Take some steps, followed by a `Brush`."""
        self.fit(Sittings(steps), callbacks=[brush], shuffle=False, verbose=0)


class Sittings(keras.utils.PyDataset):
    """As many empty batches as there are steps to paint.

    A dataset with two workers instead of an array: for anything less TensorFlow builds a pipeline that tunes itself,
    and at the end it may wait for the tuning as long as all the steps have taken.
    """

    def __init__(self, steps):
        super().__init__(workers=2)
        self.steps = steps

    def __len__(self):
        return self.steps

    def __getitem__(self, index):
        return (np.zeros((1, 1), np.float32),)


class Latest(keras.metrics.Metric):
    """A metric that shows the last value, not the mean over the epoch like Keras's own."""

    def __init__(self, name):
        super().__init__(name=name)
        self.value = self.add_variable((), "zeros", name=name)

    def update_state(self, value, *_):
        self.value.assign(ops.cast(value, self.dtype))

    def result(self):
        return ops.convert_to_tensor(self.value)


def bounded(picture):
    """Clip to 0..1 but pass the gradient on, so that a pixel outside the range can come back."""
    return picture + ops.stop_gradient(ops.clip(picture, 0, 1) - picture)
