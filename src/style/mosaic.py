"""A canvas that is painted tile by tile: large as it is, the network meets one tile at a time, and memory stays small.

A step first sums, over all tiles, what the statistics are made of. Then it finds the gradient of J, tile by tile; the
tiles overlap, and what they ask of a pixel adds up. At last the optimiser moves the canvas. It is the same step as
that of `Canvas`, but for rounding.
"""

import keras
import numpy as np
from keras import ops

from networks.hardware import use_xla
from style.canvas import Judge, Pyramid

SCOUTING = 0.3  # the share of a step's time that the sums take


class Mosaic:
    """A picture that is painted tile by tile."""

    is_steady = True  # a step that goes wrong is not taken, so that a `Brush` needs no copy of the picture

    def __init__(self, picture, network, objective, target, tiles):
        """picture: (1, H, W, 3), 0..1; target: as the objective's `target` gives it; tiles: [Tile]."""
        self.canvas, self.objective, self.target, self.tiles = Carried(picture, objective), objective, target, tiles
        self.network, self.scout, self.window = network, Scout(network, objective), None
        self.stop_training = False  # what a `Brush` sets

    def set_optimizer(self, optimizer):
        """Choose how the canvas moves along the gradient."""
        self.canvas.set_optimizer(optimizer)
        self.scout.compile(jit_compile=use_xla())

    def picture(self):
        """The picture on the canvas as a NumPy array (H, W, 3), 0..1."""
        return self.canvas.picture()

    def paint(self, steps, brush):
        """Take some steps, followed by a `Brush`."""
        brush.set_model(self)
        for step in range(steps):
            gradient, scores = self.gradient(brush.on_tile)
            if np.isfinite(scores["loss"]):
                self.canvas.train_on_batch(gradient)
            brush.on_train_batch_end(step, scores)
            if self.stop_training:
                break
        self.canvas.optimizer.finalize_variable_values(self.canvas.trainable_variables)  # with the averages, if any

    def gradient(self, told=lambda share: None):
        """The gradient of J for each pixel, as the network sees them, (1, H, W, 3), and J with its parts, by name.

        told(share) is called after each tile, with the share of the work that it was.
        """
        picture = ops.convert_to_numpy(self.objective.prepare(self.canvas()))
        totals = self._totals(picture, told)
        gradient, scores = np.zeros_like(picture), dict.fromkeys(("loss", "content", "style"), 0.0)
        for tile in self.tiles:
            rows, columns = tile.window.cells()
            found, logs = self._window(tile, totals).gradient(picture[:, rows, columns])
            gradient[:, rows, columns] += found
            scores = {name: value + logs[name] for name, value in scores.items()}
            told((1 - SCOUTING) / len(self.tiles))
        return gradient, scores

    def _totals(self, picture, told):
        """{layer: its sums} over all tiles of a picture (1, H, W, 3)."""
        totals = None
        for tile in self.tiles:
            rows, columns = tile.window.cells()
            weights = self.objective.weights(self.target, tile)
            weights = {layer: weights[layer] for layer in self.objective.summed}
            found = self.scout.predict_on_batch({"picture": picture[:, rows, columns], "weights": weights})
            totals = found if totals is None else keras.tree.map_structure(np.add, totals, found)
            told(SCOUTING / len(self.tiles))
        return totals

    def _window(self, tile, totals):
        """The one window, laid over a tile."""
        target = self.objective.cut(self.target, tile)
        target |= {"totals": totals, "share": np.float32(1 / len(self.tiles))}
        if self.window is None:
            self.window = Window(tile.window.shape(), self.network, self.objective, target)
        self.window.set_target(target)
        return self.window


class Carried(Pyramid):
    """A picture that is trained on the gradient of its pixels, as the batch."""

    def __init__(self, picture, objective):
        super().__init__(picture)
        self.objective = objective

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """What has the gradient x, (1, H, W, 3), with respect to the picture as the network sees it."""
        return ops.sum(self.objective.prepare(y_pred) * x)


class Scout(keras.Model):
    """Finds the sums for the statistics of a tile."""

    def __init__(self, network, objective):
        super().__init__()
        self.objective = objective
        self.network = keras.Model(network.inputs, {layer: network.output[layer] for layer in objective.summed})

    def call(self, inputs):
        """inputs: {"picture": (1, h, w, 3), "weights": {layer: (1, h, w, 1)}}."""
        return self.objective.sums(self.network(inputs["picture"]), inputs["weights"])


class Window(Judge, keras.Model):
    """The pixels of a tile. To train it for a step is to put the gradient of J in their place."""

    def __init__(self, shape, network, objective, target):
        """shape: (height, width). network, objective, target: see `Judge.judged_by`."""
        super().__init__()
        self.pixels = self.add_weight(shape=(1, *shape, 3), name="pixels")
        self.judged_by(network, objective, target)
        self.compile(Keep(), jit_compile=use_xla())

    def call(self, inputs=None):
        return ops.convert_to_tensor(self.pixels)

    def set_target(self, target):
        for variable, values in zip(keras.tree.flatten(self.target), keras.tree.flatten(target), strict=True):
            variable.assign(values)

    def gradient(self, pixels):
        """The gradient of J for pixels (1, h, w, 3), and J with its parts, by name."""
        self.pixels.assign(pixels)
        scores = self.train_on_batch(np.zeros((1, 1), np.float32), return_dict=True)
        return ops.convert_to_numpy(self.pixels), scores


class Keep(keras.optimizers.Optimizer):
    """Puts the gradient of each variable in its place."""

    def __init__(self):
        super().__init__(learning_rate=1.0)

    def update_step(self, gradient, variable, learning_rate):
        self.assign(variable, ops.cast(gradient, variable.dtype))
