"""Label photos in which only boxes around people are known, with a network, wherever it agrees with the boxes.

Usage:
  label_boxes.py --data=<dir> --model=<file> --save=<dir>
  label_boxes.py --help

Options:
  --data=<dir>    A folder with images/ and boxes.json: {"stem": [[left, top, right, bottom], ...], ...}, from 0 to 1.
  --model=<file>  A network that finds people, among other classes.
  --save=<dir>    Where the labelled set goes: images/ and masks/, for train.py --partial=<dir>:person. Its names
                  begin with boxes_, their source.
  --help          Show this text.

A pixel is labelled person if the network is sure of it and the pixel lies in a box. It is labelled background if the
network is sure of that, except in boxes whose four sides the network's mask does not reach: it may have missed
somebody there. All other pixels are 255: they do not count.
"""

import shutil
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from command.options import path, quiet_libraries, read_options
from command.process import run
from files.listing import find_pictures
from files.whole import folder_for, read_json
from segmentation.layouts import VOID
from utils import UserError, named, shown

OPTIONS = {"--data": path, "--model": path, "--save": path}
SURE = 0.9  # of a mask, 0..1
MISSED = 0.1  # of a box's side; how far from each side of the box the mask may end and still count as reaching it


def main(argv):
    options = read_options(__doc__, OPTIONS, argv)
    with quiet_libraries():
        from segmentation.registry import load_network
    label_all(options["data"], options["save"], *load_network(options["model"]))


def label_all(data, save, network, record):
    """Write the labelled set of the folder `data`, with a network and its record."""
    from tqdm import tqdm

    from pictures.images import flatten, open_picture, write_picture
    from segmentation.classes import palette_picture
    from segmentation.masks import figure_labels, find_masks, label_names
    from segmentation.registry import at_size

    figure, names, files = figure_labels(record), label_names(record), find_pictures("--data", data / "images")
    if len(figure) > 1 or len(record["class_names"]) == 1:
        raise UserError("--model must find one figure among several classes; give model/person.keras")
    boxes = boxes_of(data, files)
    if record.get("second_size"):  # begin with the finer look, and do not look again
        network, record = at_size(network, record | {"second_size": None}, record["second_size"])
    with folder_for(save / "images"), folder_for(save / "masks"):
        for file in tqdm(files, unit="photo", disable=None):
            picture = flatten(open_picture(file))
            (mask,) = find_masks(network, record, [picture])
            labels = labels_of(mask, boxes[file.stem], *figure)
            shutil.copyfile(file, save / "images" / f"boxes_{file.name}")
            write_picture(save / "masks" / f"boxes_{file.stem}.png", palette_picture(labels, len(names)))


def boxes_of(data, files):
    """The boxes in the folder `data` of each of some photos: {stem: [(left, top, right, bottom)]}."""
    try:
        boxes = read_json(data / "boxes.json")
    except (OSError, ValueError) as error:
        raise UserError(f"--data={shown(data)}: its boxes.json cannot be read, {shown(error)}; see --help") from None
    missing = [file.stem for file in files if file.stem not in boxes]
    if missing:
        raise UserError(f"--data={shown(data)}: its boxes.json lacks {named(missing, 3)}; add a list of boxes for each")
    return boxes


def labels_of(mask, boxes, figure):
    """The labels, (H, W) uint8, that a mask (H, W), 0..1, and boxes [(left, top, right, bottom)], 0..1, agree on."""
    height, width = mask.shape
    inside, doubted = np.zeros((2, height, width), bool)
    for left, top, right, bottom in boxes:
        box = np.s_[int(top * height) : int(np.ceil(bottom * height)), int(left * width) : int(np.ceil(right * width))]
        inside[box] = True
        doubted[box] |= not is_filled(mask[box] > 0.5)
    labels = np.full(mask.shape, VOID, np.uint8)
    labels[(mask < 1 - SURE) & ~doubted] = 0
    labels[(mask > SURE) & inside] = figure
    return labels


def is_filled(found):
    """Whether the part of a mask in a box, (h, w) bool, reaches all four sides of the box."""
    for axis, side in enumerate(found.shape):
        places = np.flatnonzero(found.any(axis=1 - axis))
        if not places.size or places[0] > MISSED * side or side - 1 - places[-1] > MISSED * side:
            return False
    return True


if __name__ == "__main__":
    run(main)
