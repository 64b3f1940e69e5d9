"""What every part of the toolkit needs: where the project lies, errors for the user, and names in messages."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
PICTURES_WITH_ALPHA = (".png", ".webp", ".tif", ".tiff")


class UserError(Exception):
    """A mistake that the user can correct. The message is one line: the option, the wrong value, the remedy."""


def shown(value, most=80):
    """A value as a message shows it: on one line, and shortened in the middle where it is long."""
    line = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(value))
    return line if len(line) <= most else f"{line[: most // 2]}...{line[-most // 2 :]}"


def named(names, most=5):
    """A few of many names in a line: "a, b, c and 12 more"."""
    names = [shown(name) for name in names]
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest
