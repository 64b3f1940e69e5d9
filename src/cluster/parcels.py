"""Carry files to another machine as bytes, and tell whether our source is the same there."""

import hashlib
import os
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from files.reading import read_file
from utils import ROOT, UserError, shown

# What a worker takes from its own copy of the project; everything else is sent to it.
OWN = ("src/**/*.py", "src/**/*.txt", "model/mini.keras", "model/mini.json")


@cache
def version():
    """A fingerprint of our source and of the network that every painting may need."""
    found = hashlib.sha256()
    for file in sorted(file for pattern in OWN for file in ROOT.glob(pattern)):
        found.update(f"{file.relative_to(ROOT).as_posix()}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()


def packed(files):
    """Some files as {path: bytes}."""
    try:
        return {file: read_file(file) for file in files}
    except OSError as error:
        raise UserError(f"{shown(error.filename)} cannot be read ({error.strerror}); check the path") from None


class Unpacked:
    """Files of another machine in a temporary folder. What lay in one folder there lies in one folder here."""

    def __init__(self):
        self.folder = TemporaryDirectory(prefix="nst-", ignore_cleanup_errors=True)
        self.places = {}  # {folder there: folder here}

    def put(self, files):
        """Write files, {path there: bytes}."""
        for file, content in files.items():
            self.open(file.parent)
            self.here(file).write_bytes(content)

    def open(self, folder):
        """Make the folder here that stands for a folder there."""
        if folder not in self.places:
            self.places[folder] = Path(self.folder.name) / str(len(self.places))
            self.places[folder].mkdir()
        return self.places[folder]

    def all(self):
        """All files that are here: a set of paths."""
        return {file for folder in self.places.values() for file in folder.iterdir()}

    def here(self, value):
        """A value with all paths in it replaced by those here: a path, or a dictionary, list or tuple of values."""
        if isinstance(value, Path):
            if value in self.places:
                return self.places[value]
            return self.places[value.parent] / value.name if value.parent in self.places else value
        if isinstance(value, dict):
            return {name: self.here(part) for name, part in value.items()}
        return type(value)(map(self.here, value)) if type(value) in (list, tuple) else value

    def told(self, text):
        """A text that names files, as it would be on the machine that they came from."""
        for there, here in self.places.items():
            text = text.replace(os.path.join(here, ""), "" if there == Path() else os.path.join(there, ""))
        return text
