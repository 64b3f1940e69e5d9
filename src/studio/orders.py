"""What stylize.py is asked for: whether its options go together, where results go, and what they are made of."""

from pathlib import Path

from command.places import check_apart, check_ending, check_file, check_place, check_targets, is_folder, targets_in
from studio.figure import mask_of
from style.features import MINI
from utils import PICTURES, UserError, shown

EXHIBITS = {"evolution": (".gif", ".webp"), "panel": PICTURES, "parts": PICTURES}  # options, and their files' endings


def check_options(options, many):
    """Refuse options that do not go together, before time goes into any of them."""
    if options.style_weight == options.content_weight == 0:
        raise UserError("--style_weight=0 and --content_weight=0 leave nothing to paint after; raise one of them")
    if options.blend and len(options.blend) != len(options.style):
        given = ",".join(f"{weight:g}" for weight in options.blend)
        raise UserError(f"--blend={given} must have a number for each of the {len(options.style)} pictures in --style")
    if options.blend and not sum(options.blend):
        raise UserError("--blend must not be 0 for all pictures of --style; give one of them a weight")
    if options.keep_classes and (options.mask or options.keep == "none"):
        instead = f"--mask={shown(options.mask)}" if options.mask else "--keep=none"
        raise UserError(f"--keep_classes={shown(','.join(options.keep_classes))} needs a network; leave out {instead}")
    if options.parts and options.keep == "none":
        raise UserError(f"--parts={shown(options.parts)} shows what is kept; leave out --keep=none, or --parts")
    for option, endings in EXHIBITS.items():
        target = getattr(options, option)
        if target and many:
            raise UserError(f"--{option}={shown(target)} shows one photo; leave it out, or name one photo in --content")
        if target:
            check_ending(f"--{option}", target, endings)
            check_file(f"--{option}", target)


def exhibits_of(options):
    """The exhibits that are asked for, {option: path}."""
    return {f"--{name}": vars(options)[name] for name in EXHIBITS if vars(options)[name]}


def check_extras(options, photos, targets):
    """Refuse to draw over what is looked at, or over a painting."""
    check_apart(exhibits_of(options), [*photos, *options.style, *filter(None, [options.mask]), *targets])


def choose_targets(photos, save, many):
    """Where each painting goes: {photo: target}."""
    check_place("--save", save)
    place = Path(save)
    if is_folder("--save", save, many):
        return targets_in(place, photos, ".jpg")
    if not place.suffix:
        place = place.with_name(place.name + ".jpg")
    check_ending("--save", place, PICTURES)
    return check_targets({photos[0]: place})


def places_of(options, targets, many):
    """The places of all results, each with the option that names it."""
    places = {target.parent / "*" for target in targets.values()} if many else targets.values()
    return [*(("--save", place) for place in places), *exhibits_of(options).items()]


def files_of(options, photo):
    """The files that the painting of a photo is made of, {what for: path}."""
    kept = options.keep != "none"
    return {
        "content": photo,
        "mask": mask_of(photo, options.mask) if kept and options.mask else None,
        "style": options.style,
        "model": options.model if kept and not options.mask else None,
        "vgg_weights": options.vgg_weights or (MINI if options.network == "mini" else None),
        "init": options.init if isinstance(options.init, Path) else None,
    }
