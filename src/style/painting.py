"""Paint: change a picture, coarse to fine, until J stops falling."""

import math
from dataclasses import dataclass, field
from functools import cache

import keras
import numpy as np
from keras import ops

from command.process import stop_between_steps
from networks.vgg import reach_of
from pictures.images import LANCZOS, resize, to_array
from style.brush import Brush
from style.canvas import Canvas
from style.features import seen_by
from style.mosaic import Mosaic
from style.seen import Seen
from style.styles import halvings, scaled
from style.windows import cut
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
    scales: int = 0  # how many scales are finished, if it is not

    @property
    def steps(self):
        """How many steps were painted."""
        return len(self.losses)


class Progress:
    """Where unfinished paintings are kept: nowhere."""

    def load(self):
        """The unfinished `Painting` to go on from, or None."""

    def save(self, painting):
        """Keep an unfinished `Painting`, in place of the one before."""


def plan(side, steps, scales, objective):
    """Plan the scales, coarse to fine, and the steps at each: [(long side, steps)]. scales: how many at most."""
    sides = halvings(side, scales, objective.coarsest)
    shares = [objective.more_steps**coarser for coarser in range(len(sides))]
    steps = objective.most(steps, len(sides))
    ends = np.ceil(np.cumsum(shares) / sum(shares) * steps).astype(int)  # rounded up: the finest has one at least
    counts = np.diff(ends, prepend=0)[::-1]
    return [(side, int(count)) for side, count in zip(sides, counts, strict=True) if count]


def all_at_once(pixels, precision, steps=True):
    """Room for all pixels of a picture; see `Painter`."""
    return pixels


class Painter:
    """Paints photos in the style of some pictures."""

    def __init__(self, load, precision, objective, styles, averaging=0.0, room=all_at_once):
        """load(precision) gives the network; styles: a `Styles`.

        averaging: the momentum with which the steps are averaged; 0: not. room(pixels, precision, steps): how many
        pixels of a picture of so many the network may see at a time, if it is painted in steps, or only seen; larger
        pictures are cut into tiles.
        """
        self.load = cache(lambda precision: seen_by(load(precision), objective.layers))
        self.precision, self.objective, self.styles = precision, objective, styles
        self.averaging, self.room = averaging, room

    def paint(
        self,
        photo,
        visible=None,
        scene=None,
        steps=500,
        scales=5,
        start=None,
        watch=None,
        label=None,
        progress=None,
    ):
        """Paint an RGB Pillow image of the size to paint at, as a Painting.

        visible: (H, W), 0..1, how much each pixel counts; None: all the same. scene: the long side of the picture
        of which the photo is a part, and to which the styles are scaled; None: it is whole. scales: how many there are
        at most. start: a function of (width, height) that gives what the canvas shows first, (h, w, 3); None: the
        photo. watch(step, show) is called after each step; show() gives the picture. label: the name of the progress.
        progress: a `Progress`.
        """
        scene = scene or max(photo.size)
        plans = plan(scene, steps, scales, self.objective)
        stages = [(side, count, scaled(photo.size, side / scene)) for side, count in plans]
        brush, stopped = Brush(sum(count * math.prod(size) for _, count, size in stages), watch, label), False
        try:
            picture = self._paint_stages(brush, stages, photo, visible, start, progress or Progress())
        except KeyboardInterrupt:
            picture, stopped = brush.so_far(), True
            if picture is None:
                raise
        finally:
            brush.close()
        planned = sum(count for _, count in plans)
        return Painting(brush.finish(picture), brush.scores, brush.losses, planned, stopped, brush.troubles)

    def _paint_stages(self, brush, stages, photo, visible, start, progress):
        """Paint at one scale after another, (long side, steps, (width, height)) each: (H, W, 3)."""
        done = progress.load() or Painting(None)
        brush.resume(done, sum(count * math.prod(size) for _, count, size in stages[: done.scales]))
        picture = done.picture
        if picture is None and start:
            picture = start(stages[0][2])
            progress.save(Painting(picture))
        for scale, (side, count, size) in enumerate(stages[done.scales :], done.scales + 1):
            small, seen = to_array(photo.resize(size, LANCZOS)), None if visible is None else resize(visible, size)
            picture = small if picture is None else _carry_up(picture, small)
            target = self.objective.target(self._see, small, picture, seen, self._styles(side))
            del small  # of a large picture 150 MB; so are the styles, which are scaled again at the end
            brush.finish = lambda picture, seen=seen, side=side: self.objective.finish(
                picture, seen, self._styles(side)
            )
            picture = self._paint_scale(brush, picture, target, side, count)
            if scale < len(stages):
                progress.save(Painting(picture, brush.scores, brush.losses, troubles=brush.troubles, scales=scale))
        return picture

    def _styles(self, side):
        """The styles for a painting with this long side: [Style]."""
        return self.styles.at(side, self.objective.enlarged)

    def _see(self, picture):
        """The features of a picture (H, W, 3); see `style.seen`."""
        picture = self.objective.prepare(ops.convert_to_tensor(picture[None]))
        network, tiles = self.load(self.precision), self._tiles(picture.shape[1:3], self.precision, steps=False)
        return network(picture) if len(tiles) == 1 else Seen(network, picture, tiles)

    def _tiles(self, size, precision, steps=True):
        """The tiles in which the network meets a picture of this (height, width), to paint it or only to see it."""
        most = self.room(math.prod(size), precision, steps)
        tiles = cut(*size, most, reach_of(self.objective.layers), self.objective.step)
        if not tiles:
            raise MemoryError
        return tiles

    def _canvas(self, picture, target, precision):
        """A canvas that shows a picture (H, W, 3): a `Canvas`, or a `Mosaic` where it is painted tile by tile."""
        network, objective = self.load(precision), self.objective
        tiles = self._tiles(objective.prepare(picture[None, :, :, :1]).shape[1:3], precision)
        if len(tiles) == 1:
            return Canvas(picture[None], network, objective, objective.cut(target, tiles[0]))
        return Mosaic(picture[None], network, objective, target, tiles)

    def _paint_scale(self, brush, picture, target, side, steps):
        """Paint at one scale: (H, W, 3). If a step fails, try again with smaller steps, and then in float32."""
        rate = self.objective.rate
        tries = [(self.precision, rate), (self.precision, rate * SMALLER), ("float32", rate * SMALLER)]
        for precision, rate in tries:
            canvas = self._canvas(picture, target, precision)
            decay = keras.optimizers.schedules.PolynomialDecay(rate, steps, rate * self.objective.last_rate)
            average = {"use_ema": True, "ema_momentum": self.averaging} if self.averaging else {}
            canvas.set_optimizer(keras.optimizers.Adam(decay, **self.objective.memory, **average))
            brush.begin(side, picture, steps)
            with stop_between_steps():
                canvas.paint(steps, brush)
            painted = canvas.picture()
            if not brush.broken and brush.is_good(painted):
                brush.end()
                return painted
            brush.troubles.append(f"a step at {side} px in {precision} left no picture and was done again")
            kept, steps = brush.so_far(), max(1, steps - len(brush.history))
            picture = kept if brush.is_good(kept) else picture
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
