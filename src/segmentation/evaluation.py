"""Scoring networks on a folder of pairs: the table, the JSON and the panel of evaluate.py."""

import numpy as np
from matplotlib.figure import Figure
from tqdm import tqdm

from segmentation.datasets import find_pairs, is_held_back, read_pair, say_left_out
from segmentation.masks import find_masks
from segmentation.models import load_network
from segmentation.scores import count, scores
from utils import UserError, shown, whole_file, write_json

WORST = 5  # how many pictures the table names


def evaluate(data, model, part="all", json=None, panel=None, pictures=4, threshold=0.5):
    """Score the networks in the list `model` on the folder `data`; print a table, write what else is asked for."""
    networks = {str(name): load_network(name) for name in model}
    pairs = choose_pairs(data, part, [record for _, record in networks.values()])
    chosen = set(np.linspace(0, len(pairs) - 1, min(pictures, len(pairs))).round().astype(int)) if panel else set()
    results, rows = {name: {} for name in networks}, []
    for place, (stem, files) in enumerate(tqdm(pairs.items(), "scoring", unit="picture", disable=None)):
        try:
            picture, figure = read_pair(*files)
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
    told = {name: summary(counts) for name, counts in results.items()}
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


def summary(counts):
    """The scores over a whole set and their mean over its pictures, from {stem: counts}."""
    each = {stem: scores(one) for stem, one in counts.items()}
    mean = {name: float(np.mean([one[name] for one in each.values()])) for name in next(iter(each.values()))}
    return {"set": scores(sum(counts.values())), "mean": mean, "pictures": each}


def print_table(told):
    """Print two lines of scores per network and name its worst pictures, from {name: summary}."""
    width = max(len(shown(name)) for name in told)
    for number, (name, parts) in enumerate(told.items()):
        if number == 0:
            heads = " ".join(f"{score.replace('_', ' '):>14}" for score in parts["set"])
            print(f"{'':{width}}  {'':4} {heads}   ({len(parts['pictures'])} pictures)")
        for kind in ("set", "mean"):
            line = " ".join(f"{value:14.3f}" for value in parts[kind].values())
            print(f"{shown(name) if kind == 'set' else '':{width}}  {kind:4} {line}")
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
