"""From photos and styles to paintings on disk: load what all photos share, and paint one photo after another."""

import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from cluster.jobs import each
from command.process import locked
from command.reports import report, say_done
from files.listing import find_pictures, suffixed
from networks.hardware import check_memory
from pictures.images import flatten, open_picture
from pictures.provenance import is_done
from segmentation.masks import LEAST_PART
from studio import sending
from studio.figure import figure_finder, kept_part, read_mask
from studio.networks import Networks
from studio.orders import check_extras, check_options, choose_targets, places_of, plans_of, sheet_of
from studio.photo import PhotoPainting
from studio.scene import Scene
from style.instant import Instant
from style.styles import Styles
from utils import UserError, shown


def stylize(**options):
    """Paint the photos at `content` one by one; a bad one does not stop the rest. Takes all options of stylize.py."""
    options = SimpleNamespace(**options)
    photos = find_pictures("--content", options.content)
    many = len(photos) > 1 or Path(options.content).is_dir()
    check_options(options, many)
    targets = choose_targets(photos, options.save, many)
    check_extras(options, photos, targets.values())
    with locked(places_of(options, targets, many)):
        studio = Studio(options, goes_on=many and not options.force)

        def plan(photo):
            plans, target = plans_of(options, photo), targets[photo]
            done = studio.has_painted(target, plans)
            return None if done else sending.job_of(options, studio.goes_on, photo, target, plans)

        there = sending.work_of(options, studio.goes_on) if options.cluster else None
        ended = each(studio.paint, targets, plan, there)
        errors = {photo: error for photo, before, error in ended if not before}
        say_done(len(targets) - len(errors), len(targets))
        made = {photo: suffixed(target, sheet_of(options)) for photo, target in targets.items() if photo in errors}
        report(made, {photo: errors[photo] for photo in made if errors[photo]})


def painter(options, goes_on):
    """A function that paints a `Job`, on a worker of a cluster. The arguments are those of `Studio`."""
    return Studio(SimpleNamespace(**options), goes_on).paint


class Studio:
    """What is loaded once and used for every photo: the networks, the styles, and the picture to start from."""

    def __init__(self, options, goes_on=False, find_figure=None, shared=None):
        """goes_on: whether finished paintings are kept. find_figure: instead of what `figure_finder` makes.

        shared: a dictionary in which one studio after another keeps the networks and styles that are loaded.
        """
        self.options, self.goes_on = options, goes_on
        self.shared = {} if shared is None else shared
        self.styles = [flatten(open_picture(style)) for style in options.style]
        self.style_parts = [self._style_part(style) for style in self.styles]
        self.find_figure = find_figure or figure_finder(options.keep, options.mask, options.model, options.keep_classes)
        self.networks = Networks(options, self.shared)
        self.init = flatten(open_picture(options.init)) if isinstance(options.init, Path) else None

    def paint(self, job):
        """Paint the photo of a `Job`."""
        PhotoPainting(self, job.source, job.target, job.plan).paint()

    def styles_for(self, scene, places):
        """The styles at some places in --style, for a scene: a `Styles`."""
        weights = [(self.options.blend or [1] * len(self.styles))[place] for place in places]
        shares = [weight / sum(weights) for weight in weights]
        images = [scene.match(self.styles[place]) for place in places]
        parts = [self.style_parts[place] for place in places]
        return Styles(images, shares, parts, self.options.style_scale)

    def instant_for(self, scene, places):
        """The painter without steps for a scene. Unless the styles are fitted to each photo, all photos share one."""
        if self.options.color == "content":
            return self._instant(scene, places)
        options, styles = self.options, tuple(self.options.style[place] for place in places)
        key = styles, options.blend, options.style_mask, options.style_scale, options.turns, self.networks.instant
        if key not in self.shared:
            self.shared[key] = self._instant(scene, places)
        return self.shared[key]

    def _instant(self, scene, places):
        turns, colours = self.options.turns == "on", self.options.color == "style"
        return Instant(*self.networks.instant, self.styles_for(scene, places), turns, colours)

    def _style_part(self, style):
        """Which part of a style, RGB Pillow image, to paint with: (H, W) in 0..1, or None for all of it."""
        mask = self.options.style_mask
        if not mask:
            return None
        part = read_mask("--style_mask", mask, style.size, "style")
        if np.mean(part > 0.5) < LEAST_PART:
            raise UserError(f"--style_mask={shown(mask)} is black; paint white what of the style to use")
        return part

    def has_painted(self, target, plans):
        """Whether all that was planned, {word in the file's name: plan}, exists and may be kept."""
        return self.goes_on and all(is_done(suffixed(target, word), plan) for word, plan in plans.items())

    def scene(self, source, picture):
        """The scene of a photo, Pillow image, with the part of it that is kept. Refuses what does not fit in memory."""
        options = self.options
        try:
            kept = self.find_figure and self._kept(source, picture)
            side = max(picture.size) if options.size == "full" else options.size
            scene = Scene(picture, kept, side, options.feather, options.color)
        except UserError as error:
            raise UserError(f"{shown(source)}: {error}") from None
        pixels = max(math.prod(scene.subject.size), *(self._style_pixels(style, scene) for style in self.styles))
        for network in [options.network, *(["instant"] if options.init == "instant" else [])]:
            check_memory(pixels, network, self.networks.precision, max(scene.size))
        return scene

    def _kept(self, source, picture):
        """The part of the photo to keep, (H, W) in 0..1, or None."""
        kept, sentence = kept_part(self.options.keep, self.find_figure(source, flatten(picture)))
        print(f"{shown(source.name)}: {sentence}")
        return kept

    def _style_pixels(self, style, scene):
        """The pixels of a style at its size while painting. They take half the memory, as they need no gradient."""
        side = self.options.style_scale * max(scene.size)
        return side**2 * min(style.size) / max(style.size) / 2
