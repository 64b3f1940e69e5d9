"""Several folders as one data set: pairs, pictures without a figure, and pairs with labels for some classes only."""

from segmentation.datasets import find_pairs, photos_of_nobody
from segmentation.layouts import DENIAL, indices
from utils import UserError, named, shown


class Joined:
    """pairs: {stem: (picture, label or None, layout)}. problems: {problem: [names]} of what was left out.

    denials: {label: class indices}: the labels of pixels of which is only known that they are of none of these classes.
    """

    def __init__(self, layout, data):
        self.layout, self.pairs, self.problems, self.denials = layout, {}, {}, {}
        self._add("--data", *find_pairs(data, layout), layout)

    def add_partial(self, folder, known):
        """Add a folder of pairs in which only the classes `known` are labelled."""
        if self.layout.outputs == 1:
            raise UserError(f"--partial={shown(folder)} is for data with several classes; give it to --data instead")
        layout = self._only("--partial", known)
        self._add("--partial", *find_pairs(folder, layout, "--partial"), layout)

    def add_nobody(self, folders):
        """Add folders of pictures that show no figure."""
        layout = self.layout
        if folders and layout.outputs > 1:
            layout = self._only("--nobody", layout.figure)
        self._add("--nobody", photos_of_nobody("--nobody", folders), {}, layout)

    def _only(self, option, known):
        """The layout of files in which only the classes `known` are labelled."""
        denied = indices(option, known, self.layout.classes)
        if len(denied) == self.layout.outputs:
            raise UserError(f"{option}={shown('+'.join(known))} names all classes; give that folder to --data instead")
        label = next((label for label, known in self.denials.items() if known == denied), DENIAL - len(self.denials))
        self.denials[label] = denied
        return self.layout.only(known, label)

    def _add(self, option, pairs, problems, layout):
        twice = sorted(pairs.keys() & self.pairs.keys())
        if twice:
            raise UserError(f"{option} and --data both hold pictures named {named(twice, 2)}; rename them in one")
        self.pairs |= {stem: (*files, layout) for stem, files in pairs.items()}
        for problem, names in problems.items():
            self.problems[problem] = self.problems.get(problem, []) + names
