"""Watch a painting step by step: show progress, keep a copy of the picture, and decide when to stop."""

import time

import keras
import numpy as np
from tqdm import tqdm

from command.process import stop_if_asked

PATIENCE = 12  # steps; their mean J is compared with that of as many steps before
LEAST_GAIN = 0.004  # of J; if it falls by less, painting stops
LEAST_SPREAD = 0.5 / 255  # the standard deviation below which a picture is blank
COPY_SECONDS = 0.5  # how often the picture is copied, for Ctrl-C and in case a step goes wrong


class Brush(keras.callbacks.Callback):
    """Follows the training of one canvas after another."""

    def __init__(self, work, watch=None, label=None):
        """work: the pixels of all planned steps together. label: the name of the progress bar; None: no bar.

        watch(step, show) is called after each step; show() returns the picture as it would be finished now.
        """
        super().__init__()
        self.watch = watch
        self.finish = lambda picture: picture  # what the objective does to a picture (H, W, 3) at the end
        self.losses, self.scores, self.troubles, self.picture = [], {}, [], None
        form = "{desc}{percentage:3.0f}% |{bar}|{postfix}"
        self.bar = tqdm(total=work, desc=label, bar_format=form, leave=False, disable=None if label else True)
        self.done = self.speed = 0.0

    def resume(self, painting, work):
        """Go on from an unfinished `Painting`, for which so many pixels were painted."""
        self.losses, self.scores, self.troubles = list(painting.losses), painting.scores, list(painting.troubles)
        self.done = work

    def begin(self, side, picture, steps):
        """Follow a new canvas that shows `picture` (H, W, 3) and is planned to take `steps`."""
        self.side, self.picture, self.pixels, self.planned = side, picture, picture[..., 0].size, steps
        self.starts_blank = is_blank(picture)
        self.history, self.part, self.broken = [], 0.0, False  # part: how much of the next step is done
        self.timed, self.copied = None, time.perf_counter()

    def end(self):
        """Count the work of this canvas as done, even if it took fewer steps than planned."""
        self.done += self.planned * self.pixels

    def on_train_batch_end(self, batch, logs=None):
        self._follow(logs)
        stop_if_asked()

    def _follow(self, logs):
        if not np.isfinite(logs["loss"]):
            self.broken = self.model.stop_training = True
            return
        self.part = 0.0
        self.history.append(float(logs["loss"]))
        self.losses.append(self.history[-1])
        self.scores = {"J": float(logs["loss"]), "J_content": float(logs["content"]), "J_style": float(logs["style"])}
        if time.perf_counter() - self.copied > COPY_SECONDS:
            self._copy()
        if self.watch:
            self.watch(len(self.losses), lambda: self.finish(self.model.picture()))
        if is_settled(self.history):
            self.model.stop_training = True
        self._tell()

    def on_tile(self, share):
        """Count a share of a step as done, and stop if that was asked for."""
        self.part += share
        self._tell()
        stop_if_asked()

    def so_far(self):
        """The picture (H, W, 3) as it is, or its last good copy where a step may spoil it; None before the first."""
        if self.picture is None or not getattr(self._model, "is_steady", False):
            return self.picture
        return self.model.picture()

    def _copy(self):
        """Copy the picture, unless this step spoilt it."""
        if getattr(self.model, "is_steady", False):
            return
        picture = self.model.picture()
        if self.is_good(picture):
            self.picture, self.copied = picture, time.perf_counter()

    def is_good(self, picture):
        """Whether a picture (H, W, 3) is usable: finite, and not blank unless the canvas was blank at first."""
        return np.isfinite(picture).all() and (self.starts_blank or not is_blank(picture))

    def _tell(self):
        """Show scale, step, J and the seconds left. What comes before the first call is not timed: compiling."""
        work = (len(self.history) + self.part) * self.pixels
        if self.timed is None:
            self.timed = time.perf_counter(), work
        else:
            began, before = self.timed
            self.speed = (work - before) / (time.perf_counter() - began)
        left = f", {(self.bar.total - self.done - work) / self.speed:.0f} s left" if self.speed else ""
        told = f", J {self.history[-1]:.3f}" if self.history else ""
        self.bar.n = self.done + work
        self.bar.set_postfix_str(f"{self.side} px, step {len(self.losses)}{told}{left}")

    def close(self):
        self.bar.close()


def is_blank(picture):
    """Whether a picture (H, W, 3) shows nothing but one colour."""
    return picture.std(axis=(0, 1)).max() < LEAST_SPREAD


def is_settled(history):
    """Whether J, a list with a value for each step, has stopped falling."""
    if len(history) < 2 * PATIENCE:
        return False
    before, now = np.mean(history[-2 * PATIENCE : -PATIENCE]), np.mean(history[-PATIENCE:])
    return now > (1 - LEAST_GAIN) * before
