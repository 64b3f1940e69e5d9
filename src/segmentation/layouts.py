"""The layouts of data sets: where pictures and labels lie, what the labels mean, how training varies the pictures.

A data set with folders of its own is one entry in LAYOUTS; one with classes of its own needs no code.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from segmentation.class_lists import LIST, read_classes
from utils import UserError, shown

VOID = 255  # the label of pixels that count neither in training nor in scores
DENIAL = VOID - 1  # pixels that are certainly not of some classes; further sets of classes have DENIAL - 1 and so on
TRAINING, HELD_BACK = "training", "held_back"  # the parts of a data set with its own split
PEOPLE = ("person", "rider")  # what the figure is by default, where the classes are not known in advance
SIDES = {"left": "right", "Left": "Right"}  # words that swap in a mirror image


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
    name: str = ""  # in LAYOUTS
    colours: dict = field(default_factory=dict)  # {(red, green, blue): label} of masks in colours

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

    @property
    def listed(self):
        """What the data set's own list of classes says: (names, colours), or () if the layout needs no list."""
        return (self.classes, self.colours) if self.mark else ()

    def with_classes(self, names, colours=()):
        """The same layout with the classes of a list, and what follows from their names: the figure, left and right."""
        pairs = [(name, name.replace(left, right)) for name in names for left, right in SIDES.items() if left in name]
        mirrored = tuple(pair for pair in pairs if set(pair) <= set(names))
        return replace(
            self, classes=tuple(names), colours=dict(colours), figure=figure_of(tuple(names)), mirrored=mirrored
        )

    def only(self, known, rest):
        """The same layout for files in which only the classes `known` are labelled, and `rest` stands for all else."""
        return replace(self, known=tuple(known), rest=rest)


def figure_of(names):
    """The classes that make up the figure unless the user says otherwise: people, or else all but the first."""
    return tuple(name for name in names if name in PEOPLE) or names[1:] or names


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
        unclear=True,
    ),
    "classes": Layout(_whole("images", "masks"), (), figure=(), mark=LIST, unclear=True),  # with those of its list
}
LAYOUTS = {name: replace(layout, name=name) for name, layout in LAYOUTS.items()}


def layout_of(folder, name="auto"):
    """The layout of a folder. name: that of the layout, which must fit, or "auto"."""
    layout = LAYOUTS[_recognised(folder) if name == "auto" else name]
    if not _fits(Path(folder), layout):
        missing = next(f"{each}/" for each in _folders(layout) if not (Path(folder) / each).is_dir())
        raise UserError(f"--data={shown(folder)} has no folder {missing}, which --layout={name} needs")
    if not layout.mark:
        return layout
    names, colours = read_classes("--data", folder)
    is_voc = name == "auto" and names == VOC and not colours
    return LAYOUTS["voc"] if is_voc else layout.with_classes(names, colours)


def stored_layout(name, classes):
    """The layout with that name and these classes, as a record or a cache stores them; None if there is no such."""
    layout = LAYOUTS.get(name)
    return layout.with_classes(classes) if layout and layout.mark else layout


def _recognised(folder):
    """The name of the layout that a folder has."""
    fitting = [name for name, layout in LAYOUTS.items() if _fits(Path(folder), layout)]
    if not fitting:
        raise UserError(
            f"--data={shown(folder)} has neither images/ and masks/ nor the folders of "
            "pets, ade20k or helen; get a data set with download_data.py"
        )
    listed = [name for name in fitting if LAYOUTS[name].mark and (Path(folder) / LAYOUTS[name].mark).exists()]
    return (listed or fitting)[0]


def _folders(layout):
    return [folder for sides in layout.parts.values() for folder, _ in sides]


def _fits(folder, layout):
    return all((folder / each).is_dir() for each in _folders(layout))


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
