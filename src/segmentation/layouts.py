"""The data sets whose layout is known: where their pictures and labels lie, what the labels mean, how they are varied.

A new data set is one entry in LAYOUTS.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from utils import UserError, shown

VOID = 255  # the label of what counts neither in training nor in scores
TRAINING, HELD_BACK = "training", "held_back"  # the parts of a set that comes split


@dataclass(frozen=True)
class Moves:
    """How far augmentation moves pictures, as shares of their size, and how far their light."""

    down: tuple = (-0.08, 0.08)
    aside: float = 0.08
    zoom: tuple = (-0.2, 0.15)  # below 0: closer
    turn: float = 0.03
    light: tuple = (-0.2, 0.2)  # below 0: darker
    pasted: float = 0.0  # that get another picture's figure


@dataclass(frozen=True)
class Layout:
    """What is known of a data set.

    parts: {part: ((folder, how the stems end) of the pictures, the same of the labels)}; a set that is not split has
    the one part "". classes: their names, by label; a single one is a figure before a background, whose masks may be
    of any kind. first: the label, in the files, of the first class. figure: what is cut out where nothing is said.
    ignored: classes that do not count. mirrored: pairs of classes that a mirror swaps. groups: {name: classes} that
    are also scored as if they were one.
    """

    parts: dict
    classes: tuple
    figure: tuple
    first: int = 0
    ignored: tuple = ()
    mirrored: tuple = ()
    groups: dict = field(default_factory=dict)
    moves: Moves = Moves()

    @property
    def mirror(self):
        """What each label, 0 to VOID, is in a mirror: (VOID + 1,) ints."""
        labels = np.arange(VOID + 1)
        for one, other in self.mirrored:
            one, other = self.classes.index(one), self.classes.index(other)
            labels[[one, other]] = other, one
        return labels

    @property
    def outputs(self):
        """How many scores a network gives for each pixel."""
        return len(self.classes)


def _whole(pictures, labels):
    return {"": ((pictures, ""), (labels, ""))}


def _ade20k():
    names = tuple((Path(__file__).parent / "ade20k.txt").read_text(encoding="utf-8").split("\n")[:-1])
    parts = {TRAINING: "training", HELD_BACK: "validation"}
    parts = {part: ((f"images/{name}", ""), (f"annotations/{name}", "")) for part, name in parts.items()}
    return Layout(parts, names, figure=("person",), ignored=("other",))


def _helen():
    parts = {TRAINING: "train", HELD_BACK: "test"}
    groups = {"eyes": ("le", "re"), "brows": ("lb", "rb"), "mouth": ("ulip", "imouth", "llip")}
    inside = (*groups["eyes"], *groups["brows"], "nose", *groups["mouth"])
    return Layout(
        {part: ((folder, "_image"), (folder, "_label")) for part, folder in parts.items()},
        ("bg", "face", "lb", "rb", "le", "re", "nose", "ulip", "imouth", "llip", "hair"),
        figure=("face", *inside, "hair"),
        mirrored=(("lb", "rb"), ("le", "re")),
        groups=groups | {"overall": inside},
        moves=Moves(down=(-0.1, 0.1), aside=0.1, zoom=(-0.2, 0.2), turn=0.06),
    )


LAYOUTS = {
    "people": Layout(
        _whole("images", "masks"),
        ("person",),
        figure=("person",),
        # Down more than up, then closer, from the full figure to a portrait, or further away.
        moves=Moves(down=(-0.05, 0.2), aside=0.12, zoom=(-0.6, 0.3), turn=0.03, light=(-0.4, 0.25), pasted=0.3),
    ),
    "pets": Layout(
        _whole("images", "annotations/trimaps"), ("pet", "surroundings", "border"), figure=("pet",), first=1
    ),
    "ade20k": _ade20k(),
    "helen": _helen(),
}


def recognise(folder, name="auto"):
    """The name of the layout of a folder; `name` itself unless it is "auto"."""
    fitting = [each for each, layout in LAYOUTS.items() if _fits(Path(folder), layout)]
    if name != "auto":
        if name not in fitting:
            raise UserError(
                f"--data={shown(folder)} has no folder {_first_missing(folder, name)}, as --layout={name} wants"
            )
        return name
    if not fitting:
        raise UserError(
            f"--data={shown(folder)} has no folder images/ with masks/ beside it, nor is it laid out as "
            f"{', '.join(list(LAYOUTS)[1:])}; get a data set with download_data.py"
        )
    return fitting[0]


def _folders(layout):
    return [folder for sides in layout.parts.values() for folder, _ in sides]


def _fits(folder, layout):
    return all((folder / each).is_dir() for each in _folders(layout))


def _first_missing(folder, name):
    return next(f"{each}/" for each in _folders(LAYOUTS[name]) if not (Path(folder) / each).is_dir())


def indices(option, names, classes):
    """The labels of some classes, by their names, all of which must be among `classes`."""
    for name in names:
        if name not in classes:
            raise UserError(f"{option}={shown(name)} is no class of it; choose from {shown(', '.join(classes), 120)}")
    return [classes.index(name) for name in names]


def ignored_labels(names, layout):
    """The labels that do not count: those of the classes named, those of the layout for None, none for "none"."""
    names = layout.ignored if names is None else tuple(names)
    if names in ((), ("none",)):
        return []
    labels = indices("--ignore", names, layout.classes)
    if len(labels) == layout.outputs:
        raise UserError(f"--ignore={shown(','.join(names))} leaves no class that counts; name fewer")
    return labels
