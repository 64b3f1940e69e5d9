"""Painting: a picture is changed, coarse to fine, until J does not fall any more."""

import math
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from command.process import stop_between_steps
from networks.hardware import use_xla
from pictures.images import LANCZOS, resize, to_array
from style.brush import Brush
from style.canvas import Canvas, Sittings
from style.features import CONTENT_LAYER, LEAST_SIDE, STYLE_LAYERS
from utils import UserError

COARSEST_SIDE = 96  # px; no scale has a smaller long side, unless the picture has
MORE_STEPS = 1.6  # each scale takes so many times the steps of the next finer one, which costs four times as much
RATE = 0.01  # Adam's learning rate at the start of a scale; a value of 0..1 moves about so far in a step
LAST_RATE = 0.1  # of it at the end
MEMORY = {"beta_1": 0.8, "beta_2": 0.8}  # shorter than usual: a hundred steps are all there is
SMALLER = 0.25  # of the learning rate, where a step went wrong


@dataclass
class Painting:
    """What painting gives: the picture (H, W, 3) in 0..1, and how it came about."""

    picture: np.ndarray
    scores: dict  # J and its parts at the last step
    losses: list  # J at each step; what it means depends on the scale
    stopped: bool  # by Ctrl-C
    troubles: list  # what went wrong on the way and was mended

    @property
    def steps(self):
        """How many steps were painted."""
        return len(self.losses)


def plan(side, steps, scales=5):
    """How many steps are painted at which long side, coarse to fine, at most so many scales: [(side, steps)]."""
    sides = [side]
    while sides[0] >= 2 * COARSEST_SIDE and len(sides) < scales:
        sides.insert(0, sides[0] // 2)
    shares = [MORE_STEPS**coarser for coarser in range(len(sides))]
    ends = np.ceil(np.cumsum(shares) / sum(shares) * steps).astype(int)  # rounded up: the finest has one at least
    counts = np.diff(ends, prepend=0)[::-1]
    return [(side, int(count)) for side, count in zip(sides, counts, strict=True) if count]


class Painter:
    """Paints photos in the style of some pictures."""

    def __init__(self, load, precision, objective, styles, blend, style_scale=1.0, averaging=0.0):
        """load(precision) gives the network; styles are RGB Pillow images.

        blend: how much each style counts, in all 1. averaging: the momentum with which the steps are averaged; 0: not.
        """
        self.load, self.precision, self.objective = load, precision, objective
        self.styles, self.blend, self.style_scale = styles, blend, style_scale
        self.averaging = averaging

    def paint(self, photo, visible=None, scene=None, steps=500, scales=5, start=None, watch=None, label=None):
        """Paint an RGB Pillow image of the size to paint at, as a Painting.

        visible: (H, W), 0..1, how much each pixel counts; None: all the same. scene: the long side of the picture
        of which the photo is a part, and to which the styles are scaled; None: it is whole. scales: how many there are
        at most. start: a function of (width, height) that gives what the canvas shows first, (h, w, 3); None: the
        photo. watch(step, show) is called after each step; show() gives the picture. label: the name of the progress.
        """
        scene = scene or max(photo.size)
        stages = [(side, count, _stage_size(photo.size, side / scene)) for side, count in plan(scene, steps, scales)]
        brush = Brush(sum(count * math.prod(size) for _, count, size in stages), watch, label)
        picture, stopped = None, False
        try:
            for side, count, size in stages:
                small = to_array(photo.resize(size, LANCZOS))
                if picture is None:
                    picture = start(size) if start else small
                picture = _carry_up(picture, small)
                target = self._target(small, None if visible is None else resize(visible, size), side)
                picture = self._paint_scale(brush, picture, target, side, count)
        except KeyboardInterrupt:
            if brush.picture is None:
                raise
            picture, stopped = brush.picture, True
        finally:
            brush.close()
        return Painting(picture, brush.scores, brush.losses, stopped, brush.troubles)

    def _target(self, photo, visible, side):
        """What `Objective.parts` compares with, for a photo (H, W, 3) and what of it is visible (H, W)."""
        network = self.load(self.precision)
        features = network(photo[None])
        weights = {}
        if visible is not None:
            shapes = {layer: features[layer].shape[2:0:-1] for layer in (*STYLE_LAYERS, CONTENT_LAYER)}
            weights = {layer: resize(visible, shape)[None, ..., None] for layer, shape in shapes.items()}
        content = ops.convert_to_numpy(ops.cast(features[CONTENT_LAYER], "float32"))
        return {"content": content, "style": self._style(network, side), "weights": weights}

    def _style(self, network, side):
        """The statistics of the styles at a long side, blended: {layer: [arrays]}."""
        blended = {}
        for share, style in zip(self.blend, self.styles, strict=True):
            size = _stage_size(style.size, side * self.style_scale / max(style.size))
            picture = to_array(style.resize(size, LANCZOS))
            for layer, values in self.objective.style_of(network(picture[None])).items():
                values = [share * ops.convert_to_numpy(value) for value in values]
                blended[layer] = [a + b for a, b in zip(blended.get(layer, [0] * len(values)), values, strict=True)]
        return blended

    def _paint_scale(self, brush, picture, target, side, steps):
        """Paint at one scale, in smaller steps and at last in float32 where a step leaves no picture; (H, W, 3)."""
        tries = [(self.precision, RATE), (self.precision, RATE * SMALLER), ("float32", RATE * SMALLER)]
        for precision, rate in tries:
            canvas = Canvas(picture[None], self.load(precision), self.objective, target)
            decay = keras.optimizers.schedules.PolynomialDecay(rate, steps, rate * LAST_RATE)
            average = {"use_ema": True, "ema_momentum": self.averaging} if self.averaging else {}
            canvas.compile(keras.optimizers.Adam(decay, **MEMORY, **average), jit_compile=use_xla())
            brush.begin(side, picture, steps)
            with stop_between_steps():
                canvas.fit(Sittings(steps), callbacks=[brush], shuffle=False, verbose=0)
            painted = canvas.picture()
            if not brush.broken and brush.is_good(painted):
                brush.end()
                return painted
            brush.troubles.append(f"a step at {side} px in {precision} left no picture and was done again")
            picture, steps = brush.picture, max(1, steps - len(brush.history))
        raise UserError(
            f"painting at {side} px left no picture, in smaller steps and in float32 neither; "
            "try smaller --style_weight, --content_weight and --tv_weight"
        )


def _stage_size(size, factor):
    """The (width, height) of a picture at a scale; the network needs a few pixels each way."""
    return tuple(max(LEAST_SIDE, round(length * factor)) for length in size)


def _carry_up(picture, photo):
    """A smaller painting (h, w, 3) at the size of the photo (H, W, 3), with the photo's details where it has none."""
    size = photo.shape[1::-1]
    if picture.shape == photo.shape:
        return picture
    blurred = resize(resize(photo, picture.shape[1::-1]), size)
    return np.clip(resize(picture, size) + photo - blurred, 0, 1)
