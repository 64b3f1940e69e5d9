"""A folder of pictures and masks: its pairs, how a mask is read, and who is held back from training."""

import hashlib
import os
from pathlib import Path

import numpy as np
from PIL import Image

from images import flatten, load, open_picture
from utils import PICTURES, UserError, named, shown

# ---------------------------------------------------------------- pairs


def find_pairs(folder):
    """Match `images/` and `masks/` by file stem: ({stem: (picture, mask)} by stem, {problem: [names]})."""
    pictures, twice = _by_stem(Path(folder) / "images")
    masks, twice_masks = _by_stem(Path(folder) / "masks")
    problems = {
        "pictures without a mask": sorted(pictures[stem].name for stem in pictures.keys() - masks.keys()),
        "masks without a picture": sorted(masks[stem].name for stem in masks.keys() - pictures.keys()),
        "names that occur twice": sorted(twice + twice_masks),
    }
    pairs = {stem: (pictures[stem], masks[stem]) for stem in sorted(pictures.keys() & masks.keys())}
    return pairs, {problem: names for problem, names in problems.items() if names}


def say_left_out(problems):
    """Count and name what is left out, a line for each problem of {problem: [names]}."""
    for problem, names in problems.items():
        print(f"left out, {len(names)} {problem}: {named(names)}")


def _by_stem(folder):
    """The pictures in a folder by stem, and the names of those whose stem is taken already."""
    if not folder.is_dir():
        raise UserError(
            f"--data={shown(folder.parent)} has no folder {folder.name}/; "
            "it must hold images/ and masks/: get a data set with download_data.py"
        )
    found, twice = {}, []
    for file in sorted(folder.iterdir()):
        if file.suffix.lower() not in PICTURES or file.name.startswith(".") or not file.is_file():
            continue
        if file.stem in found:
            twice.append(file.name)
        else:
            found[file.stem] = file
    return found, twice


class WrongSize(UserError):
    """A mask of another size than its picture."""


def read_pair(picture, mask):
    """One pair as Pillow images of one size, RGB and grey 0/255."""
    image = flatten(open_picture(picture))
    figure = read_mask(mask)
    if figure.size != image.size:
        raise WrongSize(f"{shown(mask)} is {figure.size}, its picture is {image.size}; give both the same size")
    return image, figure


def read_mask(source):
    """A mask file of any kind (0/1, 0/255, 16-bit, palette, RGB) as a grey Pillow image of 0 and 255."""
    image = load(source)
    deep = image.mode in ("I", "F", "1") or image.mode.startswith("I;16")
    values = np.nan_to_num(np.asarray(image if deep else _over_black(image), np.float32))
    return Image.fromarray(np.uint8(_is_figure(values)) * 255)


def _over_black(image):
    """An RGB image of any 8-bit one; what is transparent is no figure."""
    colours = image.convert("RGBA")
    return Image.composite(colours.convert("RGB"), Image.new("RGB", image.size), colours.getchannel("A"))


def _is_figure(values):
    """Which pixels of a mask, (H, W) or (H, W, 3), belong to the figure: (H, W) bool.

    In grey, the brighter half of the scale, which is 0..1, 0..255 or 0..65535: the ringing of a JPEG does not count.
    In colour (palettes of class indices), every colour but black.
    """
    if values.ndim == 3:
        coloured = np.ptp(values, axis=2).max() > 16  # a JPEG's grey is not quite grey
        values = values.max(axis=2)
        if coloured:
            return values > 16
    return values > next((full for full in (1, 255) if values.max() <= full), 65535) / 2


# ---------------------------------------------------------------- who is held back


def is_held_back(stem, share):
    """Whether a picture is held back from training: by a hash of its stem, so that adding pictures moves none."""
    return int.from_bytes(hashlib.sha256(os.fsencode(stem)).digest()[:8], "big") < share * 2**64


def source_of(stem, sources):
    """Which of some sources, each told by how names begin, a picture is from: the longest that fits, or "other"."""
    return max((source for source in sources if stem.startswith(source)), key=len, default="other")


def balanced(stems, sources):
    """How often each picture is to be drawn, shares that add up to 1: each source by the square root of its number."""
    found = [source_of(stem, sources) for stem in stems]
    shares = np.array([found.count(source) ** -0.5 for source in found])
    return shares / shares.sum()


def split(stems, share):
    """The positions of the training and of the held-back pictures, two int arrays."""
    held = np.array([is_held_back(stem, share) for stem in stems], bool)
    return np.flatnonzero(~held), np.flatnonzero(held)
