"""Find the people in photographs and cut them out.

Usage:
  predict.py --file_path=<path> [options]
  predict.py --help

Options:
  --file_path=<path>   A picture, a folder of pictures, or a pattern in quotes ('holiday/*.jpg').
  --output=<name>      cutout: the figure on black, <name>_mask.jpeg; mask: the mask in grey, <name>_mask.png;
                       alpha: the figure with a soft transparent edge, <name>_alpha.png; overlay: the figure
                       tinted in its place, <name>_overlay.jpeg [default: cutout].
  --save=<path>        The file to write, or the folder for many, instead of a file beside each picture.
  --threshold=<x>      How sure the network must be, 0.01 to 0.99: higher keeps less [default: 0.5].
  --model=<file>       The trained network [default: model/Unet_model.keras].
  --help               Show this text.

Examples:
  predict.py --file_path=me.jpg
  predict.py --file_path=holiday --output=alpha --save=figures
"""

from pathlib import Path

from PIL import Image
from tqdm import tqdm

from images import ALPHA_ENDINGS, ENDINGS, check_ending, find_pictures, flatten, open_picture, to_image, write_picture
from utils import ROOT, UserError, named, number, one_of, path, quiet_libraries, read_options, run, shown, text

BATCH = 8  # pictures that go through the network together
TINT = (255, 64, 32)


def cutout(picture, mask):
    """The figure on black."""
    return Image.composite(flatten(picture), Image.new("RGB", picture.size), mask)


def grey_mask(picture, mask):
    """The mask alone."""
    return mask


def alpha(picture, mask):
    """The figure on a transparent ground."""
    figure = flatten(picture)
    figure.putalpha(mask)
    return figure


def overlay(picture, mask):
    """The figure tinted in its place."""
    return Image.composite(Image.new("RGB", picture.size, TINT), flatten(picture), mask.point(lambda level: level // 2))


# What --output names: the end of the file's name, and what is drawn of a picture and its grey mask.
OUTPUTS = {
    "cutout": ("_mask.jpeg", cutout),
    "mask": ("_mask.png", grey_mask),
    "alpha": ("_alpha.png", alpha),
    "overlay": ("_overlay.jpeg", overlay),
}

OPTIONS = {
    "--file_path": text,
    "--output": one_of(*OUTPUTS),
    "--save": text,
    "--threshold": number(0.01, 0.99),
    "--model": path,
}


def predict(file_path, output="cutout", save=None, threshold=0.5, model=ROOT / "model/Unet_model.keras"):
    """Cut the figures out of the pictures at `file_path`, in batches; one bad file does not stop the rest."""
    pictures = find_pictures("--file_path", file_path)
    targets = choose_targets(pictures, output, save, many=len(pictures) > 1 or Path(file_path).is_dir())
    with quiet_libraries():
        from segmentation.models import load_network

        network, record = load_network(model)
    about = {"program": "predict.py", "output": output, "threshold": threshold, "model": model.name}
    failed = {}
    with tqdm(total=len(targets), unit="picture", disable=None if len(targets) > 1 else True) as progress:
        for batch in in_batches(targets):
            failed |= predict_batch(batch, network, record, threshold, OUTPUTS[output][1], about)
            progress.update(len(batch))
    report(targets, failed)


def choose_targets(pictures, output, save, many):
    """Where each picture's result goes: {picture: target}. Results of earlier runs are no pictures to work on."""
    ending = OUTPUTS[output][0]
    stems = [picture.stem for picture in pictures]
    if many:
        results = {stem + end for stem in stems for end, _ in OUTPUTS.values()}
        pictures = [picture for picture in pictures if picture.name not in results]
    if save and not many and not Path(save).is_dir() and not save.endswith(("/", "\\")):
        check_ending("--save", save, ALPHA_ENDINGS if output == "alpha" else ENDINGS)
        targets = {pictures[0]: Path(save)}
    else:
        # Two pictures that differ in their endings alone keep them.
        names = {p: p.stem if stems.count(p.stem) == 1 else p.name for p in pictures}
        targets = {p: (Path(save) if save else p.parent) / (names[p] + ending) for p in pictures}
    for picture, target in targets.items():
        if target.resolve() == picture.resolve():
            raise UserError(f"--save={shown(save)} is the picture itself; choose another name")
    if save and many and Path(save).exists() and not Path(save).is_dir():
        raise UserError(f"--save={shown(save)} is a file; name a folder for the results of many pictures")
    return targets


def in_batches(targets):
    """The (picture, target) pairs, BATCH at a time."""
    pairs = list(targets.items())
    return (pairs[start : start + BATCH] for start in range(0, len(pairs), BATCH))


def predict_batch(batch, network, record, threshold, draw, about):
    """Find the masks of some (picture, target) pairs and write the results; {picture: why} of those that failed."""
    from segmentation.masks import find_masks

    opened, failed = {}, {}
    for source, _ in batch:
        try:
            opened[source] = open_picture(source)
        except UserError as error:
            failed[source] = error
    masks = find_masks(network, record, [flatten(picture) for picture in opened.values()], threshold) if opened else []
    for (source, picture), mask in zip(opened.items(), masks, strict=True):
        grey = to_image(mask)
        if picture.mode == "RGBA":  # what was transparent is no figure
            grey = Image.composite(grey, Image.new("L", grey.size), picture.getchannel("A"))
        try:
            write_picture(dict(batch)[source], draw(picture, grey), about)
        except UserError as error:
            failed[source] = error
    return failed


def report(targets, failed):
    """Say what was written; with failures, end in an error that names them."""
    done = [target for picture, target in targets.items() if picture not in failed]
    if not failed:
        print(f"wrote {named(done, 3)}")
    elif len(targets) == 1:
        raise next(iter(failed.values()))
    else:
        names = named([picture.name for picture in failed], 3)
        raise UserError(f"{len(done)} of {len(targets)} pictures are done, {len(failed)} failed: {names}; see above")


def main(argv):
    predict(**read_options(__doc__, OPTIONS, argv))


if __name__ == "__main__":
    run(main)
