"""Cutting the figures out of pictures: which files, what is drawn of each mask, what is said at the end."""

from pathlib import Path

from PIL import Image, ImageChops
from tqdm import tqdm

from images import flatten, open_picture, to_image, write_picture
from segmentation.masks import find_masks
from segmentation.networks import load_network
from utils import (
    PICTURES,
    PICTURES_WITH_ALPHA,
    ROOT,
    UserError,
    check_ending,
    check_place,
    check_targets,
    find_pictures,
    is_folder,
    report,
    targets_in,
)

BATCH = 8  # pictures that go through the network together
TINT = (255, 64, 32)


def cutout(picture, mask):
    """The figure on black."""
    return Image.composite(picture, Image.new("RGB", picture.size), mask)


def grey_mask(picture, mask):
    """The mask alone."""
    return mask


def alpha(picture, mask):
    """The figure on a transparent ground."""
    figure = picture.copy()
    figure.putalpha(mask)
    return figure


def overlay(picture, mask):
    """The figure tinted in its place."""
    return Image.composite(Image.new("RGB", picture.size, TINT), picture, mask.point(lambda level: level // 2))


# What --output names: the end of the file's name, and what is drawn of a picture and its grey mask.
OUTPUTS = {
    "cutout": ("_mask.jpeg", cutout),
    "mask": ("_mask.png", grey_mask),
    "alpha": ("_alpha.png", alpha),
    "overlay": ("_overlay.jpeg", overlay),
}


def predict(file_path, output="cutout", save=None, threshold=0.5, model=ROOT / "model/person.keras"):
    """Cut the figures out of the pictures at `file_path`, in batches; one bad file does not stop the rest."""
    pictures = find_pictures("--file_path", file_path)
    targets = choose_targets(pictures, output, save, many=len(pictures) > 1 or Path(file_path).is_dir())
    network, record = load_network(model)
    about = {"program": "predict.py", "output": output, "threshold": threshold, "model": model.name}
    failed = {}
    with tqdm(total=len(targets), unit="picture", disable=None if len(targets) > 1 else True) as progress:
        for start in range(0, len(targets), BATCH):
            batch = list(targets)[start : start + BATCH]
            opened, unreadable = open_all(batch)
            masks = find_masks(network, record, [flatten(picture) for picture in opened.values()], threshold)
            unwritable = write_all(opened, masks, targets, OUTPUTS[output][1], about)
            failed |= unreadable | unwritable
            progress.update(len(batch))
    report(targets, failed)


# ---------------------------------------------------------------- which files


def choose_targets(pictures, output, save, many):
    """Where each picture's result goes: {picture: target}."""
    if save:
        check_place("--save", save)
    if many:
        pictures = without_results(pictures)
    if save and not is_folder("--save", save, many):
        check_ending("--save", save, PICTURES_WITH_ALPHA if output == "alpha" else PICTURES)
        return check_targets({pictures[0]: Path(save)})
    return targets_in(Path(save) if save else None, pictures, OUTPUTS[output][0])


def without_results(pictures):
    """Leave out what earlier runs made of the other pictures."""
    results = {picture.stem + ending for picture in pictures for ending, _ in OUTPUTS.values()}
    return [picture for picture in pictures if picture.name not in results]


# ---------------------------------------------------------------- the pictures themselves


def open_all(batch):
    """Open the pictures of a batch: ({source: Pillow image}, {source: why it cannot be read})."""
    opened, failed = {}, {}
    for source in batch:
        try:
            opened[source] = open_picture(source)
        except UserError as error:
            failed[source] = error
    return opened, failed


def write_all(opened, masks, targets, draw, about):
    """Draw and write the results of a batch: {source: why it cannot be written}."""
    failed = {}
    for (source, picture), mask in zip(opened.items(), masks, strict=True):
        grey = to_image(mask)
        if picture.mode == "RGBA":  # what was transparent is no figure
            grey = ImageChops.darker(grey, picture.getchannel("A"))
        try:
            write_picture(targets[source], draw(flatten(picture), grey), about)
        except UserError as error:
            failed[source] = error
    return failed
