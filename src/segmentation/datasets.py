"""A folder of pictures and labels: its pairs, how labels are read, and who is held back from training."""

import hashlib
import os
from pathlib import Path

import numpy as np
from PIL import Image

from files.listing import find_pictures
from pictures.images import flatten, load, open_picture
from segmentation.layouts import TRAINING
from utils import PICTURES, UserError, named, shown

# ---------------------------------------------------------------- pairs


def find_pairs(folder, layout):
    """Match pictures and labels by file stem: ({stem: (picture, label)} by stem, {problem: [names]}).

    Of a set that comes split the stems are <part>/<stem>.
    """
    pairs, problems = {}, {}
    for part, (pictures_at, labels_at) in layout.parts.items():
        pictures, twice = _by_stem(Path(folder), *pictures_at)
        labels, twice_labels = _by_stem(Path(folder), *labels_at)
        found = {
            "pictures without a mask": sorted(pictures[stem].name for stem in pictures.keys() - labels.keys()),
            "masks without a picture": sorted(labels[stem].name for stem in labels.keys() - pictures.keys()),
            "names that occur twice": sorted(twice + twice_labels),
        }
        for problem, names in found.items():
            problems[problem] = problems.get(problem, []) + names
        for stem in sorted(pictures.keys() & labels.keys()):
            pairs[f"{part}/{stem}" if part else stem] = pictures[stem], labels[stem]
    return pairs, {problem: names for problem, names in problems.items() if names}


def photos_of_nobody(option, folders):
    """The pictures of some folders, none of which shows a figure: {stem: (picture, None)}."""
    files = [file for folder in folders for file in find_pictures(option, folder)]
    found = {file.stem: (file, None) for file in files}
    if len(found) < len(files):
        names = [file.name for file in files if found[file.stem][0] != file]
        raise UserError(f"{option} holds several pictures of one name, {named(names, 2)}; rename them")
    return found


def say_left_out(problems):
    """Count and name what is left out, a line for each problem of {problem: [names]}."""
    for problem, names in problems.items():
        print(f"left out, {len(names)} {problem}: {named(names)}")


def _by_stem(folder, place, ending):
    """The pictures at a place in a folder whose stems end so, by the rest of the stem; and those that occur twice."""
    if not (folder / place).is_dir():
        raise UserError(f"--data={shown(folder)} has no folder {place}/; get a data set with download_data.py")
    found, twice = {}, []
    for file in sorted((folder / place).iterdir()):
        stem = file.stem.removesuffix(ending)
        if file.suffix.lower() not in PICTURES or not file.stem.endswith(ending) or not file.is_file():
            continue
        if file.name.startswith("."):
            continue
        if stem in found:
            twice.append(file.name)
        else:
            found[stem] = file
    return found, twice


class WrongSize(UserError):
    """Labels of another size than their picture."""


def read_pair(picture, label, layout):
    """One pair: an RGB Pillow image and its labels, (height, width) uint8: all 0 where `label` is None."""
    image = flatten(open_picture(picture))
    if label is None:
        return image, np.zeros((image.height, image.width), np.uint8)
    labels = read_labels(label, layout)
    if labels.shape != (image.height, image.width):
        size = "{1} x {0}".format(*labels.shape)
        raise WrongSize(f"{shown(label)} is {size}, its picture is {image.width} x {image.height}; make them alike")
    return image, labels


def read_labels(source, layout):
    """A file of labels as (H, W) uint8, 0 for the first class; of a single class, 1 for it and 0 for the rest."""
    if layout.outputs == 1:
        return np.uint8(np.asarray(read_mask(source)) > 0)
    values = np.asarray(load(source))
    labels = values.astype(np.int64) - layout.first
    if values.ndim != 2 or labels.min() < 0 or labels.max() >= layout.outputs:
        last = layout.first + layout.outputs - 1
        raise UserError(f"{shown(source)} holds other labels than {layout.first} to {last}; check the folder")
    return labels.astype(np.uint8)


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
    """Whether a picture is held back from training: as the set's own split has it, or by a hash of its stem.

    The hash does not depend on the other pictures, so that adding some moves none.
    """
    part, slash, _ = stem.partition("/")
    if slash:
        return part != TRAINING
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
