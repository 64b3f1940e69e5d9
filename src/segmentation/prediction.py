"""Cut figures out of pictures: find the files, draw each mask in the form asked for, and report at the end."""

from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops
from tqdm import tqdm

from cluster.jobs import Job, Work, each
from command.pipeline import pipeline
from command.places import check_ending, check_place, check_targets, is_folder, targets_in
from command.process import locked
from command.reports import report, say_done
from files.listing import find_pictures, suffixed
from networks.hardware import check_photo
from pictures.images import flatten, open_picture, to_image, write_picture
from pictures.provenance import are_done, is_done, planned
from segmentation.classes import explained, painted, palette_picture
from segmentation.masks import figure_labels, find_labels, find_masks, label_names
from segmentation.registry import find_model, load_network, sent_files
from utils import PICTURES, PICTURES_WITH_ALPHA, ROOT, UserError, shown

ENDINGS = {"alpha": PICTURES_WITH_ALPHA, "index": (".png",), "masks": (".png",)}  # for --save, if not all will do
TINT = (255, 64, 32)


def cutout(picture, mask):
    """The figure on black."""
    figure = Image.new("RGB", picture.size)
    figure.paste(picture, mask=mask)
    return figure


def grey_mask(picture, mask):
    """The mask itself."""
    return mask


def alpha(picture, mask):
    """The figure on a transparent background."""
    figure = picture.copy()
    figure.putalpha(mask)
    return figure


