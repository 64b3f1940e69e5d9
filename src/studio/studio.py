"""From photos and styles to paintings on disk: which files, what is kept, what is written and what is said."""

import math
import time
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np

from command.options import recordable
from command.process import is_out_of_memory, locked
from command.reports import report, say_done
from files.listing import find_pictures, suffixed
from networks.hardware import check_memory, check_photo, choose_precision, versions
from pictures.images import flatten, open_picture, write_picture
from pictures.provenance import is_done, planned
from studio.exhibits import FRAME_SIDE, Evolution, side_by_side, taken_apart
from studio.figure import figure_finder, kept_part
from studio.orders import check_extras, check_options, choose_targets, files_of, places_of
from studio.scene import Scene
from style.features import LEAST_SIDE, NETWORKS
from style.objective import Objective
from style.painting import Painter
from utils import PICTURES_WITH_ALPHA, ROOT, UserError, shown

SHEET = "similarity"  # the word of the sheet of several paintings in its file's name


def stylize(
    content,
    style,
    save,
    similarity=("balanced",),
    epochs=500,
    keep="figure",
    keep_classes=None,
    mask=None,
    model=ROOT / "model/person.keras",
    feather=2,
    size=512,
    scales=5,
    network="vgg19",
    vgg_weights=None,
    style_weight=10.0,
    content_weight=1.0,
    tv_weight=2.0,
    style_statistic="moments",
    style_scale=1.0,
    blend=None,
    color="style",
    init="content",
    averaging=0.0,
    seed=0,
    precision="auto",
    evolution=None,
    snapshots=None,
    panel=None,
    parts=None,
    force=False,
    record="names",
):
    """Paint the photos at `content`, one after the other; a bad one does not stop the rest. Options as in the usage."""
    options = SimpleNamespace(**locals())
    photos = find_pictures("--content", content)
    many = len(photos) > 1 or Path(content).is_dir()
    check_options(options, many)
    targets = choose_targets(photos, save, many)
    check_extras(options, photos, targets.values())
    with locked(places_of(options, targets, many)):
        studio = Studio(options, goes_on=many and not force)
        made, failed = {}, {}
        for photo, target in targets.items():
            try:
                plans = studio.plans(photo)
                if not studio.has_painted(target, plans):
                    made[photo] = target
                    studio.paint(photo, target, plans)
            except UserError as error:
                made[photo], failed[photo] = target, error
        say_done(len(targets) - len(made), len(targets))
        sheet = SHEET if len(similarity) > 1 else None
        report({photo: suffixed(target, sheet) for photo, target in made.items()}, failed)


# ---------------------------------------------------------------- painting


