"""The layouts of data sets: where pictures and labels lie, what the labels mean, how training varies the pictures.

A new data set is one entry in LAYOUTS.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from utils import UserError, shown

VOID = 255  # the label of pixels that count neither in training nor in scores
DENIAL = VOID - 1  # pixels that are certainly not of some classes; further sets of classes have DENIAL - 1 and so on
TRAINING, HELD_BACK = "training", "held_back"  # the parts of a data set with its own split


@dataclass(frozen=True)
class Moves:
    """How far augmentation moves pictures, as shares of their size, and changes their brightness."""

    down: tuple = (-0.08, 0.08)
    aside: float = 0.08
    zoom: tuple = (-0.2, 0.15)  # negative: closer
    turn: float = 0.03
    light: tuple = (-0.2, 0.2)  # negative: darker
    pasted: float = 0.0  # the share of pictures that get another picture's figure


@dataclass(frozen=True)
class Layout:
    """What is known about a data set."""

    parts: (
        dict  # {part: ((folder, ending of the stems) of the pictures, the same for the labels)}; one part "" if whole
    )
    classes: tuple  # names by label; a single one is a figure before a background, and its masks may be of any kind
    figure: tuple  # the classes to cut out if the user names none
    first: int = 0  # the label of the first class in the files
    ignored: tuple = ()  # classes that do not count
    mirrored: tuple = ()  # pairs of classes that swap in a mirror image
    groups: dict = field(default_factory=dict)  # {name: classes} to score also as one class
    moves: Moves = Moves()
    mark: str = ""  # a file by which a data set is recognised, if another layout has the same folders
    unclear: bool = False  # whether VOID in the files stands for pixels that do not count
    known: tuple = ()  # the only classes that are labelled; () for all
    rest: int = 0  # the label of what is none of them

    @property
    def mirror(self):
        """What each label, 0 to VOID, becomes in a mirror image: (VOID + 1,) ints."""
        labels = np.arange(VOID + 1)
        for one, other in self.mirrored:
            one, other = self.classes.index(one), self.classes.index(other)
            labels[[one, other]] = other, one
        return labels

    @property
    def outputs(self):
        """The number of logits that a network gives for each pixel."""
        return len(self.classes)

    def only(self, known, rest):
        """The same layout for files in which only the classes `known` are labelled, and `rest` stands for all else."""
        return replace(self, known=tuple(known), rest=rest)


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


VOC = ("background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow")
VOC += ("diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor")
LAYOUTS = {
    "people": Layout(
        _whole("images", "masks"),
        ("person",),
        figure=("person",),
        # Shift down more than up, then zoom: closer, from full figures to portraits, or further away.
        moves=Moves(down=(-0.05, 0.2), aside=0.12, zoom=(-0.6, 0.3), turn=0.03, light=(-0.4, 0.25), pasted=0.3),
    ),
    "pets": Layout(
        _whole("images", "annotations/trimaps"), ("pet", "surroundings", "border"), figure=("pet",), first=1
    ),
    "ade20k": _ade20k(),
    "helen": _helen(),
    "voc": Layout(
        _whole("images", "masks"),
        VOC,
        figure=("person",),
        moves=Moves(down=(-0.05, 0.15), aside=0.1, zoom=(-0.45, 0.3), turn=0.03, light=(-0.35, 0.25)),
        mark="classes.txt",
        unclear=True,
    ),
}


def recognise(folder, name="auto"):
    """The name of the layout that a folder has; if `name` is not "auto", check that it fits."""
    if name != "auto":
        if not _fits(Path(folder), LAYOUTS[name]):
            raise UserError(
                f"--data={shown(folder)} has no folder {_first_missing(folder, name)}, which --layout={name} needs"
            )
        return name
    fitting = [each for each, layout in LAYOUTS.items() if _fits(Path(folder), layout)]
    fitting = [each for each in fitting if (Path(folder) / LAYOUTS[each].mark).exists()]
    if not fitting:
        raise UserError(
            f"--data={shown(folder)} has neither images/ and masks/ nor the folders of "
            f"{', '.join(list(LAYOUTS)[1:-1])}; get a data set with download_data.py"
        )
    marked = [each for each in fitting if LAYOUTS[each].mark]
    return (marked or fitting)[0]


def _folders(layout):
    return [folder for sides in layout.parts.values() for folder, _ in sides]


def _fits(folder, layout):
    return all((folder / each).is_dir() for each in _folders(layout))


def _first_missing(folder, name):
    return next(f"{each}/" for each in _folders(LAYOUTS[name]) if not (Path(folder) / each).is_dir())


def indices(option, names, classes):
    """The labels of the classes named; refuse names that are not among `classes`."""
    for name in names:
        if name not in classes:
            raise UserError(f"{option}={shown(name)} is not a class; choose from {shown(', '.join(classes), 120)}")
    return [classes.index(name) for name in names]


def ignored_labels(names, layout):
    """The labels that do not count: those of the classes named; None: the layout's own; "none": none."""
    names = layout.ignored if names is None else tuple(names)
    if names in ((), ("none",)):
        return []
    labels = indices("--ignore", names, layout.classes)
    if len(labels) == layout.outputs:
        raise UserError(f"--ignore={shown(','.join(names))} leaves no class that counts; name fewer")
    return labels
