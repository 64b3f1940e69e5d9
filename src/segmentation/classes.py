"""Count, score and colour several classes."""

import colorsys
from itertools import product

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from PIL import Image, ImageDraw, ImageFont

from files.whole import whole_file
from segmentation.layouts import VOID
from utils import shown

DARK, WHITE = (0.12, 0.12, 0.14), (1.0, 1.0, 1.0)  # the first class, and pixels that do not count
MOST_NAMED = 24  # classes that fit into a legend


def colours(count):
    """A colour for each of `count` classes, (count, 3), 0..255: the first is dark, the others lie far apart."""
    tones = product(np.arange(32) / 32, (0.8, 0.55, 0.3), (0.9, 0.7, 0.45))
    offered = np.array([colorsys.hsv_to_rgb(*tone) for tone in tones])
    chosen, distance = [np.array(DARK)], np.linalg.norm(offered - WHITE, axis=1)
    while len(chosen) < count:
        distance = np.minimum(distance, np.linalg.norm(offered - chosen[-1], axis=1))
        chosen.append(offered[distance.argmax()])
    return np.array(chosen) * 255 // 1


def painted(labels, classes):
    """Labels (H, W) as colours (H, W, 3) uint8; pixels that do not count are white."""
    table = np.full((VOID + 1, 3), 255, np.uint8)
    table[:classes] = colours(classes)
    return table[labels]


def palette_picture(labels, classes):
    """Labels (H, W) uint8 as a Pillow palette image that keeps their numbers."""
    image = Image.fromarray(labels).convert("P")
    image.putpalette(colours(classes).astype(np.uint8).tobytes())
    return image


def frequent(labels, classes):
    """The numbers of the classes that occur in `labels`, a list of arrays, the most frequent first."""
    numbers, counts = np.unique(np.concatenate([np.ravel(each) for each in labels]), return_counts=True)
    return [int(number) for number in numbers[np.argsort(-counts)] if number < classes][:MOST_NAMED]


def legend(names, labels):
    """The legend of a plot, [Patch], for the classes that occur in `labels`."""
    table = colours(len(names)) / 255
    return [Patch(color=table[number], label=shown(names[number], 24)) for number in frequent(labels, len(names))]


def explained(image, labels, names):
    """Add a strip below an RGB Pillow image that names the colours of the classes in `labels` (H, W)."""
    size = max(11, round(max(image.size) / 45))
    font, table = ImageFont.load_default(size), colours(len(names)).astype(int).tolist()
    places, x, y = [], size // 2, size // 2
    for number in frequent([labels], len(names)):
        width = round(font.getlength(names[number])) + 2 * size
        if x + width > image.width and x > size // 2:
            x, y = size // 2, y + round(1.6 * size)
        places.append((number, x, y))
        x += width
    strip = Image.new("RGB", (image.width, image.height + y + 2 * size), "white")
    strip.paste(image)
    brush = ImageDraw.Draw(strip)
    for number, left, top in places:
        top += image.height
        brush.rectangle([left, top, left + size, top + size], fill=tuple(table[number]))
        brush.text((left + 1.3 * size, top + size / 2), names[number], fill="black", font=font, anchor="lm")
    return strip


# ---------------------------------------------------------------- counts and scores


def confusion(true, found, classes, ignored=()):
    """Count how many pixels of each class (row) are taken for which class (column): (classes, classes) ints.

    true, found: (H, W) uint8. Pixels whose true label is VOID or one of `ignored` do not count.
    """
    counts = ~np.isin(true, [*ignored, VOID])
    pairs = true[counts].astype(np.int64) * classes + found[counts]
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def class_scores(matrix, names, groups=()):
    """From a confusion matrix: {class or group: {"iou", "f1", "pixels"}}. The scores of absent classes are None.

    groups: {name: classes} that are scored as if they were one class.
    """
    single = {name: _overlap(matrix, [label]) for label, name in enumerate(names)}
    merged = {name: _overlap(matrix, [names.index(each) for each in group]) for name, group in dict(groups).items()}
    return single | merged


def _overlap(matrix, labels):
    both = matrix[np.ix_(labels, labels)].sum()
    true, found = matrix[labels].sum(), matrix[:, labels].sum()
    iou, f1 = (float(a / b) if b else None for a, b in ((both, true + found - both), (2 * both, true + found)))
    return {"iou": iou, "f1": f1, "pixels": int(true)}


def means(matrix, names):
    """The share of correct pixels, and the mean IoU and F1 of the classes that are present or found."""
    each = class_scores(matrix, names).values()
    result = {"pixel_accuracy": float(np.trace(matrix) / max(matrix.sum(), 1))}
    for score in ("iou", "f1"):
        there = [one[score] for one in each if one[score] is not None]
        result[f"mean_{score}"] = float(np.mean(there)) if there else 0.0
    return result


def draw_confusion(target, matrix, names, title):
    """Draw a confusion matrix as a PNG. Rows add up to 1; absent classes are left out."""
    there = np.flatnonzero(matrix.sum(axis=1) + matrix.sum(axis=0))
    matrix, names = matrix[np.ix_(there, there)], [shown(names[label], 20) for label in there]
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    side = 2.5 + 0.34 * len(names)
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set(xlabel="found", ylabel="true", title=title)
    axes.set_xticks(range(len(names)), names, rotation=90)
    axes.set_yticks(range(len(names)), names)
    if len(names) <= MOST_NAMED:
        for row, column in np.argwhere(shares >= 0.005):
            shade = "white" if shares[row, column] > 0.5 else "black"
            axes.text(
                column,
                row,
                f"{shares[row, column]:.2f}"[1:].replace(".00", "1"),
                color=shade,
                ha="center",
                va="center",
                fontsize=7,
            )
    with whole_file(target) as temporary:
        figure.savefig(temporary, dpi=110)
