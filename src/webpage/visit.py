"""One visitor of the page: the photo, its figure, the brush and the painting, in a folder of the visitor's own."""

import re
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np

from networks.hardware import check_photo
from pictures.images import fit, flatten, open_picture, to_image, write_picture
from segmentation.masks import LEAST_PART, find_labels, find_masks, label_names
from studio.orders import check_options, plans_of
from studio.photo import PhotoPainting
from studio.studio import Studio
from utils import PICTURES_WITH_ALPHA, UserError
from webpage.mending import SIDE, as_url, mended, read_strokes, tinted
from webpage.order import Order

GROWING_SIDE = 640  # px; the long side of a painting while it grows
GROWING_SECONDS = 0.7  # how often it is shown
LONGEST_NAME = 60


class Visit:
    """What one visitor has brought and chosen. The work of `find` and `paint` is done in turns."""

    def __init__(self, workshop):
        self.workshop = workshop
        self.folder = Path(tempfile.mkdtemp(dir=workshop.folder))
        self.photo = self.picture = self.strokes = self.style = None
        self.figures = {}  # {classes: mask (H, W) in 0..1}
        self.found, self.usual = (
            [],
            [],
        )  # the classes in the photo, and those of them that are kept unless told otherwise
        self.turns = {}  # {line: the last turn in it}

    def bring_photo(self, upload):
        """Take in an uploaded photo, and find its figure: the photo with the figure tinted, as a data: URL."""
        self.photo = self.picture = self.strokes = None
        self.figures, self.found, self.usual = {}, [], []
        place, picture = self._bring(upload, "photo")
        check_photo(place, picture.width * picture.height, "painting")
        self.photo, self.picture = place, picture
        self._look()
        return self.overlay()

    def bring_style(self, upload):
        """Take in an uploaded picture whose style to take."""
        self.workshop.forget(self.folder)
        self.style, _ = self._bring(upload, "style")

    def _bring(self, upload, kind):
        """Move an uploaded file into our folder, unchanged: its new place, and the picture in it."""
        name = re.sub(r"[^\w .()+-]", "_", Path(upload).name)[-LONGEST_NAME:]
        if self.photo and name == self.photo.name:
            name = f"{kind}_{name}"
        place = Path(tempfile.mkdtemp(dir=self.folder)) / name
        shutil.move(upload, place)
        try:
            return place, open_picture(place)
        except UserError:
            place.unlink()
            raise

    def draw(self, url):
        """Take in the strokes of the brush, as the browser sends them."""
        self.strokes = read_strokes(url)

    def join(self, line, work):
        """Queue up in a line, instead of what this visitor still has in it: the `Turn`."""
        if line in self.turns:
            line.stop(self.turns[line])
        self.turns[line] = line.join(work)
        return self.turns[line]

    def stop(self):
        """Stop what waits or is being painted."""
        for line, turn in self.turns.items():
            line.stop(turn)

    def find(self, classes=None):
        """Find the figure that these classes make up: (H, W) in 0..1. classes: None for those of the record."""
        if classes == ():
            return np.zeros(self.picture.size[::-1], np.float32)
        if classes not in self.figures:
            network, record = self.workshop.finder
            (self.figures[classes],) = find_masks(network, record, [flatten(self.picture)], classes=classes)
        return self.figures[classes]

    def _look(self):
        """Learn which classes occur in the photo, and whether they are those that usually make up the figure."""
        network, record = self.workshop.finder
        names = label_names(record)
        (labels,) = find_labels(network, record, [fit(flatten(self.picture), SIDE // 2)])
        counts = np.bincount(labels.ravel(), minlength=len(names))
        self.found = [name for name, count in zip(names, counts, strict=True) if count > LEAST_PART * labels.size][1:]
        self.usual = [name for name in self.found if name in record.get("figure", names)]

    def chosen(self, classes):
        """The classes to keep, of those that were found; None if they are the usual ones."""
        return None if set(classes) == set(self.usual) else tuple(name for name in self.found if name in classes)

    def overlay(self, classes=None):
        """The photo with its figure tinted, as a data: URL."""
        return as_url(tinted(self.picture, self.find(classes)))

    def paint(self, turn, style, network="instant", keep="figure", classes=None, similarity="balanced"):
        """Paint the photo, and show it in the turn's news: the `Order`, or None if it was stopped too early."""
        if not style:
            raise UserError("there is no such style; choose one, or drop a picture")
        order = self.order(style, network, keep, classes, similarity)
        options = order.options()
        check_options(options, many=False)
        find = None if keep == "none" or order.mask else lambda source, photo: self.find(classes)
        studio = Studio(options, find_figure=find, shared=self.workshop.shared)
        plans = plans_of(options, self.photo)
        order.save.unlink(missing_ok=True)
        try:
            PhotoPainting(studio, self.photo, order.save, plans, Watch(turn)).paint()
        except KeyboardInterrupt:
            if not order.save.exists():
                return None
        return order

    def order(self, style, network, keep, classes, similarity):
        """The order for a painting; a mask that was mended is written for it."""
        if classes == () and not self.strokes:
            keep = "none"
        ending = ".png" if self.picture.mode == "RGBA" and self.photo.suffix in PICTURES_WITH_ALPHA else ".jpg"
        mask = self._write_mask(classes) if self.strokes and keep != "none" else None
        return Order(
            content=self.photo,
            style=style,
            save=self.folder / f"{self.photo.stem}_painted{ending}",
            network=network,
            precision=None if network == "instant" else self.workshop.precision,
            keep=keep,
            keep_classes=None if mask or keep == "none" else classes,
            mask=mask,
            similarity=similarity,
            model=self.workshop.model,
            vgg_weights=self.workshop.vgg_weights if network == "vgg19" else None,
        )

    def _write_mask(self, classes):
        mask = self.folder / f"{self.photo.stem}_mask.png"
        write_picture(mask, to_image(mended(self.find(classes), self.strokes)))
        return mask

    def plain(self, error):
        """What to tell the visitor about an error: the line that the command line would print, without our folders."""
        return re.sub(rf"{re.escape(str(self.folder))}/\w+/", "", str(error))

    def leave(self):
        """Remove everything that the visitor brought and got."""
        shutil.rmtree(self.folder, ignore_errors=True)


class Watch:
    """Shows a painting in the news of a turn while it grows, and stops it when the visitor wishes."""

    def __init__(self, turn):
        self.turn, self.first, self.shown = turn, None, 0.0

    def __call__(self, step, planned, draw):
        now = time.perf_counter()
        if step < planned and self.turn.stopped.is_set():
            raise KeyboardInterrupt
        if step >= planned:
            self.turn.news = {"painting": as_url(draw(SIDE)), "step": step, "planned": planned}
        elif now - self.shown > GROWING_SECONDS:
            self.first, self.shown = self.first or (step, now), now
            self.turn.news = {"painting": as_url(draw(GROWING_SIDE)), "step": step, "planned": planned} | self._left(
                step, planned, now
            )

    def _left(self, step, planned, now):
        """The seconds left, once they can be told: the first step takes longer, since it compiles."""
        first, began = self.first
        return {} if step == first else {"left": round((now - began) / (step - first) * (planned - step))}
