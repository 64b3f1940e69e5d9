"""Check the record beside a network. A stranger may have written it, and we build networks and files from it."""

import inspect
import re

from utils import shown

MOST_RECORD = 10_000_000  # bytes
CLASSES = 255  # at most: labels are stored in pictures of 8 bits


def _whole(low, high):
    return lambda value: type(value) is int and low <= value <= high


def _list_of(check):
    return lambda value: isinstance(value, list) and all(map(check, value))


def _optional(check):
    return lambda value: value is None or check(value)


def _text(value):
    return isinstance(value, str)


def is_class(name):
    """Whether a class name is safe to print, to draw, and to use in a file name."""
    return _text(name) and 0 < len(name) <= 60 and name.isprintable() and not re.search(r"[/\\]", name)


def _is_layer(name):
    return _text(name) and re.fullmatch(r"block([12]_conv[12]|[3-5]_conv[1-4]|[1-5]_pool)", name)


def _is_share(value):
    return type(value) in (int, float) and 0 <= value < 1


# {option of a network: (its check, the check in words)}, with the limits of train.py and distill.py.
OPTIONS = {
    "size": (_whole(32, 2048), "a whole number from 32 to 2048"),
    "base": (_whole(1, 256), "a whole number from 1 to 256"),
    "classes": (_whole(1, CLASSES), f"a whole number from 1 to {CLASSES}"),
    "widths": (lambda value: _list_of(_whole(1, 512))(value) and len(value) == 5, "5 whole numbers from 1 to 512"),
    "decoder": (
        lambda value: value is None or (_list_of(_whole(1, 512))(value) and len(value) == 3),
        "3 whole numbers from 1 to 512",
    ),
    "layers": (lambda value: _list_of(_is_layer)(value) and 0 < len(value) == len(set(value)), "layers of VGG19"),
}
# The same for the other entries that we read: {path of the entry: (its check, the check in words)}.
ENTRIES = {
    ("class_names",): (_list_of(is_class), "a list of names"),
    ("figure",): (_list_of(_text), "a list of names"),
    ("data",): (lambda value: isinstance(value, dict), "an object"),
    ("data", "layout"): (_optional(_text), "a name"),
    ("data", "held_back"): (_optional(_is_share), "a number from 0 to 1"),
    ("second_size",): (_optional(_whole(32, 2048)), "a whole number from 32 to 2048"),
    ("options",): (lambda value: isinstance(value, dict), "an object"),
    ("options", "augment"): (_optional(_text), "a word"),
}


def find_damage(record, networks):
    """Describe what is wrong with a record, as read from JSON, or return None. networks: {name: its builder}."""
    if not isinstance(record, dict) or not _text(record.get("network")):
        return "it is damaged"
    if record["network"] not in networks:
        return f"it names the unknown network {shown(record['network'], 40)}"
    wrong = _wrong_options(record, networks[record["network"]]) or _wrong_entries(record) or _wrong_classes(record)
    return wrong and f"it is damaged ({wrong})"


def _wrong_options(record, network):
    options, takes = record.get("network_options"), dict(inspect.signature(network).parameters)
    del takes["dtype"]
    if not isinstance(options, dict):
        return "network_options must be an object"
    if missing := [name for name, one in takes.items() if one.default is one.empty and name not in options]:
        return f"network_options lacks {', '.join(missing)}"
    for name, value in options.items():
        if name not in takes:
            return f"{record['network']} has no option {shown(name, 40)}"
        check, words = OPTIONS[name]
        if not check(value):
            return f"{name} must be {words}"
    return None


def _wrong_entries(record):
    for place, (check, words) in ENTRIES.items():
        part = record
        for name in place[:-1]:
            part = part.get(name, {})
        if place[-1] in part and not check(part[place[-1]]):
            return f"{'.'.join(place)} must be {words}"
    return None


def _wrong_classes(record):
    known, count = record.get("class_names", ["person"]), record["network_options"].get("classes", 1)
    if "class_names" in record and len(set(known)) != count:
        return f"class_names must be {count} different names"
    if not set(record.get("figure", known)) <= set(known):
        return "figure must be some of class_names"
    return None
