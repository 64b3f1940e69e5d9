"""What the record in a picture says of its making, and whether a finished picture is the one that a run would make."""

import glob
import hashlib
import json
from functools import cache
from pathlib import Path

from files.listing import suffixed
from files.reading import read_file
from pictures.images import read_record
from utils import UserError, shown


def planned(program, options, files, paths):
    """The part of a record that is known before the work starts: program, options and checksums of the files.

    files: {purpose: file, list of files, or None}, the photo first. paths: whether to record where the files lie,
    which may tell who the user is.
    """
    files = {purpose: file for purpose, file in files.items() if file}
    # The photo comes last, so that its bytes are still in memory when it is opened.
    digests = {purpose: _each(_digest, file) for purpose, file in reversed(files.items())}
    record = {"program": program, **options, "files": {purpose: digests[purpose] for purpose in files}}
    return record | ({"paths": {purpose: _each(_place, file) for purpose, file in files.items()}} if paths else {})


def _each(function, value):
    return [function(part) for part in value] if isinstance(value, (list, tuple)) else function(value)


def _place(file):
    return str(Path(file).resolve())


def _digest(file):
    """The first 16 digits of the SHA-256 of a file's content; of a folder, of the digests of its files."""
    try:
        if Path(file).is_dir():
            parts = {each.name: _digest(each) for each in sorted(Path(file).iterdir()) if each.is_file()}
            return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
        return _digest_as_of(file, Path(file).stat().st_mtime_ns)
    except OSError as error:
        raise UserError(f"{shown(file)} cannot be read ({error.strerror}); check the path") from None


@cache  # styles and networks are the same for every photo of a folder
def _digest_as_of(file, changed):
    return hashlib.sha256(read_file(file)).hexdigest()[:16]


def is_done(target, plan):
    """Whether `target` is a finished picture made by such a plan. Its record decides, not its name."""
    record = _record_of(target)
    return bool(record) and not record.get("stopped") and _without_paths(record).items() >= _without_paths(plan).items()


def are_done(target, plan):
    """Whether all pictures <target>_<word>.png of a plan are finished; the record of each lists all the words."""
    for file in target.parent.glob(f"{glob.escape(target.stem)}_*{target.suffix}"):
        if is_done(file, plan):
            return all(is_done(suffixed(target, word), plan) for word in _record_of(file)["words"])
    return False


def _record_of(target):
    try:
        record = read_record(target)
    except (OSError, SyntaxError, ValueError):  # no file there, or not a picture
        return None
    return record if isinstance(record, dict) else None


def _without_paths(record):
    """A record after a round trip through JSON, without the places of the files."""
    return {name: value for name, value in json.loads(json.dumps(record)).items() if name != "paths"}