def overlay(picture, mask):
    """The picture with its figure tinted."""
    tinted = picture.copy()
    tinted.paste(TINT, mask=mask.point(lambda level: level // 2))
    return tinted


def coloured(picture, labels, names):
    """The picture tinted with the colours of its classes, with a legend below."""
    colours = Image.fromarray(painted(labels, len(names)))
    return explained(Image.blend(picture, colours, 0.55), labels, names)


def index(picture, labels, names):
    """The number of each pixel's class, in a palette with a colour for each."""
    return palette_picture(labels, len(names))


# For each --output: the end of the file name, and what draws it from the picture and the figure's grey mask ...
OUTPUTS = {
    "cutout": ("_mask.jpeg", cutout),
    "mask": ("_mask.png", grey_mask),
    "alpha": ("_alpha.png", alpha),
    "overlay": ("_overlay.jpeg", overlay),
    "index": ("_index.png", None),
    "masks": ("_mask.png", None),  # with the name of the class before the ending
}
# ... or from the picture, the class of each pixel, and the names of the classes.
CLASS_OUTPUTS = {"overlay": coloured, "index": index}


def predict(
    file_path,
    output="cutout",
    save=None,
    classes=None,
    threshold=0.5,
    model=ROOT / "model/person.keras",
    force=False,
    record="names",
    cluster=None,
):
    """Cut the figures out of the pictures at `file_path` one by one; a bad file does not stop the rest."""
    if classes and output == "index":
        given = shown(",".join(classes))
        raise UserError(f"--classes={given} has no effect on --output=index, which has all classes; leave it out")
    pictures = find_pictures("--file_path", file_path)
    many = len(pictures) > 1 or Path(file_path).is_dir()
    targets = choose_targets(pictures, output, save, many)
    places = {target.parent / "*" for target in targets.values()} if many else targets.values()
    with locked(("--save" if save else "--file_path", place) for place in places):
        network, about = load_network(model)
        figure_labels(about, classes)  # refuses unknown classes before any work is done
        options = {"output": output, "threshold": threshold, "model": model.name}
        options |= {"classes": ",".join(classes)} if classes else {}
        draw = partial(draw_figure, network, about, output, classes, threshold)
        done = are_done if output == "masks" else is_done

        def plan_of(source):
            """What will be recorded in the picture's result, or None if the result is there already."""
            files = {"picture": source, "model": find_model(model)}
            plan = planned("predict.py", options, files, paths=record == "full")
            return None if many and not force and done(targets[source], plan) else plan

        if cluster:
            given = {"model": model, "output": output, "classes": classes, "threshold": threshold}
            draw_elsewhere(cluster, targets, plan_of, given)
        else:
            draw_all(targets, plan_of, draw)


def draw_all(targets, plan_of, draw):
    """Draw the result of each picture in {picture: target}, and report; `plan_of` and `draw` as in `predict`."""
    plans, made = {}, {}

    def read(source):
        plan = plan_of(source)
        if plan is None:
            return None
        plans[source] = plan
        return open_to_draw(source)

    def write(source, drawn):
        made[source] = write_all(drawn, targets[source], plans[source])
        if not made[source]:
            print(f"{shown(source.name)}: none of the classes found")

    bar = tqdm(total=len(targets), unit="picture", disable=None if len(targets) > 1 else True)
    failed = {}
    with bar:
        for source, error in pipeline(targets, read, draw, write):
            bar.update()
            if error:
                made[source], failed[source] = targets[source], error
    say_done(len(targets) - len(made), len(targets))
    report(made, failed)


def draw_elsewhere(cluster, targets, plan_of, options):
    """Let the workers of a cluster draw the results, and report; `plan_of` as in `predict`."""

    def job_of(source):
        plan = plan_of(source)
        return plan and Job(source, targets[source], plan)

    work = Work(cluster, "segmentation.prediction:drawing", options, sent_files(options["model"]))
    ended = tqdm(each(None, targets, job_of, work), total=len(targets), unit="picture", disable=None)
    errors = {source: error for source, before, error in ended if not before}
    say_done(len(targets) - len(errors), len(targets))
    made = {source: target for source, target in targets.items() if source in errors}
    report(made, {source: errors[source] for source in made if errors[source]})


def drawing(model, output, classes, threshold):
    """What a worker does: load a network, and give a function that draws and writes the results of a `Job`."""
    network, about = load_network(model)

    def do(job):
        drawn = draw_figure(network, about, output, classes, threshold, open_to_draw(job.source))
        if not write_all(drawn, job.target, job.plan):
            print(f"{shown(job.source.name)}: none of the classes found")

    return do


def open_to_draw(source):
    """Open a picture as a Pillow image, if there is enough memory to find its mask."""
    picture = open_picture(source)
    check_photo(source, picture.width * picture.height, "mask")
    return picture


def draw_figure(network, record, output, classes, threshold, picture):
    """Draw the results for a Pillow picture: {word for the file name: Pillow image}. A single one has the word ""."""
    flat, names = flatten(picture), label_names(record)
    if output in ("index", "masks") or (output == "overlay" and len(names) > 2 and not classes):
        (labels,) = find_labels(network, record, [flat])
        if output == "masks":
            return mask_of_each(labels, names, classes or names)
        return {"": CLASS_OUTPUTS[output](flat, labels, names)}
    grey = to_image(find_masks(network, record, [flat], threshold, classes)[0])
    if picture.mode == "RGBA":  # transparent parts do not belong to the figure
        grey = ImageChops.darker(grey, picture.getchannel("A"))
    return {"": OUTPUTS[output][1](flat, grey)}


def mask_of_each(labels, names, classes):
    """{class: its grey mask} for those of the classes that occur among the labels (H, W)."""
    numbers = {name: names.index(name) for name in classes}
    return {
        name: Image.fromarray(np.uint8(labels == number) * 255)
        for name, number in numbers.items()
        if (labels == number).any()
    }


# ---------------------------------------------------------------- which files


def choose_targets(pictures, output, save, many):
    """Where each picture's result goes: {picture: target}."""
    if save:
        check_place("--save", save)
    if many:
        pictures = without_results(pictures)
    if save and not is_folder("--save", save, many):
        check_ending("--save", save, ENDINGS.get(output, PICTURES))
        return check_targets({pictures[0]: Path(save)})
    return targets_in(Path(save) if save else None, pictures, OUTPUTS[output][0])


def without_results(pictures):
    """Leave out pictures that are results of earlier runs on the others."""
    stems = {picture.stem for picture in pictures}
    results = {stem + ending for stem in stems for ending, _ in OUTPUTS.values()}

    def is_result(name):
        return name in results or ("_mask_" in name and name.rpartition("_mask_")[0] in stems)

    return [picture for picture in pictures if not is_result(picture.name)]


def write_all(drawn, target, about):
    """Write the results for a picture, {word: image}, and return their files; each record lists the words of all."""
    words = {} if "" in drawn else {"words": list(drawn)}
    files = {word: suffixed(target, word) for word in drawn}
    for word, image in drawn.items():
        write_picture(files[word], image, about | words)
    return list(files.values())
