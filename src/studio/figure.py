"""Decide which part of the photo to keep: the figure or everything else, from the user's mask or a network's."""

import numpy as np
from PIL import Image

from networks.hub import is_preset
from pictures.images import open_picture, to_array
from segmentation.masks import LEAST_PART, figure_labels, find_masks
from segmentation.registry import load_network
from utils import PICTURES, UserError, shown

SAME_SHAPE = 0.02  # how much the shapes of mask and photo may differ


def figure_finder(keep, mask, model, classes=None):
    """Make a function from a photo (its path, its RGB Pillow image) to the mask of its figure, (H, W) in 0..1.

    Returns None if nothing is kept. classes: the network's classes that make up the figure.
    """
    if keep == "none":
        return None
    if mask:
        return lambda source, photo: read_mask("--mask", mask_of(source, mask), photo.size, "photo")
    if not model.is_file() and not is_preset(model):
        raise UserError(
            f"--model={shown(model)} does not exist; train one with train.py, or give --mask=<picture> or --keep=none"
        )
    network, record = load_network(model)
    figure_labels(record, classes, "--keep_classes")  # refuses unknown classes before any work is done
    return lambda source, photo: find_masks(network, record, [photo], classes=classes)[0]


def kept_part(keep, figure):
    """The part to keep, (H, W) in 0..1 or None for nothing, from the mask of the figure; and a sentence about it."""
    if np.mean(figure > 0.5) < LEAST_PART:
        return None, "no figure found, everything is painted"
    kept = figure if keep == "figure" else 1 - figure
    share = float(np.mean(kept > 0.5))
    if 1 - share < LEAST_PART:
        raise UserError("the figure fills the photo and nothing is left to paint; choose --keep=none")
    return kept, f"{share:.0%} of the photo is kept"


def mask_of(source, mask):
    """The mask file of a photo: `mask` itself, or, if that is a folder, the file in it with the photo's stem."""
    if not mask.is_dir():
        return mask
    found = [mask / (source.stem + ending) for ending in PICTURES if (mask / (source.stem + ending)).is_file()]
    if len(found) != 1:
        many = f"{len(found) or 'no'} pictures named {shown(source.stem)}"
        raise UserError(f"--mask={shown(mask)} holds {many}; put one there")
    return found[0]


def read_mask(option, source, size, what):
    """Read a mask as (H, W) in 0..1 at a picture's (width, height): its transparency if it has any, or else its grey.

    option: the one that names the mask; what: the picture that it belongs to.
    """
    image = open_picture(source)
    grey = image.getchannel("A") if image.mode == "RGBA" else image.convert("L")
    width, height = size
    if abs(grey.width * height / (grey.height * width) - 1) > SAME_SHAPE:
        raise UserError(
            f"{option}={shown(source)} is {grey.width} x {grey.height}, the {what} is {width} x {height}; "
            f"give a mask of the {what}'s shape"
        )
    mask = to_array(grey.resize(size, Image.Resampling.BILINEAR))
    return mask * 255 if mask.max() <= 1 / 255 else mask  # some masks hold 0 and 1 instead of 0 and 255
