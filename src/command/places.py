"""Whether results may go where an option says, looked at before hours go into what belongs there."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from utils import UserError, shown


def check_ending(option, target, endings):
    """Refuse a target whose ending names no format that fits."""
    if Path(target).suffix.lower() not in endings:
        raise UserError(f"{option}={shown(target)} must end in {', '.join(endings)}")


def check_place(option, target):
    """Refuse a target whose folder can neither be written to nor made."""
    place = Path(target).absolute().parent
    while not os.path.lexists(place):  # a link to nowhere is in the way
        place = place.parent
    try:
        with suppress(FileNotFoundError, NotADirectoryError):
            os.lstat(target)  # which knows which names are too long
        with tempfile.TemporaryFile(dir=place):  # permissions are not all that may forbid it
            pass
    except OSError as error:
        what = f"{option}={shown(target)} cannot be written: {shown(place)} is closed"
        raise UserError(f"{what} ({error.strerror}); choose another place") from None


def check_file(option, target):
    """The same, and refuse a target that is a folder."""
    check_place(option, target)
    if os.path.isdir(target):
        raise UserError(f"{option}={shown(target)} is a folder; name a file")


def check_apart(targets, sources):
    """Refuse what would overwrite one of some files, or another result, of {option: target}."""
    taken = {os.path.realpath(source): shown(source) for source in sources}
    for option, target in targets.items():
        place = os.path.realpath(target)
        if place in taken:
            raise UserError(f"{option}={shown(target)} would overwrite {taken[place]}; choose another name")
        taken[place] = f"what {option} writes"


# ---------------------------------------------------------------- results of many pictures


def is_folder(option, target, many):
    """Whether the results of one picture, or of many, go into a folder of that name."""
    if many and Path(target).is_file():
        raise UserError(f"{option}={shown(target)} is a file; name a folder for the results of many pictures")
    return many or Path(target).is_dir() or target.endswith(("/", "\\"))


def targets_in(folder, pictures, ending):
    """Where each picture's result goes, in a folder or, if that is None, beside its picture: {picture: target}."""
    # Pictures that differ in their endings alone keep them, so that none overwrites another's result.
    stems = [picture.stem for picture in pictures]
    names = {picture: picture.stem if stems.count(picture.stem) == 1 else picture.name for picture in pictures}
    return check_targets({picture: (folder or picture.parent) / (names[picture] + ending) for picture in pictures})


def check_targets(targets):
    """The same {picture: target}, unless a picture or another result would be overwritten."""
    taken = {}
    for picture, target in targets.items():
        if os.path.realpath(target) == os.path.realpath(picture):  # which, unlike Path's own, bears links to themselves
            raise UserError(f"--save={shown(target)} is the picture itself; choose another name")
        if target in taken:
            both = f"{shown(taken[target])} and {shown(picture)}"
            raise UserError(f"{both} would both become {shown(target)}; rename one, or run them apart")
        taken[target] = picture
    return targets
