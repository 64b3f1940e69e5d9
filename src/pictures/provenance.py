"""What a picture's record says it was made of, and whether it is the one that a run would make."""

import glob
import hashlib
import json
from functools import cache
from pathlib import Path

from files.listing import suffixed
from files.reading import open_file
from pictures.images import read_record
from utils import UserError, shown


def planned(program, options, files, paths):
    """The part of a record that is known before the work: the options and what the files hold, and so what comes out.

    files: {what for: file, a list of them, or None}. paths: whether to tell where they lie, too: who lies there.
    """
    files = {name: file for name, file in files.items() if file}
    record = {"program": program, **options, "files": {name: _each(_digest, file) for name, file in files.items()}}
    return record | ({"paths": {name: _each(_place, file) for name, file in files.items()}} if paths else {})


def _each(function, value):
    return [function(part) for part in value] if isinstance(value, (list, tuple)) else function(value)


def _place(file):
    return str(Path(file).resolve())


def _digest(file):
    """The start of the SHA-256 of a file's content: enough to tell it from another."""
    try:
        return _digest_as_of(file, Path(file).stat().st_mtime_ns)
    except OSError as error:
        raise UserError(f"{shown(file)} cannot be read ({error.strerror}); check the path") from None


@cache  # styles and networks are the same for each photo of a folder
def _digest_as_of(file, changed):
    with open_file(file) as content:
        return hashlib.sha256(content.read()).hexdigest()[:16]


def is_done(target, plan):
    """Whether a picture is there that came of such a plan, and was finished. Its name alone does not say so."""
    record = _record_of(target)
    return bool(record) and not record.get("stopped") and _without_paths(record).items() >= _without_paths(plan).items()


def are_done(target, plan):
    """The same of the pictures <target>_<word>.png of a plan, each of whose records names the words of all."""
    for file in target.parent.glob(f"{glob.escape(target.stem)}_*{target.suffix}"):
        if is_done(file, plan):
            return all(is_done(suffixed(target, word), plan) for word in _record_of(file)["words"])
    return False


def _record_of(target):
    try:
        record = read_record(target)
    except (OSError, SyntaxError, ValueError):  # there is none, or no picture
        return None
    return record if isinstance(record, dict) else None


def _without_paths(record):
    """A record as JSON gives it back, but for where files lay."""
    return {name: value for name, value in json.loads(json.dumps(record)).items() if name != "paths"}
