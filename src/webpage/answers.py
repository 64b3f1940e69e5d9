"""Answer the visitors: each public method of `Answers` is what happens when a control of the page is used."""

import traceback

import gradio as gr
import numpy as np

from command.process import OUT_OF_MEMORY, is_out_of_memory
from segmentation.masks import LEAST_PART
from utils import UserError
from webpage.mending import read_strokes

TICK = 0.2  # seconds between two looks at the work
OWN = "own"  # the name of the style that the visitor has brought
BROKEN = "something went wrong that should not; the terminal of page.py says what"


class Answers:
    """Answers to events. They yield {component: what it shows now}; other components stay as they are.

    style, keep, classes and similarity are the values of the controls of these names.
    """

    def __init__(self, workshop, parts):
        """parts: the components of the page, by name; see `layout.py`."""
        self.workshop, self.parts = workshop, parts

    def photo(self, upload, style, keep, similarity, request: gr.Request):
        """A photo is dropped: find its figure, and paint it at once."""
        visit, parts = self.workshop.visit(request.session_hash), self.parts
        visit.stop()
        visit.photo = None
        yield {parts.brush: None, parts.compare: None, parts.status: _says("Looking for the figure ...")}
        turn = visit.join(self.workshop.finding, lambda turn: visit.bring_photo(upload))
        turn.over.wait()
        if turn.error:
            yield {parts.status: self._trouble(visit, turn)}
        if not turn.result or not visit.photo:
            return
        found, usual = visit.photo.found, visit.photo.usual
        yield {
            parts.brush: {"photo": turn.result, "fresh": True},
            parts.classes: gr.update(choices=found, value=usual, visible=bool(found)),
        }
        yield from self._paint(visit, style, "instant", keep, usual, similarity)

    def own(self, upload, style, keep, classes, similarity, request: gr.Request):
        """A picture is dropped whose style to take."""
        visit = self.workshop.visit(request.session_hash)
        try:
            visit.bring_style(upload)
        except UserError as error:
            yield {self.parts.status: _says(visit.plain(error), wrong=True)}
            return
        yield {self.parts.style: OWN}
        yield from self._paint(visit, OWN, "instant", keep, classes, similarity)

    def brush(self, event: gr.EventData, style, keep, classes, similarity, request: gr.Request):
        """The brush was lifted."""
        visit = self.workshop.visit(request.session_hash)
        if not visit.photo:
            return
        try:
            visit.photo.strokes = read_strokes(event.strokes)
        except UserError as error:
            yield {self.parts.status: _says(visit.plain(error), wrong=True)}
            return
        yield from self._paint(visit, style, "instant", keep, classes, similarity)

    def classes(self, style, keep, classes, similarity, request: gr.Request):
        """Other classes make up the figure: tint it, and paint again."""
        visit, parts = self.workshop.visit(request.session_hash), self.parts
        photo = visit.photo
        if not photo:
            return
        turn = visit.join(self.workshop.finding, lambda turn: photo.overlay(photo.chosen(classes)))
        turn.over.wait()
        if turn.result:
            yield {parts.brush: {"photo": turn.result}}
        yield from self._paint(visit, style, "instant", keep, classes, similarity)

    def sketch(self, style, keep, classes, similarity, request: gr.Request):
        """Another choice was made: paint at once."""
        visit = self.workshop.visit(request.session_hash)
        yield from self._paint(visit, style, "instant", keep, classes, similarity)

    def fine(self, style, keep, classes, similarity, network, request: gr.Request):
        """Paint in steps."""
        visit = self.workshop.visit(request.session_hash)
        yield from self._paint(visit, style, network, keep, classes, similarity)

    def stop(self, request: gr.Request):
        """Stop painting, and keep what there is."""
        self.workshop.visit(request.session_hash).stop()

    def leave(self, request: gr.Request):
        """The tab was closed, or its page loaded again."""
        self.workshop.leave(request.session_hash)

    def _paint(self, visit, style, network, keep, classes, similarity):
        """Queue up, paint, and show it."""
        photo, parts, line = visit.photo, self.parts, self.workshop.painting
        if not photo:
            return
        wanted = photo, self.workshop.styles.get(style, visit.style), network, keep, photo.chosen(classes), similarity
        turn = visit.join(line, lambda turn: visit.paint(turn, *wanted))
        off, stoppable = gr.update(interactive=False), gr.update(interactive=network != "instant")
        yield {parts.fine: off, parts.save: off, parts.mask: off, parts.stop: stoppable}
        last = None
        while not turn.over.wait(TICK):
            now = line.place(turn), turn.news
            if now != last:
                last = now
                yield {parts.status: _progress(network, *now)} | self._shown(photo, turn.news)
        if visit.turns[line] is turn and visit.photo is photo:  # else something newer has taken its place
            yield {parts.fine: gr.update(interactive=True), parts.stop: off}
            yield self._outcome(visit, photo, turn)

    def _shown(self, photo, news):
        return {self.parts.compare: {"photo": photo.small, "painting": news["painting"]}} if news else {}

    def _outcome(self, visit, photo, turn):
        """What to show when a painting is over."""
        parts, order = self.parts, turn.result
        if turn.error:
            return {parts.status: self._trouble(visit, turn)}
        if not order:
            return {parts.status: _says("Stopped before it began.")}
        return {
            parts.status: _says(_finished(order, photo, turn)),
            parts.save: gr.update(value=str(order.save), interactive=True),
            parts.mask: gr.update(value=order.mask and str(order.mask), interactive=bool(order.mask)),
            parts.command: order.command(),
        } | self._shown(photo, turn.news)

    def _trouble(self, visit, turn):
        """What to say when a piece of work failed: the line that the command line would print."""
        error = turn.error
        if isinstance(error, UserError):
            return _says(visit.plain(error), wrong=True)
        if is_out_of_memory(error):
            return _says(OUT_OF_MEMORY, wrong=True)
        traceback.print_exception(error)
        return _says(BROKEN, wrong=True)


def _says(text, wrong=False, **more):
    """The value of the status line."""
    return {"text": text, "wrong": wrong} | more


def _progress(network, place, news):
    """The value of the status line while someone waits."""
    if place:
        return _says(f"{place} before you in the queue.")
    if network == "instant" or not news:
        return _says("Painting ...")
    left = "" if news["left"] is None else f", {news['left']} s left"
    return _says(f"Step {news['step']} of {news['planned']}{left}", step=news["step"], planned=news["planned"])


def _finished(order, photo, turn):
    """How a painting ended, in a sentence or two."""
    steps = turn.news["step"]
    text = f"Painted finely, in {steps} steps." if steps else "Painted at once. Paint finely for finer strokes."
    if turn.stopped.is_set():
        text = f"Stopped after {steps} steps. The command line paints on to the end."
    if order.keep != "none" and not order.mask and np.mean(photo.figure(order.keep_classes) > 0.5) < LEAST_PART:
        text += " No figure was found, so everything is painted. You can mark one with the brush."
    return text
