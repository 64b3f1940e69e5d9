"""Scoring networks on a folder of pairs: the table, the JSON and the panel of evaluate.py."""

import numpy as np
from matplotlib.figure import Figure
from PIL import Image
from tqdm import tqdm

from images import flatten, open_picture
from segmentation.datasets import find_pairs, is_held_back, read_pair, say_left_out, source_of
from segmentation.masks import LEAST_PART, find_masks
from segmentation.networks import load_network
from segmentation.scores import count, scores
from utils import UserError, find_pictures, shown, whole_file, write_json

WORST = 5  # how many pictures the table names


def evaluate(data, model, part="all", sources=None, nobody=False, json=None, panel=None, pictures=4, threshold=0.5):
    """Score the networks in the list `model` on the folder `data`; print a table, write what else is asked for."""
    networks = {str(name): load_network(name) for name in model}
    records = [record for _, record in networks.values()]
    pairs = photos_of_nobody(data) if nobody else choose_pairs(data, part, records)
    chosen = set(np.linspace(0, len(pairs) - 1, min(pictures, len(pairs))).round().astype(int)) if panel else set()
    results, rows = {name: {} for name in networks}, []
    for place, (stem, files) in enumerate(tqdm(pairs.items(), "scoring", unit="picture", disable=None)):
        try:
            picture, figure = read_pair(*files) if files[1] else read_nobody(files[0])
        except UserError as error:
            print(f"left out: {error}")
            continue
        true = np.asarray(figure) > 0
        masks = [find_masks(network, record, [picture], threshold)[0] for network, record in networks.values()]
        for counts, mask in zip(results.values(), masks, strict=True):
            counts[stem] = count(true, mask > 0.5)
        if place in chosen:
            rows.append([picture, true, *masks])
    if not results[str(model[0])]:
        raise UserError(f"--data={shown(data)} has no pair that can be read; see the lines above")
    told = {name: summary(counts, sources or ()) for name, counts in results.items()}
    print_table(told)
    if json:
        write_json(json, {"data": data.name, "part": part, "threshold": threshold, "models": told})
    if panel:
        draw_panel(panel, ["picture", "true", *networks], rows)


def choose_pairs(data, part, records):
    """The pairs of the folder that `part` means, by stem."""
    pairs, problems = find_pairs(data)
    say_left_out(problems)
    if part == "held_back":
        if not all("held_back" in record.get("data", {}) for record in records):
            raise UserError("--part=held_back: the record of a --model does not say what was held back; use --part=all")
        share = min(record["data"]["held_back"] for record in records)
        pairs = {stem: files for stem, files in pairs.items() if is_held_back(stem, share)}
    if not pairs:
        raise UserError(f"--data={shown(data)} has no pair of picture and mask (--part={part}); check the folder")
    return pairs


def photos_of_nobody(folder):
    """The pictures of a folder, each without a mask: {stem: (picture, None)}."""
    return {file.stem: (file, None) for file in find_pictures("--data", folder)}


def read_nobody(picture):
    """A picture as `read_pair` reads it, with a mask that is empty."""
    image = flatten(open_picture(picture))
    return image, Image.new("L", image.size)


def false_alarms(counts):
    """Of pictures without a figure, from {stem: counts}: how many there are, and in how many one is found."""
    empty = [one for one in counts.values() if one[0] + one[2] == 0]
    return {"pictures": len(empty), "found": sum(bool(one[1] > LEAST_PART * one[:4].sum()) for one in empty)}


def summary(counts, sources=()):
    """The scores over a whole set, their mean over its pictures, and those of each source, from {stem: counts}."""
    each = {stem: scores(one) for stem, one in counts.items()}
    mean = {name: float(np.mean([one[name] for one in each.values()])) for name in next(iter(each.values()))}
    parts = {}
    for stem, one in counts.items():
        parts.setdefault(source_of(stem, sources), []).append(one)
    by_source = {
        source: {"number": len(parts[source])} | scores(sum(parts[source]))
        for source in (*sources, "other")
        if sources and source in parts
    }
    whole = scores(sum(counts.values()))
    return {"set": whole, "mean": mean, "sources": by_source, "false_alarms": false_alarms(counts), "pictures": each}


def print_table(told):
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
    for name, parts in told.items():
        each = {stem: one["iou"] for stem, one in parts["pictures"].items()}
        worst = sorted(each, key=each.get)[:WORST]
        print(f"worst of {shown(name)}: " + ", ".join(f"{shown(stem)} ({each[stem]:.2f})" for stem in worst))


def draw_panel(target, titles, rows):
    """Draw a row per picture: the picture, its true mask, a found mask per network."""
    figure = Figure(figsize=(2.4 * len(titles), 2.4 * len(rows)), layout="constrained")
    grid = figure.subplots(len(rows), len(titles), squeeze=False)
    for place, row in enumerate(rows):
        for column, part in enumerate(row):
            grid[place, column].imshow(part, cmap="gray", vmin=0, vmax=1)
            grid[place, column].axis("off")
            if place == 0:
                grid[place, column].set_title(shown(titles[column], 30), fontsize=9)
    with whole_file(target) as temporary:
        figure.savefig(temporary, dpi=110)
