"""What is told of how well networks do: of a figure before a background, and of several classes.

Each kind has the same four steps: find what a network sees, count it against the truth, sum the counts up, and print.
"""

import numpy as np

from segmentation.classes import class_scores, confusion, means
from segmentation.datasets import source_of
from segmentation.masks import LEAST_PART, find_labels, find_masks
from segmentation.scores import count, scores
from utils import shown

WORST = 5  # how many pictures a table names
MOST_ROWS = 40  # classes that a table has room for; the others are in the JSON


class Figures:
    """Scores of a single class: masks (H, W) bool."""

    def __init__(self, threshold):
        self.threshold = threshold

    def find(self, network, record, picture):
        return find_masks(network, record, [picture], self.threshold)[0] > 0.5

    def count(self, true, found):
        return count(true > 0, found)

    def summary(self, counts, sources=()):
        """The scores over a whole set, their mean over its pictures, and those of each source, from {stem: counts}."""
        each = {stem: scores(one) for stem, one in counts.items()}
        mean = {name: float(np.mean([one[name] for one in each.values()])) for name in next(iter(each.values()))}
        told = {"set": scores(sum(counts.values())), "mean": mean, "sources": by_source(counts, sources, scores)}
        return told | {"false_alarms": false_alarms(counts), "pictures": each}

    def tell(self, told):
        """Print the scores of each network and name its worst pictures, from {name: summary}."""
        names = [shown(name) for parts in told.values() for name in (*told, *parts["sources"])]
        width = max(map(len, names))
        first = next(iter(told.values()))
        heads = " ".join(f"{score.replace('_', ' '):>14}" for score in first["set"])
        print(f"{'':{width}}  {'':4} {heads}   pictures")
        for name, parts in told.items():
            lines = [(name, "set", parts["set"]), ("", "mean", parts["mean"])]
            lines += [(source, "set", found) for source, found in parts["sources"].items()]
            for label, kind, found in lines:
                line = " ".join(f"{found[score]:14.3f}" for score in first["set"])
                print(f"{shown(label):{width}}  {kind:4} {line}   {found.get('number', len(parts['pictures']))}")
            alarms = parts["false_alarms"]
            if alarms["pictures"]:
                print(f"a figure found in {alarms['found']} of {alarms['pictures']} pictures without one")
        tell_worst(told, "iou")


class Classes:
    """Scores of several classes: labels (H, W) uint8."""

    def __init__(self, layout, ignored):
        """ignored: the labels that do not count."""
        self.names, self.groups, self.ignored = layout.classes, layout.groups, ignored

    def find(self, network, record, picture):
        return find_labels(network, record, [picture])[0]

    def count(self, true, found):
        return confusion(true, found, len(self.names), self.ignored)

    def summary(self, counts, sources=()):
        """The scores of each class and group, their means, and the confusion matrix of a set, from {stem: counts}."""

        def mean(matrix):
            return means(matrix, self.names)

        matrix = sum(counts.values())
        return {
            "set": mean(matrix),
            "classes": class_scores(matrix, self.names, self.groups),
            "sources": by_source(counts, sources, mean),
            "confusion": matrix.tolist(),
            "pictures": {stem: mean(one) for stem, one in counts.items()},
        }

    def tell(self, told):
        """Print the means of each network, then F1 and IoU of each class that is there, a column for each network."""
        for name, parts in told.items():
            scored = ", ".join(f"{score.replace('_', ' ')} {value:.3f}" for score, value in parts["set"].items())
            print(f"{shown(name)}: {scored}, {len(parts['pictures'])} pictures")
            for source, found in parts["sources"].items():
                print(f"  {shown(source)}: mean iou {found['mean_iou']:.3f}, {found['number']} pictures")
        classes = [parts["classes"] for parts in told.values()]
        there = [name for name in classes[0] if any(each[name]["iou"] is not None for each in classes)]
        print(f"{'':20} " + "  ".join("   f1   iou" for _ in told) + "     share")
        total = sum(map(sum, next(iter(told.values()))["confusion"]))
        for name in sorted(there, key=lambda name: -classes[0][name]["pixels"])[:MOST_ROWS]:
            row = "  ".join(f"{each[name]['f1'] or 0:.3f} {each[name]['iou'] or 0:.3f}" for each in classes)
            print(f"{shown(name):20} {row}   {classes[0][name]['pixels'] / total:7.2%}")
        tell_worst(told, "mean_iou")


def by_source(counts, sources, score):
    """{source: its scores and the number of its pictures} of {stem: counts}."""
    parts = {}
    for stem, one in counts.items():
        parts.setdefault(source_of(stem.rpartition("/")[2], sources), []).append(one)
    return {
        source: {"number": len(parts[source])} | score(sum(parts[source]))
        for source in (*sources, "other")
        if sources and source in parts
    }


def false_alarms(counts):
    """Of pictures without a figure, from {stem: counts}: how many there are, and in how many one is found."""
    empty = [one for one in counts.values() if one[0] + one[2] == 0]
    return {"pictures": len(empty), "found": sum(bool(one[1] > LEAST_PART * one[:4].sum()) for one in empty)}


def tell_worst(told, score):
    """Name the pictures of which a score is lowest, network by network."""
    for name, parts in told.items():
        each = {stem: one[score] for stem, one in parts["pictures"].items()}
        worst = sorted(each, key=each.get)[:WORST]
        print(f"worst of {shown(name)}: " + ", ".join(f"{shown(stem)} ({each[stem]:.2f})" for stem in worst))
