"""Parse a script's options by its usage text, check each value, and write them into records and commands."""

import errno
import gc
import logging
import os
import re
import runpy
import sys
from contextlib import contextmanager
from pathlib import Path

from docopt import DocoptExit, docopt

from utils import ROOT, UserError, shown

DEEPEST = 250  # folders inside folders; at a thousand Python itself gives up


def read_options(usage, checks, argv):
    """Parse argv by a docopt usage text into keyword arguments, and pass each value through its entry in `checks`.

    Defaults come from the usage text. A default path is relative to the root of the project, a path that the user
    typed to the current directory.
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


def options_of(script, argv):
    """The options that one of our scripts would read from a command line, by its own usage text."""
    known = runpy.run_path(str(ROOT / "src" / script))
    return read_options(known["__doc__"], known["OPTIONS"], argv)


def _usage_mistake(error, usage, argv):
    """Shorten docopt's page of usage to one line that names the mistake."""
    message = str(error.code).splitlines()[0]
    wrong = re.findall(r"(?:Option|Argument)\('?([^',)]*)'?, '?([^',)]*)'?", message)
    wrong = [name if name != "None" else value for name, value in wrong]
    given = [word.partition("=")[0] for word in argv]
    strange = [name for name in wrong if f"  {name}" not in usage or given.count(name) > 1]
    needed = re.findall(r"(?m)^  \S+\.py (--\w+=<\w+>(?: --\w+=<\w+>)*)", usage)
    if strange or (wrong and not needed):
        message = "unknown or given twice: " + ", ".join(wrong)
    elif wrong or message.lower().startswith("usage"):  # where an option is missing, docopt names those that are there
        message = "give " + " or ".join(needed)
    return f"{shown(message, 120)}; see --help"


# ---------------------------------------------------------------- checks


def whole(low, high):
    """A check for a whole number from low to high."""

    def check(name, value):
        if not re.fullmatch(r"[+-]?\d{1,12}", value) or not low <= int(value) <= high:
            raise UserError(f"{name}={shown(value)} must be a whole number from {low} to {high}")
        return int(value)

    return check


def whole_or(word, low, high):
    """A check for a whole number from low to high, or a word in its place."""
    number = whole(low, high)

    def check(name, value):
        try:
            return value if value == word else number(name, value)
        except UserError as error:
            raise UserError(f"{error}, or {word}") from None

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
    """A check for values separated by commas, each of which must pass `check`; gives a tuple."""

    def check_all(name, value):
        found = tuple(check(name, part.strip()) for part in value.split(","))
        if len(set(found)) < len(found) and hasattr(check, "names"):
            raise UserError(f"{name}={shown(value)} names one twice; name each once")
        return found

    check_all.names, check_all.each = getattr(check, "names", ()), check
    return check_all


def text(name, value):
    """A check for an option that takes any text but an empty one."""
    if not value or "\0" in value:
        raise UserError(f"{name}={shown(value)} is empty or holds a null character; give it a value")
    return value


def typed_path(name, value):
    """A check for a path that stays text, because it may end in a slash or be a pattern. Expands ~ in --save=~/x."""
    place = os.path.expanduser(text(name, value))
    too_long = place.count("/") > DEEPEST
    try:
        os.lstat(place)
    except OSError as error:
        too_long |= error.errno == errno.ENAMETOOLONG
    if too_long:
        raise UserError(f"{name}={shown(value)} is longer than a path may be; name another")
    return place


def path(name, value):
    """A check that turns the text of an option into a path."""
    return Path(typed_path(name, value))


def path_or(*names):
    """A check for one of a few names, or else a path."""
    return lambda name, value: value if value in names else path(name, value)


# The options that all scripts that train a network share.
TRAINING_OPTIONS = {
    "--model": path,
    "--init": path,
    "--batch_size": whole(1, 4096),
    "--epochs": whole(1, 100_000),
    "--learning_rate": number(1e-8, 10),
    "--precision": one_of("auto", "float32", "bfloat16"),
    "--devices": whole_or("all", 1, 4096),
    "--seed": whole(0, 2**31 - 1),
}


# ---------------------------------------------------------------- records


def recordable(options, leave_out=()):
    """The options that have a value, as JSON can hold them; of files and folders the names alone."""

    def plain(value):
        if isinstance(value, (tuple, list)):
            return [plain(part) for part in value]
        return value.name if isinstance(value, Path) else value

    return {name: plain(value) for name, value in options.items() if value is not None and name not in leave_out}


def command_line(script, recorded):
    """The command line that gives a script the options of a record."""
    return " ".join([script, *(f"--{name}={listed(value)}" for name, value in recorded.items())])


def listed(value):
    """A value as it is typed: the parts of a list with commas between them."""
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


@contextmanager
def quiet_libraries():
    """Inside the block, load libraries: hide what they print, pages of hints that would bury our one line.

    Python does not search them for garbage, neither while they load nor later, which saves more than a second.
    """
    # TensorFlow warns whenever it compiles a network for several sizes, which is what we want.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    sys.stderr.flush()
    kept = os.dup(2)
    gc.disable()
    try:
        with open(os.devnull, "w") as nothing:
            os.dup2(nothing.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        if not gc.get_freeze_count():  # only once, or what the work left behind by then would never be freed
            gc.freeze()
        gc.enable()
