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
