"""A folder of pictures and labels: find its pairs, read them, and decide which are held back."""

import hashlib
import os
import re
from pathlib import Path

import numpy as np

from files.listing import find_pictures
from pictures.images import flatten, open_picture
from segmentation.labels import read_labels, refuse_numbers
from segmentation.layouts import TRAINING
from utils import PICTURES, UserError, named, shown

# ---------------------------------------------------------------- pairs


def find_pairs(folder, layout, option="--data"):
    """Match pictures and labels by file stem: ({stem: (picture, label)}, sorted, and {problem: [names]}).

    If the data set comes split into parts, the stems are <part>/<stem>.
    """
    pairs, problems = {}, {}
    for part, (pictures_at, labels_at) in layout.parts.items():
        pictures, twice = _by_stem(option, Path(folder), *pictures_at)
        labels, twice_labels = _by_stem(option, Path(folder), *labels_at)
        found = {
            "pictures without a mask": sorted(pictures[stem].name for stem in pictures.keys() - labels.keys()),
            "masks without a picture": sorted(labels[stem].name for stem in labels.keys() - pictures.keys()),
            "names that occur twice": sorted(twice + twice_labels),
        }
        for problem, names in found.items():
            problems[problem] = problems.get(problem, []) + names
        for stem in sorted(pictures.keys() & labels.keys()):
            pairs[f"{part}/{stem}" if part else stem] = pictures[stem], labels[stem]
    if layout.outputs == 1 or len(layout.known) == 1:
        refuse_numbers(option, folder, [label for _, label in pairs.values()])
    return pairs, {problem: names for problem, names in problems.items() if names}


def photos_of_nobody(option, folders):
    """The pictures in some folders, none of which shows a figure: {stem: (picture, None)}."""
    files = [file for folder in folders for file in find_pictures(option, folder)]
    found = {file.stem: (file, None) for file in files}
    if len(found) < len(files):
        names = [file.name for file in files if found[file.stem][0] != file]
        raise UserError(f"{option} holds several pictures with the same name, {named(names, 2)}; rename them")
    return found


def say_left_out(problems):
    """Print what is left out, one line for each entry of {problem: [names]}."""
    for problem, names in problems.items():
        print(f"left out, {len(names)} {problem}: {named(names)}")


def _by_stem(option, folder, place, ending):
    """The pictures in folder/place whose stems have an ending: {the rest of the stem: file}, [names that clash]."""
    if not (folder / place).is_dir():
        raise UserError(f"{option}={shown(folder)} has no folder {place}/; get a data set with download_data.py")
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
    """The labels do not have the size of their picture."""


def read_pair(picture, label, layout):
    """Read a pair: an RGB Pillow image, and its labels (H, W) uint8, which are all `rest` if `label` is None."""
    image = flatten(open_picture(picture))
    if label is None:
        return image, np.full((image.height, image.width), layout.rest, np.uint8)
    labels = read_labels(label, layout)
    if labels.shape != (image.height, image.width):
        size = "{1} x {0}".format(*labels.shape)
        raise WrongSize(f"{shown(label)} is {size}, its picture is {image.width} x {image.height}; make them alike")
    return image, labels


# ---------------------------------------------------------------- who is held back


def is_held_back(stem, share):
    """Whether a picture is held back from training: by the data set's own split, or else by a hash of its stem.

    The hash depends on nothing else, so adding pictures never moves others between the parts.
    """
    part, slash, _ = stem.partition("/")
    if slash:
        return part != TRAINING
    return int.from_bytes(hashlib.sha256(os.fsencode(stem)).digest()[:8], "big") < share * 2**64


def source_of(stem, sources):
    """The source of a picture: the longest of `sources` that its stem begins with, or "other"."""
    return max((source for source in sources if stem.startswith(source)), key=len, default="other")


def balanced(stems, sources):
    """How often to draw each picture, as shares of 1: each source in proportion to the square root of its size.

    sources: beginnings of stems; <source>:<factor> draws a source that much more often.
    """
    factors = {name: float(factor or 1) for name, _, factor in (source.partition(":") for source in sources)}
    found = [source_of(stem, factors) for stem in stems]
    shares = np.array([factors.get(source, 1) * found.count(source) ** -0.5 for source in found])
    return shares / shares.sum()


def with_share(shares, chosen, share):
    """Scale `shares` (N,), which add up to 1, such that those of the pictures `chosen` (N bools) add up to `share`."""
    total = shares[chosen].sum()
    if not 0 < total < 1:
        return shares
    return shares * np.where(chosen, share / total, (1 - share) / (1 - total))


def split(stems, share):
    """The positions of the training pictures and of the held-back ones: two int arrays.

    A photo of COCO may be in several sets under several names. What is held back in one is not trained on in another.
    """
    held = np.array([is_held_back(stem, share) for stem in stems], bool)
    photos = [re.search(r"(?<!\d)\d{12}$", stem) for stem in stems]
    kept = {photo[0] for photo, one in zip(photos, held, strict=True) if photo and one}
    copies = np.array([bool(photo) and photo[0] in kept for photo in photos], bool)
    return np.flatnonzero(~held & ~copies), np.flatnonzero(held)
