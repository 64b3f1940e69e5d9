"""Lay the page out: its controls, and what happens when one of them is used."""

from pathlib import Path
from types import SimpleNamespace

import gradio as gr

from pictures.images import fit, open_picture
from segmentation.prediction import TINT
from webpage.answers import Answers
from webpage.mending import ERASED, as_url

PARTS = Path(__file__).parent / "parts"
THUMBNAIL = 240  # px; the long side of a style among those to choose from
KEEP = [("figure", "figure"), ("background", "background"), ("nothing", "none")]
CLOSE_TO = [("photo", "content"), ("both", "balanced"), ("style", "style")]
NETWORKS = [("mini", "mini"), ("VGG19", "vgg19")]

# Gradio gives both places for files the same name, which screen readers could not tell apart.
NAME_UPLOADS = """() => setTimeout(() => {
  for (const [id, name] of [["photo", "Photo"], ["own", "Your own style"]])
    for (const place of document.querySelectorAll(`#${id} button[aria-dropeffect]`))
      place.setAttribute("aria-label", `${name}: drop a file here, or press to choose one`);
}, 200)"""


def part(name, **given):
    """A part of the page that is written in HTML and JavaScript, from parts/."""
    template, script = ((PARTS / f"{name}.{ending}").read_text(encoding="utf-8") for ending in ("html", "js"))
    given = {"elem_id": name, "apply_default_css": False} | given
    return gr.HTML(html_template=template, js_on_load=script, **given)


def build(workshop):
    """The page, a `gr.Blocks`."""
    with gr.Blocks(title="Paint a photo", analytics_enabled=False, fill_width=True) as page:
        gr.HTML("<h1>Paint a photo, and keep its people as they are</h1>", elem_id="title", js_on_load=None)
        parts = SimpleNamespace()
        with gr.Row(elem_id="room"):
            with gr.Column(elem_id="choices", min_width=280):
                _add_choices(parts, workshop)
            with gr.Column(elem_id="sheets", min_width=320):
                with gr.Row(elem_id="canvases"):
                    parts.brush = part("brush", add=_css(TINT), erase=_css(ERASED))
                    parts.compare = part("compare")
                _add_work(parts)
        _connect(page, parts, Answers(workshop, parts))
    return page


def _add_choices(parts, workshop):
    """Add the controls at the side."""
    pictures = [
        {"name": name, "url": as_url(fit(open_picture(file), THUMBNAIL))} for name, file in workshop.styles.items()
    ]
    parts.photo = gr.File(label="Photo", elem_id="photo", height=84)
    parts.style = part("styles", value=pictures[0]["name"], pictures=pictures)
    parts.own = gr.File(label="Your own style", elem_id="own", height=84)
    parts.keep = gr.Radio(KEEP, value="figure", label="Keep", elem_id="keep")
    parts.classes = gr.CheckboxGroup([], label="The figure is", visible=False, elem_id="classes")
    parts.similarity = gr.Radio(CLOSE_TO, value="balanced", label="Stay close to", elem_id="similarity")


def _add_work(parts):
    """Add the controls below the painting."""
    parts.status = part("status", value={"text": "Drop a photo to begin."})
    with gr.Row(elem_id="work"):
        parts.network = gr.Radio(NETWORKS, value="mini", label="Paint finely with", elem_id="network", min_width=200)
        parts.fine = gr.Button("Paint finely", variant="primary", interactive=False, min_width=110)
        parts.stop = gr.Button("Stop", variant="stop", interactive=False, min_width=80)
        parts.save = gr.DownloadButton("Download painting", interactive=False, min_width=150)
        parts.mask = gr.DownloadButton("Download mask", interactive=False, min_width=130)
    parts.command = gr.Code(
        label="The command line for the same picture",
        interactive=False,
        lines=1,
        max_lines=3,
        wrap_lines=True,
        show_line_numbers=False,
        elem_id="command",
    )


def _connect(page, parts, answers):
    """Say what happens when a control is used."""
    painted = [parts.compare, parts.status, parts.fine, parts.stop, parts.save, parts.mask, parts.command]
    asked = [parts.style, parts.keep, parts.classes, parts.similarity]
    plain = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}
    newest = plain | {"trigger_mode": "always_last"}
    without_classes = [parts.photo, parts.style, parts.keep, parts.similarity]
    parts.photo.upload(answers.photo, without_classes, [parts.brush, parts.classes, *painted], **newest)
    parts.own.upload(answers.own, [parts.own, *asked], [parts.style, *painted], **newest)
    parts.brush.input(answers.brush, asked, painted, **newest)
    parts.classes.input(answers.classes, asked, [parts.brush, *painted], **newest)
    gr.on(
        [each.input for each in (parts.style, parts.keep, parts.similarity)], answers.sketch, asked, painted, **newest
    )
    parts.fine.click(answers.fine, [*asked, parts.network], painted, **plain)
    parts.stop.click(answers.stop, None, None, queue=False, **plain)
    for dropped in (page.load, parts.photo.change, parts.own.change):
        dropped(None, js=NAME_UPLOADS, api_visibility="private")
    page.unload(answers.leave)


def _css(colour):
    return "#{:02x}{:02x}{:02x}".format(*colour)
