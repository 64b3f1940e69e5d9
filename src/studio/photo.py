"""Paint one photo, and write the paintings and everything else that was asked for."""

import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import keras
import numpy as np

from command.process import is_out_of_memory
from files.listing import suffixed
from networks.hardware import check_photo, painting_room
from pictures.images import LANCZOS, flatten, open_picture, resize, write_picture
from studio.exhibits import FRAME_SIDE, Evolution, contact_sheet, side_by_side, taken_apart
from studio.orders import sheet_of, variants_of
from studio.outcome import outcome_of, say_outcome
from studio.unfinished import unfinished
from style.features import LEAST_SIDE
from style.methods import METHODS
from style.painting import Painter, Painting, plan
from utils import PICTURES_WITH_ALPHA, UserError, shown


@contextmanager
def _enough_memory(side):
    """Say what to do if there is too little memory for painting at a size."""
    try:
        yield
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise UserError(f"out of memory at --size={side}; try --size={side // 2}") from None


class PhotoPainting:
    """The painting of one photo in all similarities asked for."""

    def __init__(self, studio, source, target, plans, watch=None):
        """plans: {word in the file's name: plan}; see `plans_of`.

        watch(step, planned, draw) is called after each step; draw(side) gives the picture so far as a Pillow image with
        that long side. A KeyboardInterrupt from it stops the painting. Before the painting is written, it is called
        once more, with as many steps planned as were painted.
        """
        self.studio, self.options = studio, studio.options
        self.source, self.target, self.plans, self.watch = source, target, plans, watch

    def paint(self):
        """Paint the photo in each similarity, and write everything asked for."""
        picture = open_picture(self.source)
        if min(picture.size) < LEAST_SIDE:
            size = "{} x {}".format(*picture.size)
            raise UserError(f"{shown(self.source)} is {size}; give a photo of {LEAST_SIDE} px or more each way")
        check_photo(self.source, picture.width * picture.height, "painting")
        scene = self.studio.scene(self.source, picture)
        results, sheet = {}, sheet_of(self.options)
        for variant in variants_of(self.options):
            place = suffixed(self.target, variant.word)
            if not self.studio.has_painted(self.target, {variant.word: self.plans[variant.word]}):
                results |= self._paint(scene, variant, place)
            if sheet:  # read it back, so that the sheet does not depend on which run painted it
                results[variant.label] = open_picture(place)
        if sheet:
            pictures = contact_sheet([picture, *results.values()], ["photo", *results])
            write_picture(suffixed(self.target, sheet), pictures, self.plans[sheet])
        self._write_panels(picture, scene, results)

    def _write_panels(self, picture, scene, results):
        options, styles = self.options, self.studio.styles
        if options.panel:
            labels = ["content", *["style"] * len(styles), *results]
            write_picture(options.panel, side_by_side([picture, *styles, *results.values()], labels))
        if options.parts and scene.kept is not None:
            *_, result = results.values()
            parts = [*taken_apart(result, scene.kept), result]
            write_picture(options.parts, side_by_side(parts, ["kept", "painted", "sum"]))

    def _paint(self, scene, variant, target):
        """Paint a scene and write the painting: {label: Pillow image} of its snapshots and, last, the painting."""
        options, started, objective = self.options, time.perf_counter(), self._objective(variant)
        evolution = Evolution(self._most_steps(scene, objective)) if options.evolution else None
        snapshots = {}

        def watch(planned, step, show):
            self._show(scene, step, planned, show)
            if step in (options.snapshots or ()):
                snapshots[f"{step} steps"] = scene.finish(show())
                self._write(suffixed(target, step), snapshots[f"{step} steps"])
            if evolution and evolution.wants(step):
                evolution.add(scene.finish(show(), FRAME_SIDE))

        with unfinished(target, self.plans[variant.word]) as progress, _enough_memory(max(scene.size)):
            # A run that goes on cannot show what was painted before.
            progress = None if options.evolution or options.snapshots else progress
            painting = self._painting(scene, variant, objective, watch, progress)
        self._show(scene, painting.steps, painting.steps, lambda: painting.picture)
        result = scene.finish(painting.picture)
        outcome = outcome_of(painting, self.studio.networks.precision, time.perf_counter() - started)
        self._write(target, result, self.plans[variant.word] | outcome)
        if evolution:
            evolution.add(scene.finish(painting.picture, FRAME_SIDE))
            evolution.write(suffixed(options.evolution, variant.word))
        say_outcome(self.source, painting, options, outcome["seconds"])
        if painting.stopped:
            raise KeyboardInterrupt(f"{shown(target)} is the picture after {painting.steps} steps")
        return ({} if variant.word else snapshots) | {variant.label: result}

    def _show(self, scene, step, planned, show):
        """Let the one who watches see the painting of a scene."""
        if self.watch:
            self.watch(step, planned, lambda side: scene.finish(show(), side))

    def _painting(self, scene, variant, objective, watch, progress):
        """Paint a scene at once or in steps: a `Painting`."""
        options, view = self.options, (scene.subject, scene.visible, max(scene.size))
        keras.utils.set_random_seed(options.seed)
        if options.network == "instant":
            instant = self.studio.instant_for(scene, variant.styles)
            return Painting(instant.paint(*view, options.scales, variant.similarity))
        networks, styles = self.studio.networks, self.studio.styles_for(scene, variant.styles)
        room = painting_room(options.network)
        painter = Painter(networks.load, networks.precision, objective, styles, options.averaging, room)
        start, scales = self._start(scene, variant), self._scales(objective)
        watch = partial(watch, self._most_steps(scene, objective))
        return painter.paint(*view, options.epochs, scales, start, watch, self.source.name, progress)

    def _objective(self, variant):
        options = self.options
        weights = options.content_weight, options.style_weight, options.tv_weight
        colours = options.color == "style"
        return METHODS[options.method](variant.similarity, *weights, turns=options.turns == "on", colours=colours)

    def _scales(self, objective):
        """How many scales to paint at most. What the canvas starts from is painted already at the coarse ones."""
        if isinstance(self.options.init, Path):
            return 1
        left = objective.scales_left if self.options.init == "instant" else None
        return min(self.options.scales, left or self.options.scales)

    def _most_steps(self, scene, objective):
        """The most steps that the painting may take."""
        plans = plan(max(scene.size), self.options.epochs, self._scales(objective), objective)
        return sum(count for _, count in plans)

    def _start(self, scene, variant):
        """The first state of the canvas, as a function of its (width, height), or None for the photo."""
        options, studio = self.options, self.studio
        if isinstance(options.init, Path):
            return lambda size: scene.start(studio.init)

        def instant(size):
            painter = studio.instant_for(scene, variant.styles)
            view = scene.subject, scene.visible, max(scene.size)
            return resize(painter.paint(*view, options.scales, variant.similarity), size, LANCZOS)

        def noise(size):
            return np.random.default_rng(options.seed).random((*size[::-1], 3), np.float32)

        return {"instant": instant, "noise": noise}.get(options.init)

    def _write(self, target, picture, about=None):
        """Write a painting; formats without transparency get its transparent parts over white."""
        keeps = target.suffix.lower() in PICTURES_WITH_ALPHA
        write_picture(target, picture if keeps else flatten(picture), about)
