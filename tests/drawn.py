"""A data set of drawn figures: a head and a body of changing colours before a busy background."""

import colorsys

import numpy as np
from PIL import Image, ImageDraw

from segmentation.layouts import LAYOUTS, stored_layout


def draw_figure(random, width=96, height=96):
    """One picture, RGB, and its mask, grey 0/255, as Pillow images."""
    picture, mask = Image.new("RGB", (width, height), colour(random, 0.1, 0.4)), Image.new("L", (width, height))
    brush = ImageDraw.Draw(picture)
    for _ in range(12):  # squares are background, only round heads on bodies are figures
        left, top = random.integers(0, width), random.integers(0, height)
        side = random.integers(5, 30)
        brush.rectangle([left, top, left + side, top + side], fill=colour(random, 0.1, 0.4))
    head = random.uniform(0.08, 0.14) * height
    x, y = random.uniform(0.3, 0.7) * width, random.uniform(0.2, 0.4) * height
    shapes = [
        ("rounded_rectangle", [x - 1.6 * head, y + head, x + 1.6 * head, height + 10], colour(random, 0.8, 1.0)),
        ("ellipse", [x - head, y - 1.2 * head, x + head, y + 1.2 * head], (224, 172, 105)),
    ]
    for kind, box, fill in shapes:
        options = {"radius": head} if kind == "rounded_rectangle" else {}
        getattr(brush, kind)(box, fill=fill, **options)
        getattr(ImageDraw.Draw(mask), kind)(box, fill=255, **options)
    noise = random.normal(0, 6, (height, width, 3))
    return Image.fromarray(np.uint8(np.clip(np.asarray(picture) + noise, 0, 255))), mask


def colour(random, low, high):
    """Backgrounds are pale and clothes are bright, so that a small network can tell them apart in a minute."""
    return tuple(int(255 * part) for part in colorsys.hsv_to_rgb(random.random(), random.uniform(low, high), 0.85))


def draw_set(folder, count, seed=0, **sizes):
    """Write images/0000.jpg ... and masks/0000.png ... into a folder; returns the folder."""
    random = np.random.default_rng(seed)
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
    for number in range(count):
        picture, mask = draw_figure(random, **sizes)
        picture.save(folder / "images" / f"{number:04}.jpg", quality=95)
        mask.save(folder / "masks" / f"{number:04}.png")
    return folder


def drawn_labels(outputs, height=24, width=32):
    """Stripes of all classes; of a single one, stripes of it: (H, W) uint8."""
    return np.uint8(np.arange(width) * max(2, outputs) // width)[None].repeat(height, 0)


LISTED = {"voc": LAYOUTS["voc"].classes, "classes": ("ground", "left hand", "right hand", "a", "b", "c", "d")}


def draw_layout(folder, name, count=5):
    """Write a set of that layout into a folder, whose pictures have a colour for each class; returns the folder."""
    layout, random = LAYOUTS[name], np.random.default_rng(0)
    if name in LISTED:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "classes.txt").write_text("\n".join(LISTED[name]))
        layout = stored_layout(name, LISTED[name])
    labels = drawn_labels(layout.outputs)
    table = random.integers(20, 235, (layout.outputs + 1, 3))
    for (pictures, picture_end), (marks, mark_end) in layout.parts.values():
        for place in (pictures, marks):
            (folder / place).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            shifted = np.roll(labels, 3 * number, axis=1)
            noisy = np.clip(table[shifted] + random.normal(0, 8, (24, 32, 3)), 0, 255)
            Image.fromarray(np.uint8(noisy)).save(folder / pictures / f"{number}{picture_end}.jpg", quality=95)
            values = shifted * 255 if layout.outputs == 1 else shifted + layout.first
            Image.fromarray(values).save(folder / marks / f"{number}{mark_end}.png")
    return folder
