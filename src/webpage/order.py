"""What a visitor asks for, as a command line of stylize.py."""

import shlex
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

from command.options import listed, options_of
from utils import ROOT

SCRIPT = "stylize.py"
NEEDED = ("content", "style", "save")


class Order(NamedTuple):
    """The options of stylize.py that the page knows, by their names there; None: left out."""

    content: Path
    style: Path
    save: Path
    network: str
    keep: str
    similarity: str
    keep_classes: tuple | None = None
    mask: Path | None = None
    precision: str | None = None
    model: Path | None = None
    vgg_weights: Path | None = None

    def options(self):
        """All options of stylize.py for this order: a namespace."""
        return SimpleNamespace(**options_of(SCRIPT, self._arguments(self._fields, str)))

    def command(self):
        """The command line that paints the same picture, typed in the root of the project, where the photo lies too.

        Options that have their default are left out.
        """
        usual, asked = options_of(SCRIPT, self._arguments(NEEDED, str)), vars(self.options())
        names = [name for name in self._fields if name in NEEDED or asked[name] != usual[name]]
        return shlex.join(["python", f"src/{SCRIPT}", *self._arguments(names, self._as_typed)])

    def _arguments(self, names, written):
        """The arguments for some options; written(path) is a path as they show it."""
        given = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        return [
            f"--{name}={written(value) if isinstance(value, Path) else listed(value)}" for name, value in given.items()
        ]

    def _as_typed(self, path):
        """A file of the project by its place in it, a visitor's file by its name, any other by its path."""
        if path.is_relative_to(ROOT):
            return path.relative_to(ROOT).as_posix()
        return path.name if path.is_relative_to(self.save.parent) else str(path)
