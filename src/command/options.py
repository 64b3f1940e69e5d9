"""Options: parse the usage text, check each value, and tell them again in records."""

import errno
import os
import re
import sys
from contextlib import contextmanager
from pathlib import Path

from docopt import DocoptExit, docopt

from utils import ROOT, UserError, shown

DEEPEST = 250  # folders inside folders; at a thousand Python itself gives up


def read_options(usage, checks, argv):
    """Parse argv by a docopt usage text into keyword arguments, each checked by its entry in `checks`.

    An option that was not given takes its default from the usage text. A default path hangs on the
    root of the project, a path that the user typed on the current directory.
    """
    try:
        values = docopt(usage, argv)
        typed = docopt(re.sub(r"\[default: .*?\]", "", usage), argv)
    except DocoptExit as error:
        raise UserError(_usage_mistake(error, usage, argv)) from None
    options = {}
    for name, value in values.items():
        if isinstance(value, str):
            if typed[name] is None and path in (checks[name], getattr(checks[name], "each", None)):
                value = ",".join(str(ROOT / part) for part in value.split(","))
            value = checks[name](name, value)
        options[name.lstrip("-")] = value
    del options["help"]
    return options


def _usage_mistake(error, usage, argv):
    """Say in one line what docopt says in a page."""
    said = str(error.code).splitlines()[0]
    wrong = re.findall(r"(?:Option|Argument)\('?([^',)]*)'?, '?([^',)]*)'?", said)
    wrong = [name if name != "None" else value for name, value in wrong]
    given = [word.partition("=")[0] for word in argv]
    strange = [name for name in wrong if f"  {name}" not in usage or given.count(name) > 1]
    needed = re.findall(r"(?m)^  \S+\.py (--\w+=<\w+>(?: --\w+=<\w+>)*)", usage)
    if strange or (wrong and not needed):
        said = "unknown or given twice: " + ", ".join(wrong)
    elif wrong or said.lower().startswith("usage"):  # docopt blames what is there for what is missing
        said = "give " + " or ".join(needed)
    return f"{shown(said, 120)}; see --help"


def whole(low, high):
    """A check for a whole number from low to high."""

    def check(name, value):
        if not re.fullmatch(r"[+-]?\d{1,12}", value) or not low <= int(value) <= high:
            raise UserError(f"{name}={shown(value)} must be a whole number from {low} to {high}")
        return int(value)

    return check


def number(low, high):
    """A check for a number from low to high."""

    def check(name, value):
        try:
            result = float(value)
        except ValueError:
            result = float("nan")
        if not low <= result <= high:
            raise UserError(f"{name}={shown(value)} must be a number from {low:g} to {high:g}")
        return result

    return check


def one_of(*names):
    """A check for one of a few names."""

    choice = " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))

    def check(name, value):
        if value not in names:
            raise UserError(f"{name}={shown(value)} is not known; choose {choice}")
        return value

    check.names = names
    return check


def list_of(check):
    """A check for one or more values with commas between them, each of which passes `check`: a tuple."""

    def check_all(name, value):
        found = tuple(check(name, part.strip()) for part in value.split(","))
        if len(set(found)) < len(found) and hasattr(check, "names"):
            raise UserError(f"{name}={shown(value)} names one twice; name each once")
        return found

    check_all.names, check_all.each = getattr(check, "names", ()), check
    return check_all


def path(name, value):
    """A check that turns the text of an option into a path."""
    return Path(typed_path(name, value))


def path_or(*names):
    """A check for one of a few names, or else a path."""
    return lambda name, value: value if value in names else path(name, value)


def told_of(options, leave_out=()):
    """Options as a record holds them: those that have a value, and files and folders by their names alone."""

    def told(value):
        if isinstance(value, (tuple, list)):
            return [told(part) for part in value]
        return value.name if isinstance(value, Path) else value

    return {name: told(value) for name, value in options.items() if value is not None and name not in leave_out}


def command_of(script, told):
    """The command that a record's options come from."""
    values = {name: ",".join(map(str, value)) if isinstance(value, list) else value for name, value in told.items()}
    return " ".join([script, *(f"--{name}={value}" for name, value in values.items())])


def text(name, value):
    """A check for an option that takes any text but none at all."""
    if not value or "\0" in value:
        raise UserError(f"{name}={shown(value)} says nothing; give it a value")
    return value


def typed_path(name, value):
    """A check for a path that stays text: it may end in a slash or be a pattern. Shells leave the ~ of --save=~/x."""
    place = os.path.expanduser(text(name, value))
    too_long = place.count("/") > DEEPEST
    try:
        os.lstat(place)
    except OSError as error:
        too_long |= error.errno == errno.ENAMETOOLONG
    if too_long:
        raise UserError(f"{name}={shown(value)} is longer than a path may be; name another")
    return place


@contextmanager
def quiet_libraries():
    """Keep off the terminal what C++ libraries write to it while they load: pages that would bury our one line."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "w") as nothing:
            os.dup2(nothing.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
