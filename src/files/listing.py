"""Find the pictures that an option names, and derive file names from others."""

import glob
from pathlib import Path

from utils import PICTURES, UserError, shown


def find_pictures(option, given):
    """List the picture files that an option names: one file, all pictures in a folder, or those matching a pattern."""
    if Path(given).is_dir():
        files = Path(given).iterdir()
    elif Path(given).exists() or not glob.has_magic(str(given)):
        return [Path(given)]
    else:
        files = map(Path, glob.glob(str(given), recursive=True))
    found = sorted(f for f in files if f.suffix.lower() in PICTURES and not f.name.startswith(".") and not f.is_dir())
    if not found:
        raise UserError(f"{option}={shown(given)} holds no picture; give {', '.join(PICTURES)} files")
    return found


def suffixed(target, word):
    """The same file name with _word before its ending; unchanged if there is no word."""
    return target.with_name(f"{target.stem}_{word}{target.suffix}") if word else target