class Studio:
    """What is loaded once and used for every photo: the networks, the styles, and what to start from."""

    def __init__(self, options, goes_on):
        """goes_on: whether paintings that are there already are left as they are."""
        self.options, self.goes_on = options, goes_on
        self.styles = [flatten(open_picture(style)) for style in options.style]
        weights = options.blend or [1] * len(self.styles)
        self.blend = [weight / sum(weights) for weight in weights]
        named = options.init in ("content", "noise")
        self.init = None if named else flatten(open_picture(options.init))
        self.find_figure = figure_finder(options.keep, options.mask, options.model, options.keep_classes)
        self.load = cache(lambda precision: NETWORKS[options.network](options.vgg_weights, precision))
        self.precision = choose_precision(options.precision)
        self.load(self.precision)

    def plans(self, source):
        """What the records of a photo's paintings say before they are begun: {word in the file's name: plan}.

        The word is that of the similarity, or of the sheet of several; of a single one None.
        """
        words = self.options.similarity
        if len(words) == 1:
            return {None: self._plan(source, *words)}
        return {word: self._plan(source, word) for word in words} | {SHEET: self._plan(source, *words)}

    def _plan(self, source, *similarity):
        options = vars(self.options) | {"content": source.name, "similarity": ",".join(similarity)}
        told = {"options": recordable(options, leave_out=("save", "force", "record"))}
        return planned("stylize.py", told, files_of(self.options, source), paths=self.options.record == "full")

    def has_painted(self, target, plans):
        """Whether there is already what was planned."""
        return self.goes_on and all(is_done(suffixed(target, word), plan) for word, plan in plans.items())

    def paint(self, source, target, plans):
        """Paint one photo in all similarities asked for, and write all that is asked for."""
        picture, options = open_picture(source), self.options
        if min(picture.size) < LEAST_SIDE:
            size = "{} x {}".format(*picture.size)
            raise UserError(f"{shown(source)} is {size}; give a photo of {LEAST_SIDE} px or more each way")
        check_photo(source, picture.width * picture.height, "painting")
        scene = self._scene(source, picture)
        pixels = max(math.prod(scene.subject.size), *(self._style_pixels(style, scene) for style in self.styles))
        check_memory(pixels, options.network, self.precision, options.size)
        many, results = len(options.similarity) > 1, {}
        for similarity in options.similarity:
            word = similarity if many else None
            place = suffixed(target, word)
            if not self.has_painted(target, {word: plans[word]}):
                results |= self._paint(source.name, scene, similarity, place, word, plans[word])
            if many:  # as it was written, now or by the run before this one: the sheet is the same
                results[similarity] = open_picture(place)
        if many:
            sheet = side_by_side([picture, *results.values()], ["photo", *results])
            write_picture(suffixed(target, SHEET), sheet, plans[SHEET])
        if options.panel:
            labels = ["content", *["style"] * len(self.styles), *results]
            write_picture(options.panel, side_by_side([picture, *self.styles, *results.values()], labels))
        if options.parts and scene.kept is not None:
            *_, result = results.values()
            write_picture(
                options.parts, side_by_side([*taken_apart(result, scene.kept), result], ["kept", "painted", "sum"])
            )

    def _style_pixels(self, style, scene):
        """The pixels of a style as it is looked at; there is no way back through it, which takes half of the memory."""
        side = self.options.style_scale * max(scene.size)
        return side**2 * min(style.size) / max(style.size) / 2

    def _scene(self, source, picture):
        """The scene of a photo, Pillow image, once it is known what of it stays as it is."""
        options = self.options
        try:
            kept = self.find_figure and self._kept(source, picture)
            return Scene(picture, kept, options.size, options.feather, options.color)
        except UserError as error:
            raise UserError(f"{shown(source)}: {error}") from None

    def _kept(self, source, picture):
        """What of the photo stays as it is, (H, W) in 0..1, or None."""
        kept, word = kept_part(self.options.keep, self.find_figure(source, flatten(picture)))
        print(f"{shown(source.name)}: {word}")
        return kept

    def _paint(self, name, scene, similarity, target, word, plan):
        """Paint a scene and write what is asked for: {label: Pillow image} of its steps and, last, the painting."""
        options, started = self.options, time.perf_counter()
        evolution = Evolution(options.epochs) if options.evolution else None
        snapshots = {}

        def watch(step, show):
            if step in (options.snapshots or ()):
                snapshots[f"{step} steps"] = scene.finish(show())
                self._write(suffixed(target, step), snapshots[f"{step} steps"])
            if evolution and evolution.wants(step):
                evolution.add(scene.finish(show(), FRAME_SIDE))

        try:
            painting = self._painter(scene, similarity).paint(
                scene.subject,
                scene.visible,
                max(scene.size),
                options.epochs,
                options.scales if self.init is None else 1,
                self._start(scene),
                watch=watch,
                label=name,
            )
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            raise UserError(f"out of memory at --size={options.size}; try --size={options.size // 2}") from None
        result = scene.finish(painting.picture)
        about = plan | self._outcome(painting, time.perf_counter() - started)
        self._write(target, result, about)
        if evolution:
            evolution.add(scene.finish(painting.picture, FRAME_SIDE))
            evolution.write(suffixed(options.evolution, word))
        self._tell(name, painting, about)
        if painting.stopped:
            raise KeyboardInterrupt(f"{shown(target)} is the picture after {painting.steps} steps")
        return ({} if word else snapshots) | {similarity: result}

    def _painter(self, scene, similarity):
        options = self.options
        weights = options.content_weight, options.style_weight, options.tv_weight
        keras.utils.set_random_seed(options.seed)
        return Painter(
            self.load,
            self.precision,
            Objective(options.style_statistic, similarity, *weights),
            [scene.match(style) for style in self.styles],
            self.blend,
            options.style_scale,
            options.averaging,
        )

    def _start(self, scene):
        """What the canvas shows first, a function of its (width, height), or None for the photo."""
        if self.init is not None:
            return lambda size: scene.start(self.init)
        if self.options.init == "noise":
            random = np.random.default_rng(self.options.seed)
            return lambda size: random.random((*size[::-1], 3), np.float32)
        return None

    # ------------------------------------------------------------ what is written and said

    def _write(self, target, picture, about=None):
        """Write a painting, with its transparent parts where the format has them and over white where not."""
        keeps = target.suffix.lower() in PICTURES_WITH_ALPHA
        write_picture(target, picture if keeps else flatten(picture), about)

    def _outcome(self, painting, seconds):
        """What a record says of how the painting went."""
        return {
            "precision": self.precision,
            "steps": painting.steps,
            **{part: round(score, 4) for part, score in painting.scores.items()},
            "seconds": round(seconds, 1),
            "troubles": painting.troubles,
            "stopped": painting.stopped,
            "versions": versions(),
        }

    def _tell(self, name, painting, about):
        """Say in a line how the painting went."""
        for trouble in painting.troubles:
            print(f"{shown(name)}: {trouble}")
        scores = ", ".join(f"{part} {score:.3f}" for part, score in painting.scores.items())
        early = ", fewer than planned: J falls no more" if painting.steps < self.options.epochs else ""
        if not painting.stopped:
            print(f"{shown(name)}: {scores} after {painting.steps} steps ({about['seconds']:.0f} s{early})")
