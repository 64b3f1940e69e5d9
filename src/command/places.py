"""Check that results can be written where the options say, before hours of work go into them."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from utils import UserError, shown

NETWORK_ENDINGS = (".keras", ".h5")


def check_ending(option, target, endings):
    """Refuse a target whose ending is none of those allowed."""
    if Path(target).suffix.lower() not in endings:
        raise UserError(f"{option}={shown(target)} must end in {' or '.join(endings)}")


def check_place(option, target):
    """Refuse a target whose folder cannot be written to or created."""
    place = Path(target).absolute().parent
    while not os.path.lexists(place):  # stop at a broken link: it blocks the path
        place = place.parent
    try:
        with suppress(FileNotFoundError, NotADirectoryError):
            os.lstat(target)  # fails for names that are too long
        with tempfile.TemporaryFile(dir=place):  # permission bits are not the only obstacle, so try
            pass
    except OSError as error:
        what = f"{option}={shown(target)} cannot be written: {shown(place)} is closed"
        raise UserError(f"{what} ({error.strerror}); choose another place") from None


def check_file(option, target):
    """Check the place of a result that is a file: its folder must be writable, and it must not be a folder itself."""
    check_place(option, target)
    if os.path.isdir(target):
        raise UserError(f"{option}={shown(target)} is a folder; name a file")


def check_apart(targets, sources):
    """Refuse targets, {option: path}, that would overwrite a source file or one another."""
    taken = {os.path.realpath(source): shown(source) for source in sources}
    for option, target in targets.items():
        place = os.path.realpath(target)
        if place in taken:
            raise UserError(f"{option}={shown(target)} would overwrite {taken[place]}; choose another name")
        taken[place] = f"what {option} writes"


def check_network(options):
    """Check --model and --init of a script that trains a network."""
    for option in ("model", "init"):
        if options[option]:
            check_ending(f"--{option}", options[option], NETWORK_ENDINGS)
    check_file("--model", options["model"])


def run_of(options):
    """The place to lock while a network is trained: the folder of its run, with the option that names it."""
    return "--model", options["model"].with_suffix(".run")


# ---------------------------------------------------------------- results of many pictures


def is_folder(option, target, many):
    """Whether `target` is a folder for results: for many pictures always, for one if it exists or ends in a slash."""
    if many and Path(target).is_file():
        raise UserError(f"{option}={shown(target)} is a file; name a folder for the results of many pictures")
    return many or Path(target).is_dir() or target.endswith(("/", "\\"))


def targets_in(folder, pictures, ending):
    """Name each picture's result, in `folder` or (if that is None) beside the picture: {picture: target}."""
    # Pictures that differ only in their endings keep them, so that none overwrites another's result.
    stems = [picture.stem for picture in pictures]
    names = {picture: picture.stem if stems.count(picture.stem) == 1 else picture.name for picture in pictures}
    return check_targets({picture: (folder or picture.parent) / (names[picture] + ending) for picture in pictures})


def check_targets(targets):
    """Return {picture: target} unchanged, or refuse it if a picture or another result would be overwritten."""
    taken = {}
    for picture, target in targets.items():
        if os.path.realpath(target) == os.path.realpath(picture):  # Path.resolve() fails on a link to itself
            raise UserError(f"--save={shown(target)} is the picture itself; choose another name")
        if target in taken:
            both = f"{shown(taken[target])} and {shown(picture)}"
            raise UserError(f"{both} would both become {shown(target)}; rename one, or process them separately")
        taken[target] = picture
    return targets
