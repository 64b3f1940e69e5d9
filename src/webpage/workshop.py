"""What all visitors of the page share: networks, styles, and the two queues."""

import threading
from functools import cached_property
from pathlib import Path

from PIL import Image

from networks.hardware import choose_precision, choose_quickly
from segmentation.masks import find_masks
from segmentation.registry import load_network
from utils import ROOT
from webpage.turns import Line
from webpage.upload import Photo
from webpage.visit import Visit

STYLES = ROOT / "examples/styles"
FIRST_PHOTO = ROOT / "examples/portraits/images/eileen_collins.jpg"


class Workshop:
    """Finds figures for all visitors, and paints for one of them at a time."""

    def __init__(self, folder, model, vgg_weights=None):
        """folder: where the visitors' files lie while they are here. model, vgg_weights: as for stylize.py."""
        self.folder, self.model, self.vgg_weights = Path(folder), model, vgg_weights
        self.finding, self.painting = Line(), Line()
        self.styles = {style.stem: style for style in sorted(STYLES.glob("*.jpg"))}
        self.shared, self.visits, self.lock = {}, {}, threading.Lock()

    @cached_property
    def finder(self):
        """The network that finds figures, and its record."""
        return load_network(self.model)

    @cached_property
    def precision(self):
        """The precision to paint in steps with, the same for all paintings."""
        return choose_precision("auto")

    @cached_property
    def quick_precision(self):
        """The precision to paint at once with, the same for all paintings."""
        return choose_quickly("auto")

    def warm_up(self):
        """Load the networks and look at the styles, so that the first visitor need not wait."""
        visit = Visit(self)
        photo = self.finding.join(lambda turn: Photo(FIRST_PHOTO, self.finder))
        empty = Image.new("RGB", (64, 64), "grey")  # where there is no figure, the network looks a second time
        self.finding.join(lambda turn: find_masks(*self.finder, [empty]))
        for style in self.styles.values():
            self.painting.join(lambda turn, style=style: visit.paint(turn, _result(photo), style, "instant", "none"))
        self.painting.join(lambda turn: visit.leave() or self.precision)

    def visit(self, session):
        """The visit of a browser tab, which begins with its first question."""
        with self.lock:
            if session not in self.visits:
                self.visits[session] = Visit(self)
            return self.visits[session]

    def leave(self, session):
        """End a visit: what waits or is being painted is stopped, and its files go."""
        with self.lock:
            visit = self.visits.pop(session, None)
        if visit:
            visit.stop()
            threading.Thread(target=self._clean_up, args=[visit]).start()

    def _clean_up(self, visit):
        for turn in visit.turns.values():
            turn.over.wait()
        visit.leave()
        self.forget(visit.folder)

    def forget(self, folder):
        """Forget the styles in a visitor's folder."""
        for key in list(self.shared):
            if isinstance(key[0], tuple) and any(style.is_relative_to(folder) for style in key[0]):
                self.shared.pop(key, None)

    def close(self):
        """End all visits and both queues."""
        for session in list(self.visits):
            self.leave(session)
        self.finding.close()
        self.painting.close()


def _result(turn):
    turn.over.wait()
    return turn.result
