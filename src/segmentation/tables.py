"""The tables of evaluate.py: one kind for a figure before a background, one for several classes.

Both have the same four steps: find what a network sees, count it against the truth, summarise the counts, print.
"""

import numpy as np

from segmentation.classes import class_scores, confusion, means
from segmentation.datasets import source_of
from segmentation.masks import LEAST_PART, find_labels, find_masks, label_names
from segmentation.scores import count, scores
from utils import shown

WORST = 5  # how many of the worst pictures a table names
MOST_ROWS = 40  # classes in a printed table; the JSON has them all


class Figures:
    """Scores for a single class: masks (H, W) bool."""

    def __init__(self, threshold, classes):
        """classes: the names of the classes that make up the figure."""
        self.threshold, self.classes = threshold, classes

    def find(self, network, record, picture):
        return find_masks(network, record, [picture], self.threshold, self.classes)[0] > 0.5

    def count(self, true, found):
        return count(true > 0, found)

    def summary(self, counts, sources=()):
        """From {stem: counts}: the scores over the set, their means over its pictures, and those of each source."""
        each = {stem: scores(one) for stem, one in counts.items()}
        mean = {name: float(np.mean([one[name] for one in each.values()])) for name in next(iter(each.values()))}
        whole = {"set": scores(sum(counts.values())), "mean": mean, "sources": by_source(counts, sources, scores)}
        return whole | {"false_alarms": false_alarms(counts), "pictures": each}

    def print_table(self, summaries):
        """Print the scores of each network, from {name: summary}, and name its worst pictures."""
        names = [shown(name) for parts in summaries.values() for name in (*summaries, *parts["sources"])]
        width = max(map(len, names))
        first = next(iter(summaries.values()))
        heads = " ".join(f"{score.replace('_', ' '):>14}" for score in first["set"])
        print(f"{'':{width}}  {'':4} {heads}   pictures")
        for name, parts in summaries.items():
            lines = [(name, "set", parts["set"]), ("", "mean", parts["mean"])]
            lines += [(source, "set", found) for source, found in parts["sources"].items()]
            for label, kind, found in lines:
                line = " ".join(f"{found[score]:14.3f}" for score in first["set"])
                print(f"{shown(label):{width}}  {kind:4} {line}   {found.get('number', len(parts['pictures']))}")
            alarms = parts["false_alarms"]
            if alarms["pictures"]:
                print(f"a figure found in {alarms['found']} of {alarms['pictures']} pictures without one")
        print_worst(summaries, "iou")


class Classes:
    """Scores for several classes: labels (H, W) uint8."""

    def __init__(self, layout, ignored):
        """ignored: the labels that do not count."""
        self.names, self.groups, self.ignored = layout.classes, layout.groups, ignored

    def find(self, network, record, picture):
        known = label_names(record)  # which may have another order, or lack some
        numbers = np.array([self.names.index(name) for name in known], np.uint8)
        return numbers[find_labels(network, record, [picture])[0]]

    def count(self, true, found):
        return confusion(true, found, len(self.names), self.ignored)

    def summary(self, counts, sources=()):
        """From {stem: counts}: the scores of each class and group, their means, and the confusion matrix of the set."""

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

    def print_table(self, summaries):
        """Print the means of each network, then F1 and IoU of each class that occurs: a column for each network."""
        for name, parts in summaries.items():
            scored = ", ".join(f"{score.replace('_', ' ')} {value:.3f}" for score, value in parts["set"].items())
            print(f"{shown(name)}: {scored}, {len(parts['pictures'])} pictures")
            for source, found in parts["sources"].items():
                print(f"  {shown(source)}: mean iou {found['mean_iou']:.3f}, {found['number']} pictures")
        classes = [parts["classes"] for parts in summaries.values()]
        there = [name for name in classes[0] if any(each[name]["iou"] is not None for each in classes)]
        print(f"{'':20} " + "  ".join("   f1   iou" for _ in summaries) + "     share")
        total = sum(map(sum, next(iter(summaries.values()))["confusion"]))
        for name in sorted(there, key=lambda name: -classes[0][name]["pixels"])[:MOST_ROWS]:
            row = "  ".join(f"{each[name]['f1'] or 0:.3f} {each[name]['iou'] or 0:.3f}" for each in classes)
            print(f"{shown(name):20} {row}   {classes[0][name]['pixels'] / total:7.2%}")
        print_worst(summaries, "mean_iou")


def by_source(counts, sources, score):
    """From {stem: counts}: {source: its scores and the number of its pictures}."""
    parts = {}
    for stem, one in counts.items():
        parts.setdefault(source_of(stem.rpartition("/")[2], sources), []).append(one)
    return {
        source: {"number": len(parts[source])} | score(sum(parts[source]))
        for source in (*sources, "other")
        if sources and source in parts
    }


def false_alarms(counts):
    """From {stem: counts}: how many pictures show no figure, and in how many of those one is found."""
    empty = [one for one in counts.values() if one[0] + one[2] == 0]
    return {"pictures": len(empty), "found": sum(bool(one[1] > LEAST_PART * one[:4].sum()) for one in empty)}


def print_worst(summaries, score):
    """Name the pictures with the lowest scores, network by network."""
    for name, parts in summaries.items():
        each = {stem: one[score] for stem, one in parts["pictures"].items()}
        worst = sorted(each, key=each.get)[:WORST]
        print(f"worst of {shown(name)}: " + ", ".join(f"{shown(stem)} ({each[stem]:.2f})" for stem in worst))
