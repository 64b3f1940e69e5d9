"""Score networks on a folder of pairs: the table, the JSON, the panel and the confusion matrix of evaluate.py."""

import numpy as np
from matplotlib.figure import Figure
from tqdm import tqdm

from files.whole import whole_file, write_json
from segmentation.classes import draw_confusion, legend, painted
from segmentation.datasets import find_pairs, is_held_back, photos_of_nobody, read_pair, say_left_out
from segmentation.layouts import LAYOUTS, ignored_labels, layout_of
from segmentation.registry import load_network
from segmentation.tables import Classes, Figures
from utils import UserError, shown


def evaluate(
    data,
    model,
    layout="auto",
    part="all",
    sources=None,
    ignore=None,
    nobody=False,
    json=None,
    panel=None,
    pictures=4,
    confusion=None,
    threshold=0.5,
):
    """Score the networks in the list `model` on the folder `data`: print a table, and write what else is asked for."""
    networks = {str(name): load_network(name) for name in model}
    records = [record for _, record in networks.values()]
    layout = LAYOUTS["people"] if nobody else layout_of(data, layout)
    ignored = ignored_labels(ignore, layout)
    judge = Figures(threshold, layout.classes) if layout.outputs == 1 else Classes(layout, ignored)
    if confusion and (layout.outputs == 1 or len(model) > 1):
        raise UserError(f"--confusion={shown(confusion)} shows one --model of several classes; leave it out")
    pairs = photos_of_nobody("--data", [data]) if nobody else pairs_of(data, layout)
    check_classes(networks, layout, data)
    pairs = choose_part(pairs, data, part, records)
    chosen = set(np.linspace(0, len(pairs) - 1, min(pictures, len(pairs))).round().astype(int)) if panel else set()
    results, rows = score(networks, pairs, layout, judge, chosen)
    if not results[str(model[0])]:
        raise UserError(f"--data={shown(data)} has no readable pair; see the lines above")
    summaries = {name: judge.summary(counts, sources or ()) for name, counts in results.items()}
    judge.print_table(summaries)
    if json:
        write_json(json, {"data": data.name, "part": part, "threshold": threshold, "models": summaries})
    if panel:
        draw_panel(panel, ["picture", "true", *networks], rows, layout)
    if confusion:
        (name, parts), *_ = summaries.items()
        draw_confusion(confusion, np.array(parts["confusion"]), layout.classes, shown(name, 40))


def score(networks, pairs, layout, judge, chosen):
    """Let networks find what is in pictures: {network: {stem: counts}}, and the panel's rows for the chosen places."""
    results, rows = {name: {} for name in networks}, []
    for place, (stem, files) in enumerate(tqdm(pairs.items(), "scoring", unit="picture", disable=None)):
        try:
            picture, true = read_pair(*files, layout)
        except UserError as error:
            print(f"left out: {error}")
            continue
        found = [judge.find(network, record, picture) for network, record in networks.values()]
        for counts, each in zip(results.values(), found, strict=True):
            counts[stem] = judge.count(true, each)
        if place in chosen:
            rows.append([picture, true, *found])
    return results, rows


def check_classes(networks, layout, data):
    """Refuse networks whose classes are not among those of the data; a single class may be one of many they know."""
    for name, (_, record) in networks.items():
        known = record.get("class_names", ["person"])
        low, high = (layout.classes, known) if layout.outputs == 1 else (known, layout.classes)
        if not set(low) <= set(high) or (len(known) == 1 < layout.outputs):
            theirs, ours = (shown(", ".join(classes), 60) for classes in (known, layout.classes))
            raise UserError(
                f"--model={shown(name)} knows {theirs}; --data={shown(data)} has {ours}; name one that fits"
            )


def pairs_of(data, layout):
    """The pairs of a folder, by stem; prints which files are left out."""
    pairs, problems = find_pairs(data, layout)
    say_left_out(problems)
    return pairs


def choose_part(pairs, data, part, records):
    """The pairs that belong to `part`, by stem."""
    if part != "all":
        shares = [record.get("data", {}).get("held_back") for record in records]
        if None in shares:
            raise UserError(f"--part={part}: the record of a --model does not say what was held back; use --part=all")
        # Held back by all networks, or seen by all of them: a smaller held-back share is contained in a larger one.
        share = min(shares) if part == "held_back" else max(shares)
        pairs = {stem: files for stem, files in pairs.items() if is_held_back(stem, share) == (part == "held_back")}
    if not pairs:
        raise UserError(f"--data={shown(data)} has no picture to score (--part={part}); check the folder")
    return pairs


def draw_panel(target, titles, rows, layout):
    """Draw a row for each picture: the picture, its true labels, and what each network finds; a legend below."""
    many = layout.outputs > 1
    figure = Figure(figsize=(2.4 * len(titles), 2.4 * len(rows) + 0.8 * many), layout="constrained")
    grid = figure.subplots(len(rows), len(titles), squeeze=False)
    for place, (picture, *labels) in enumerate(rows):
        shown_labels = [painted(each, layout.outputs) for each in labels] if many else labels
        for column, part in enumerate([picture, *shown_labels]):
            grid[place, column].imshow(part, cmap="gray", vmin=0, vmax=1)
            grid[place, column].axis("off")
            if place == 0:
                grid[place, column].set_title(shown(titles[column], 30), fontsize=9)
    if many:
        patches = legend(layout.classes, [each for _, *labels in rows for each in labels])
        figure.legend(handles=patches, loc="outside lower center", ncols=6, fontsize=8, frameon=False)
    with whole_file(target) as temporary:
        figure.savefig(temporary, dpi=110)
