"""Answer the visitors: each public method of `Answers` is what happens when a control of the page is used."""

import traceback

import gradio as gr
import numpy as np

from command.process import OUT_OF_MEMORY, is_out_of_memory
from segmentation.masks import LEAST_PART
from utils import UserError
from pictures.images import fit
from webpage.mending import SIDE, as_url

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
        yield {parts.brush: None, parts.compare: None, parts.status: _says("Looking for the figure ...")}
        turn = visit.join(self.workshop.finding, lambda turn: visit.bring_photo(upload))
        turn.over.wait()
        if turn.error:
            yield {parts.status: self._trouble(visit, turn)}
        if not turn.result:
            return
        found = {"choices": visit.found, "value": list(visit.usual), "visible": bool(visit.found)}
        yield {parts.brush: {"photo": turn.result, "fresh": True}, parts.classes: gr.update(**found)}
        yield from self._paint(visit, style, "instant", keep, visit.usual, similarity)

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
        try:
            visit.draw(event.strokes)
        except UserError as error:
            yield {self.parts.status: _says(visit.plain(error), wrong=True)}
            return
        yield from self._paint(visit, style, "instant", keep, classes, similarity)

    def classes(self, style, keep, classes, similarity, request: gr.Request):
        """Other classes make up the figure: tint it, and paint again."""
        visit, parts = self.workshop.visit(request.session_hash), self.parts
        turn = visit.join(self.workshop.finding, lambda turn: visit.overlay(visit.chosen(classes)))
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
        if not visit.photo:
            return
        parts, line, choice = self.parts, self.workshop.painting, visit.chosen(classes)
        picture = self.workshop.styles.get(style, visit.style)
        turn = visit.join(line, lambda turn: visit.paint(turn, picture, network, keep, choice, similarity))
        off, stoppable = gr.update(interactive=False), gr.update(interactive=network != "instant")
        yield {parts.fine: off, parts.save: off, parts.mask: off, parts.stop: stoppable}
        photo, last = as_url(fit(visit.picture, min(SIDE, max(visit.picture.size)))), None
        while not turn.over.wait(TICK):
            place, news = line.place(turn), turn.news
            text = _waiting(place) if place else _working(network, news)
            if (text, news) != last:
                last = text, news
                show = {parts.compare: {"photo": photo, "painting": news["painting"]}} if news else {}
                yield {parts.status: _says(text, **_steps(news))} | show
        if visit.turns[line] is turn:  # else a newer painting has taken its place
            yield {parts.fine: gr.update(interactive=True), parts.stop: off}
            yield self._outcome(visit, turn, photo)

    def _outcome(self, visit, turn, photo):
        """What to show when a painting is over."""
        parts = self.parts
        if turn.error:
            return {parts.status: self._trouble(visit, turn)}
        if not turn.result:
            return {parts.status: _says("Stopped before it began.")}
        order, news = turn.result, turn.news
        return {
            parts.compare: {"photo": photo, "painting": news["painting"]},
            parts.status: _says(_finished(order, news, turn.stopped.is_set(), visit)),
            parts.save: gr.update(value=str(order.save), interactive=True),
            parts.mask: gr.update(value=order.mask and str(order.mask), interactive=bool(order.mask)),
            parts.command: order.command(),
        }

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


def _steps(news):
    return {name: news[name] for name in ("step", "planned")} if news and news["planned"] else {}


def _waiting(place):
    return f"{place} before you: your painting begins after {'it' if place == 1 else 'them'}."


def _working(network, news):
    if network == "instant" or not news:
        return "Painting ..."
    left = f", {news['left']} s left" if "left" in news else ""
    return f"Step {news['step']} of {news['planned']}{left}"


def _finished(order, news, stopped, visit):
    """How a painting ended, in a sentence or two."""
    text = (
        f"Painted finely, in {news['step']} steps."
        if news["step"]
        else "Painted at once. Paint finely for finer strokes."
    )
    if stopped:
        text = f"Stopped after {news['step']} steps. The command line paints on to the end."
    if order.keep != "none" and not order.mask and np.mean(visit.find(order.keep_classes) > 0.5) < LEAST_PART:
        text += " No figure was found, so everything is painted. Mark one with the brush."
    return text
