"""Bad values for options, and bad names for files."""

import inspect
import os

TEXTS = (
    *("", " ", "nan", "NaN", "inf", "-inf", "1e400", "-1e400", "1e-400", "-1", "-0", "0", "1.5", "1e3", "0x10", "1_0"),
    *("99999999999999999999", "-99999999999999999999", "\uff13", "½", "²", "1,2", ",", ",,", "a,b", "a,a", "3,"),
    *("many", "None", "true", "\n", "1\n", "a\nb", "a\0b", "\0", "\r", "\t3", "\x1b[31m", "\udcff", "é", "🙂"),
    *("'", '"', "%s%n", "{}", "$HOME", "*", "[", "**", "~", "~nosuchuser", "~nosuchuser/a.png", "-", "--", "--help"),
    *(".", "..", "../..", "a/../../b", "x" * 300, "x/" * 2000, "\u202e", "a" * 5000, "\\", "\\\\host\\a"),
)

STEMS = (
    *(
        "plain",
        "with blanks",
        " first",
        "last ",
        "it's",
        'say "no"',
        "two\nlines",
        "tab\there",
        "bell\a",
        "a,b",
        "-dash",
    ),
    *(
        "--help",
        "ümläut",
        "写真",
        "🙂",
        "back\\slash",
        "a.b.c",
        "%s",
        "{0}",
        "*",
        "[a]",
        "?",
        "$HOME",
        "~",
        "con",
        "#1",
    ),
    *("\udcff\udcfe", "half\udcc3", "\u202egpj", "\x1b[31m", "x" * 251, "ü" * 125, "x" * 240, ".hidden", "same_mask"),
)


def odd_text(random, check):
    """A text for an option: one that is wrong for most, or one at the edge of what its check lets through."""
    limits = inspect.getclosurevars(check).nonlocals if inspect.isfunction(check) else {}
    edges = [limits[side] + step for side, step in (("low", -1), ("high", 1)) if side in limits]
    if edges and random.random() < 0.2:
        return str(random.choice(edges))
    return random.choice(TEXTS)


def odd_name(random, ending):
    """A file name that a disk allows, with that ending."""
    stem = random.choice(STEMS)
    while len(os.fsencode(stem + ending)) > 255:
        stem = stem[:-1]
    return stem + ending
