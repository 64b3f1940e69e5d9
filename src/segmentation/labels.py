"""Read the labels of a picture: numbers or colours of several classes, or the mask of a figure, of any kind."""

import numpy as np
from PIL import Image

from pictures.images import load
from segmentation.class_lists import LIST
from segmentation.layouts import VOID
from utils import UserError, named, shown

LOSSY = (".jpg", ".jpeg")
WHITE = (255, 255, 255)  # in masks in colours, unless a class has it, what does not count
SAMPLE = 16  # masks of a set that are searched for numbers of classes


class WrongLabels(UserError):
    """The labels are none of the data set's classes."""


def read_labels(source, layout):
    """Read labels as (H, W) uint8: the index of each pixel's class, or with a single class 1 for it and 0 elsewhere.

    Where only some classes are labelled, `layout.rest` stands for all others. If it is only one, the mask may be of any
    kind; a palette picture of its number is read as such, with VOID where it is unclear.
    """
    image = load(source)
    if layout.outputs == 1:
        return np.uint8(_figure_in(image))
    known = [layout.classes.index(name) for name in layout.known]
    numbered = len(known) == 1 and _is_numbered(image, known[0] + layout.first, layout.unclear)
    if len(known) == 1 and not numbered:
        return np.where(_figure_in(image), known[0], layout.rest).astype(np.uint8)
    if source.suffix.lower() in LOSSY:
        raise WrongLabels(f"{shown(source)} is a JPEG, which blurs labels; save masks of several classes as PNG")
    read = _by_colour if _is_coloured(image, layout) and not numbered else _by_number
    labels = read(source, image, layout)
    rest = np.isin(labels, [*known, VOID], invert=True) if known else False
    return np.where(rest, layout.rest, labels).astype(np.uint8)


def _is_numbered(image, known, unclear):
    """Whether a palette picture holds only 0, the number of the one known class, and, if `unclear`, VOID."""
    numbers = [0, known, VOID] if unclear else [0, known]
    return image.mode == "P" and bool(np.isin(np.asarray(image), numbers).all())


def _is_coloured(image, layout):
    """Whether the pixels of a mask are colours of classes and not their numbers."""
    if image.mode in ("RGB", "RGBA", "P", "PA"):
        return bool(layout.colours)
    return image.mode == "L" and bool(layout.colours) and all(len(set(colour)) == 1 for colour in layout.colours)


def _by_colour(source, image, layout):
    """The labels (H, W) int of a mask in the colours of its classes."""
    red, green, blue = np.moveaxis(np.asarray(image.convert("RGB"), np.int32), -1, 0)
    colours = red << 16 | green << 8 | blue
    labels = np.full(colours.shape, -1)
    for (red, green, blue), label in ({WHITE: VOID} | layout.colours).items():
        labels[colours == (red << 16 | green << 8 | blue)] = label
    if image.mode == "P":
        labels[np.asarray(image) == VOID] = VOID
    if labels.min() < 0:
        value = int(colours[labels < 0][0])
        colour = f"{value >> 16} {value >> 8 & 255} {value & 255}"
        raise WrongLabels(f"{shown(source)} holds the colour {colour}, which {LIST} does not list; add its class")
    return labels


def _by_number(source, image, layout):
    """The labels (H, W) int of a mask that holds their numbers, in grey, in a palette, or alike in all channels."""
    values = np.asarray(image).astype(np.int64)
    if values.ndim == 3:
        values, channels = values[..., 0], values[..., : 3 if image.mode in ("RGB", "RGBA") else 1]
        if (channels != values[..., None]).any():
            raise WrongLabels(
                f"{shown(source)} holds colours; add those of the classes to {LIST}, as in: road 128 64 128"
            )
    labels, last = values - layout.first, layout.first + layout.outputs - 1
    void = (values == VOID) & layout.unclear
    outside = ~void & ((labels < 0) | (labels >= layout.outputs))
    if outside.any():
        remedy = f"name it in {LIST}" if layout.mark else "check the folder"
        wrong = f"holds labels outside {layout.first} to {last}, such as {values[outside][0]}"
        raise WrongLabels(f"{shown(source)} {wrong}; {remedy}")
    return np.where(void, VOID, labels)


# ---------------------------------------------------------------- masks of a figure


def read_mask(source):
    """Read a mask of any kind (0/1, 0/255, 16-bit, palette, RGB) as a grey Pillow image of 0 and 255."""
    return Image.fromarray(np.uint8(_figure_in(load(source))) * 255)


def _figure_in(image):
    """Which pixels of a mask of any kind belong to the figure: (H, W) bool."""
    return _is_figure(_values(image))


def _values(image):
    """The values of a mask, (H, W) or (H, W, 3) float32."""
    deep = image.mode in ("I", "F", "1") or image.mode.startswith("I;16")
    return np.nan_to_num(np.asarray(image if deep else _over_black(image), np.float32))


def _over_black(image):
    """Turn any 8-bit image into RGB, with transparent parts black: they do not belong to the figure."""
    colours = image.convert("RGBA")
    return Image.composite(colours.convert("RGB"), Image.new("RGB", image.size), colours.getchannel("A"))


def _is_figure(values):
    """Which pixels of a mask, (H, W) or (H, W, 3), belong to the figure: (H, W) bool.

    In grey masks, the brighter half of the scale (0..1, 0..255 or 0..65535), so that JPEG ringing does not count.
    In coloured masks (palettes of class indices), every colour but black.
    """
    if values.ndim == 3:
        coloured, values = _is_colourful(values), values.max(axis=2)
        if coloured:
            return values > 16
    return values > next((full for full in (1, 255) if values.max() <= full), 65535) / 2


def _is_colourful(values):
    return np.ptp(values, axis=2).max() > 16  # in a JPEG, grey is not exactly grey


def refuse_numbers(option, folder, masks):
    """Refuse a set whose masks, a list of files, hold numbers of several classes where a figure should be white."""
    counts = sum((_grey_counts(file) for file in masks[:: max(1, len(masks) // SAMPLE)]), np.zeros(VOID + 1, int))
    numbers = [int(value) for value in np.flatnonzero(counts)]
    # A figure's mask is black and white, and its soft edges have dark and bright greys alike.
    dark, bright, white = counts[1:128].sum(), counts[128:VOID].sum(), counts[VOID]
    if not set(numbers) <= {0, 1} and (dark > max(1.5 * bright, white) or (dark > 0.01 * white and not bright)):
        remedy = f"name them in {LIST} there, one a line, that of 0 first, or paint the figure white"
        raise UserError(
            f"{option}={shown(folder, 40)}: its masks hold the numbers of classes, {named(numbers, 8)}; {remedy}"
        )


def _grey_counts(file):
    """How often each value occurs in a mask, (256,); all 0 if it cannot be read or is no mask of numbers."""
    try:
        image = load(file)
        values, coloured = _values(image), _has_colours(image)
    except UserError:
        values, coloured = np.zeros(0), False
    if values.ndim == 3:
        values = np.zeros(0) if coloured or _is_colourful(values) else values.max(axis=2)
    if file.suffix.lower() in LOSSY or not values.size or values.min() < 0 or values.max() > VOID:
        return np.zeros(VOID + 1, int)
    return np.bincount(values.astype(int).ravel(), minlength=VOID + 1)


def _has_colours(image):
    """Whether the palette of an image holds colours, used or not."""
    return image.mode == "P" and _is_colourful(np.reshape(image.getpalette("RGB"), (1, -1, 3)))
