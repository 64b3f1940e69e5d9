"""Paint: change a picture, coarse to fine, until J stops falling."""

import math
from dataclasses import dataclass, field
from functools import cache, partial

import keras
import numpy as np
from keras import ops

from command.process import stop_between_steps
from networks.hardware import use_xla
from pictures.images import LANCZOS, resize, to_array
from style.brush import Brush
from style.canvas import Canvas, Sittings
from style.features import seen_by
from style.styles import halvings, scaled
from utils import UserError

SMALLER = 0.25  # of the learning rate, where a step went wrong


@dataclass
class Painting:
    """A finished painting, (H, W, 3) in 0..1, and how the work went."""

    picture: np.ndarray
    scores: dict = field(default_factory=dict)  # J and its parts at the last step
    losses: list = field(default_factory=list)  # J at each step; what it means depends on the scale
    planned: int = 0  # how many steps it would have taken if J had not stopped falling
    stopped: bool = False  # by Ctrl-C
    troubles: list = field(default_factory=list)  # what went wrong on the way and was mended

    @property
    def steps(self):
        """How many steps were painted."""
        return len(self.losses)


def plan(side, steps, scales, objective):
    """Plan the scales, coarse to fine, and the steps at each: [(long side, steps)]. scales: how many at most."""
    sides = halvings(side, scales, objective.coarsest)
    shares = [objective.more_steps**coarser for coarser in range(len(sides))]
    steps = objective.most(steps, len(sides))
    ends = np.ceil(np.cumsum(shares) / sum(shares) * steps).astype(int)  # rounded up: the finest has one at least
    counts = np.diff(ends, prepend=0)[::-1]
    return [(side, int(count)) for side, count in zip(sides, counts, strict=True) if count]


class Painter:
    """Paints photos in the style of some pictures."""

    def __init__(self, load, precision, objective, styles, averaging=0.0):
        """load(precision) gives the network; styles: a `Styles`.

        averaging: the momentum with which the steps are averaged; 0: not.
        """
        self.load = cache(lambda precision: seen_by(load(precision), objective.layers))
        self.precision, self.objective, self.styles, self.averaging = precision, objective, styles, averaging

    def paint(self, photo, visible=None, scene=None, steps=500, scales=5, start=None, watch=None, label=None):
        """Paint an RGB Pillow image of the size to paint at, as a Painting.

        visible: (H, W), 0..1, how much each pixel counts; None: all the same. scene: the long side of the picture
        of which the photo is a part, and to which the styles are scaled; None: it is whole. scales: how many there are
        at most. start: a function of (width, height) that gives what the canvas shows first, (h, w, 3); None: the
        photo. watch(step, show) is called after each step; show() gives the picture. label: the name of the progress.
        """
        scene = scene or max(photo.size)
        plans = plan(scene, steps, scales, self.objective)
        stages = [(side, count, scaled(photo.size, side / scene)) for side, count in plans]
        brush = Brush(sum(count * math.prod(size) for _, count, size in stages), watch, label)
        picture, stopped = None, False
        try:
            for side, count, size in stages:
                small, seen = to_array(photo.resize(size, LANCZOS)), None if visible is None else resize(visible, size)
                if picture is None:
                    picture = start(size) if start else small
                picture, styles = _carry_up(picture, small), self.styles.at(side)
                brush.finish = partial(self.objective.finish, visible=seen, styles=styles)
                target = self.objective.target(self._see, small, picture, seen, styles)
                picture = self._paint_scale(brush, picture, target, side, count)
        except KeyboardInterrupt:
            if brush.picture is None:
                raise
            picture, stopped = brush.picture, True
        finally:
            brush.close()
        planned = sum(count for _, count in plans)
        return Painting(brush.finish(picture), brush.scores, brush.losses, planned, stopped, brush.troubles)

    def _see(self, picture):
        """The features of a picture (H, W, 3)."""
        return self.load(self.precision)(self.objective.prepare(ops.convert_to_tensor(picture[None])))

    def _paint_scale(self, brush, picture, target, side, steps):
        """Paint at one scale: (H, W, 3). If a step fails, try again with smaller steps, and then in float32."""
        rate = self.objective.rate
        tries = [(self.precision, rate), (self.precision, rate * SMALLER), ("float32", rate * SMALLER)]
        for precision, rate in tries:
            canvas = Canvas(picture[None], self.load(precision), self.objective, target)
            decay = keras.optimizers.schedules.PolynomialDecay(rate, steps, rate * self.objective.last_rate)
            average = {"use_ema": True, "ema_momentum": self.averaging} if self.averaging else {}
            canvas.compile(keras.optimizers.Adam(decay, **self.objective.memory, **average), jit_compile=use_xla())
            canvas.optimizer.build(canvas.trainable_variables)  # else the first step builds it, and is traced twice
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


def _carry_up(picture, photo):
    """Enlarge a painting (h, w, 3) to the size of the photo (H, W, 3), and add the photo's finest details."""
    size = photo.shape[1::-1]
    if picture.shape == photo.shape:
        return picture
    blurred = resize(resize(photo, picture.shape[1::-1]), size)
    return np.clip(resize(picture, size) + photo - blurred, 0, 1)
