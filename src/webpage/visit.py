"""One visitor of the page: what was brought and asked for, in a folder of the visitor's own."""

import re
import shutil
import tempfile
import time
from pathlib import Path

from pictures.images import open_picture, to_image, write_picture
from studio.orders import check_options, plans_of
from studio.photo import PhotoPainting
from studio.studio import Studio
from utils import UserError, shown
from webpage.mending import SIDE, as_url
from webpage.order import Order
from webpage.upload import Photo

GROWING_SIDE = 640  # px; the long side of a painting while it grows
GROWING_SECONDS = 0.7  # how often it is shown
LONGEST_NAME = 60


class Visit:
    """What one visitor has brought. The work of `bring_photo` and `paint` is done in turns."""

    def __init__(self, workshop):
        self.workshop = workshop
        self.folder = Path(tempfile.mkdtemp(dir=workshop.folder))
        self.photo = self.style = None  # a `Photo`; the file of a style
        self.turns = {}  # {line: the last turn in it}

    def bring_photo(self, upload):
        """Take in an uploaded photo, and find its figure: the photo with the figure tinted, as a data: URL."""
        photo = Photo(self._bring(upload, "photo"), self.workshop.finder)
        overlay = photo.overlay()
        self.photo = photo
        return overlay

    def bring_style(self, upload):
        """Take in an uploaded picture whose style to take."""
        place = self._bring(upload, "style")
        open_picture(place)
        self.workshop.forget(self.folder)
        self.style = place

    def _bring(self, upload, kind):
        """Move an uploaded file into our folder, unchanged: its new place."""
        name = re.sub(r"[^\w .()+-]", "_", Path(upload).name)[-LONGEST_NAME:]
        if self.photo and name == self.photo.place.name:
            name = f"{kind}_{name}"
        place = Path(tempfile.mkdtemp(dir=self.folder)) / name
        shutil.move(upload, place)
        Path(upload).parent.rmdir()
        return place

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

    def paint(self, turn, photo, style, network, keep="figure", classes=None, similarity="balanced"):
        """Paint a photo, and show it in the turn's news: the `Order`, or None if it was stopped too early."""
        if not style:
            raise UserError("there is no such style; choose one, or drop a picture")
        order = self._order(photo, style, network, keep, classes, similarity)
        options = order.options()
        check_options(options, many=False)
        find = None if options.keep == "none" or options.mask else lambda *_: photo.figure(classes)
        studio = Studio(options, find_figure=find, shared=self.workshop.shared)
        order.save.unlink(missing_ok=True)
        try:
            PhotoPainting(studio, photo.place, order.save, plans_of(options, photo.place), Watch(turn)).paint()
        except KeyboardInterrupt:
            if not order.save.exists():
                return None
        return order

    def _order(self, photo, style, network, keep, classes, similarity):
        """The order for a painting. If the brush has mended the mask, it becomes a file."""
        if classes == () and not photo.strokes:
            keep = "none"
        mask = self._write_mask(photo, classes) if photo.strokes and keep != "none" else None
        ending = ".png" if photo.picture.mode == "RGBA" else ".jpg"
        return Order(
            content=photo.place,
            style=style,
            save=self.folder / f"{photo.place.stem}_painted{ending}",
            network=network,
            precision=self.workshop.quick_precision if network == "instant" else self.workshop.precision,
            keep=keep,
            keep_classes=None if mask or keep == "none" else classes,
            mask=mask,
            similarity=similarity,
            model=self.workshop.model,
            vgg_weights=self.workshop.vgg_weights if network == "vgg19" else None,
        )

    def _write_mask(self, photo, classes):
        mask = self.folder / f"{photo.place.stem}_mask.png"
        write_picture(mask, to_image(photo.mask(classes)))
        return mask

    def plain(self, error):
        """What to tell the visitor about an error: the line that the command line would print, without our folders."""
        text = str(error)
        for file in self.folder.rglob("*"):
            text = text.replace(shown(file), shown(file.name))
        return text

    def leave(self):
        """Remove everything that the visitor brought and got."""
        shutil.rmtree(self.folder, ignore_errors=True)


class Watch:
    """Shows a painting in the news of a turn while it grows, and stops it when the visitor wishes."""

    def __init__(self, turn):
        self.turn, self.first, self.shown = turn, None, 0.0

    def __call__(self, step, planned, draw):
        now = time.perf_counter()
        self.first = self.first or (step, now)  # the first step takes longer than the others, since it compiles
        if step < planned and self.turn.stopped.is_set():
            raise KeyboardInterrupt
        if step >= planned or now - self.shown > GROWING_SECONDS:
            picture = as_url(draw(SIDE if step >= planned else GROWING_SIDE))
            self.turn.news = {
                "painting": picture,
                "step": step,
                "planned": planned,
                "left": self._left(step, planned, now),
            }
            self.shown = now

    def _left(self, step, planned, now):
        """The seconds left, or None as long as they cannot be told."""
        first, began = self.first
        return round((now - began) / (step - first) * (planned - step)) if step > first else None
