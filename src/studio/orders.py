"""What stylize.py is asked for: check the options together, choose the targets, and list the files involved."""

from pathlib import Path
from typing import NamedTuple

from command.options import listed, recordable
from command.places import check_apart, check_ending, check_file, check_place, check_targets, is_folder, targets_in
from pictures.provenance import planned
from segmentation.registry import find_model
from studio.figure import mask_of
from style.features import MINI
from utils import PICTURES, UserError, shown

EXHIBITS = {"evolution": (".gif", ".webp"), "panel": PICTURES, "parts": PICTURES}  # {option: allowed endings}


def check_options(options, many):
    """Refuse options that contradict each other, before any work is done."""
    if options.style_weight == options.content_weight == 0:
        raise UserError("--style_weight=0 and --content_weight=0 leave nothing to paint; raise one of them")
    if options.blend and len(options.blend) != len(options.style):
        given = ",".join(f"{weight:g}" for weight in options.blend)
        raise UserError(f"--blend={given} must have a number for each of the {len(options.style)} pictures in --style")
    if options.blend and not sum(options.blend):
        raise UserError("--blend is 0 for all pictures of --style; give one of them a weight")
    if options.each and options.blend:
        raise UserError("--each paints each style by itself, and --blend mixes them; leave one of them out")
    if options.network == "instant":
        _check_instant(options)
    if options.style_mask and len(options.style) > 1:
        raise UserError(f"--style_mask={shown(options.style_mask)} is for a single style; name one in --style")
    if options.keep_classes and (options.mask or options.keep == "none"):
        instead = f"--mask={shown(options.mask)}" if options.mask else "--keep=none"
        raise UserError(f"--keep_classes={shown(','.join(options.keep_classes))} needs a network; leave out {instead}")
    if options.parts and options.keep == "none":
        raise UserError(f"--parts={shown(options.parts)} shows what is kept; leave out --keep=none, or --parts")
    for option, endings in EXHIBITS.items():
        target = getattr(options, option)
        if target and many:
            raise UserError(f"--{option}={shown(target)} shows one photo; leave it out, or name one photo in --content")
        if target and options.cluster:
            raise UserError(f"--{option}={shown(target)} is made where the script runs; leave out --cluster, or it")
        if target:
            check_ending(f"--{option}", target, endings)
            check_file(f"--{option}", target)


def needs_steps(options):
    """What was asked for that only a painting in steps can have, as it was typed: [text]."""
    asked = {name: getattr(options, name) for name in ("init", "averaging", "evolution", "snapshots")}
    asked["method"] = None if options.method == "match" else options.method
    return [f"--{name}={listed(value)}" for name, value in asked.items() if value]


def _check_instant(options):
    if asked := needs_steps(options):
        raise UserError(
            f"{shown(asked[0])} is for a painting in steps; leave it out, or choose --network=mini or --network=vgg19"
        )


def exhibits_of(options):
    """The exhibits asked for: {option: path}."""
    return {f"--{name}": vars(options)[name] for name in EXHIBITS if vars(options)[name]}


def check_extras(options, photos, targets):
    """Refuse exhibits that would overwrite an input or a painting."""
    check_apart(
        exhibits_of(options), [*photos, *options.style, *filter(None, [options.mask, options.style_mask]), *targets]
    )


def choose_targets(photos, save, many):
    """Choose where each painting goes: {photo: target}."""
    check_place("--save", save)
    place = Path(save)
    if is_folder("--save", save, many):
        return targets_in(place, photos, ".jpg")
    if not place.suffix:
        place = place.with_name(place.name + ".jpg")
    check_ending("--save", place, PICTURES)
    return check_targets({photos[0]: place})


def places_of(options, targets, many):
    """The places of all results to lock, as (option, path)."""
    places = {target.parent / "*" for target in targets.values()} if many else targets.values()
    return [*(("--save", place) for place in places), *exhibits_of(options).items()]


def files_of(options, photo):
    """The files that a photo's painting is made from: {purpose: path}, the photo first."""
    kept = options.keep != "none"
    return {
        "content": photo,
        "mask": mask_of(photo, options.mask) if kept and options.mask else None,
        "style": options.style,
        "style_mask": options.style_mask,
        "model": find_model(options.model) if kept and not options.mask else None,
        "vgg_weights": options.vgg_weights or (None if options.network == "vgg19" else MINI),
        "init": {"instant": MINI}.get(options.init, options.init) if options.init not in ("content", "noise") else None,
    }


class Variant(NamedTuple):
    """One of the paintings of a photo."""

    word: str | None  # in its file name
    label: str  # under it on a sheet
    similarity: str
    styles: tuple  # the places in --style of the styles that it takes


def variants_of(options):
    """The paintings of a photo: [Variant]. With --each, each style has its own, and so has each similarity."""
    stems, places = [style.stem for style in options.style], range(len(options.style))
    groups = [(_distinct(stems, place), (place,)) for place in places] if options.each else [(None, tuple(places))]
    many = len(options.similarity) > 1
    variants = []
    for name, styles in groups:
        for similarity in options.similarity:
            word = "_".join(filter(None, [name, similarity if many else None])) or None
            variants.append(Variant(word, word or similarity, similarity, styles))
    return variants


def _distinct(stems, place):
    """The stem at a place, followed by its place if others have the same."""
    return stems[place] if stems.count(stems[place]) == 1 else f"{stems[place]}{place + 1}"


def sheet_of(options):
    """The word in the file name of the sheet of all paintings of a photo, or None if there is only one."""
    if len(variants_of(options)) == 1:
        return None
    return "styles" if options.each else "similarity"


def plans_of(options, photo):
    """What the records of a photo's paintings say before the work starts: {word in the file's name: plan}."""
    plans = {
        variant.word: _plan(options, photo, variant.similarity, variant.styles) for variant in variants_of(options)
    }
    if sheet := sheet_of(options):
        plans[sheet] = _plan(options, photo, ",".join(options.similarity), range(len(options.style)))
    return plans


def _plan(options, photo, similarity, styles):
    style = [options.style[place] for place in styles]
    values = vars(options) | {"content": photo.name, "similarity": similarity, "style": style}
    recorded = {"options": recordable(values, leave_out=("save", "force", "record", "each", "cluster"))}
    files = files_of(options, photo) | {"style": style}
    return planned("stylize.py", recorded, files, paths=options.record == "full")
