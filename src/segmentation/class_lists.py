"""Read classes.txt, the list of classes in a data set: a name on each line, that of label 0 first, perhaps a colour."""

import re
from pathlib import Path

from files.reading import open_file
from networks.records import is_class
from utils import UserError, shown

LIST = "classes.txt"
MOST_CLASSES = 250  # the labels above stand for pixels that do not count, or of which only some classes are known
MOST_LENGTH = 100_000  # bytes


def read_classes(option, folder):
    """The classes of a folder's list: their names by label, and {(red, green, blue): label}, {} without colours.

    option: the one that names the folder.
    """
    what = f"{option}={shown(folder)}: {LIST}"
    lines = [line.split() for line in _text(what, Path(folder) / LIST).splitlines() if line.strip()]
    found = [_parsed(what, " ".join(line)) for line in lines]
    names, colours = [name for name, _ in found], [colour for _, colour in found if colour]
    twice = [name for place, name in enumerate(names) if name in names[:place]]
    wrong = {
        f"names {len(names)} classes; name 2 to {MOST_CLASSES}": not 2 <= len(names) <= MOST_CLASSES,
        f"names {shown(twice and twice[0], 40)} twice; give each class a name of its own": twice,
        "gives some classes a colour and others none; give each one, or none": 0 < len(colours) < len(names),
        "gives two classes the same colour; give each its own": len(set(colours)) < len(colours),
    }
    for words, is_so in wrong.items():
        if is_so:
            raise UserError(f"{what} {words}")
    return tuple(names), {colour: label for label, colour in enumerate(colours)}


def _text(what, file):
    try:
        with open_file(file) as content:
            text = content.read(MOST_LENGTH + 1)
        if len(text) <= MOST_LENGTH:
            return text.decode("utf-8-sig")
        reason = f"more than {MOST_LENGTH:,} bytes"
    except UnicodeDecodeError:
        reason = "not in UTF-8"
    except OSError as error:
        reason = error.strerror
    raise UserError(f"{what} cannot be read ({reason}); write a name on each line, that of label 0 first")


def _parsed(what, line):
    """The name and the colour, or None, of a line like `road 128 64 128`."""
    name, colour = re.fullmatch(r"(.*?)((?: \d{1,3}){3})?", line).groups()
    if not is_class(name) or "," in name:
        raise UserError(f"{what} holds {shown(line, 40)}, which is no name; keep it short, without commas and slashes")
    colour = colour and tuple(map(int, colour.split()))
    if colour and max(colour) > 255:
        raise UserError(f"{what} holds {shown(line, 40)}, which is no colour; give three numbers from 0 to 255")
    return name, colour
