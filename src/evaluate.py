"""Score trained networks on pictures with known masks, and show where they are wrong.

Usage:
  evaluate.py --data=<dir> --model=<files> [options]
  evaluate.py --curves=<runs> --save=<file>
  evaluate.py --help

Options:
  --data=<dir>        The folder of the data set.
  --layout=<name>     How it is laid out: people (images/ and masks/), pets, ade20k, helen; auto looks [default: auto].
  --model=<files>     One trained network, or several with commas between them.
  --part=<name>       all pictures, or those that were held_back when the networks were trained (of several
                      networks: held back by all), or the training ones [default: all].
  --sources=<names>   Also score the sources of the pictures apart, told by how their names begin, with commas between.
  --ignore=<classes>  Classes that do not count, with commas between them, or none; if left out, those of the layout.
  --nobody            The pictures show nobody: --data holds pictures alone, and all that is found is a false alarm.
  --json=<file>       Also write the scores, of every picture too, as JSON.
  --panel=<file>      Also draw pictures, true masks and found masks side by side, as a PNG.
  --pictures=<n>      How many pictures the panel shows [default: 4].
  --confusion=<file>  Also draw which classes are taken for which, as a PNG, where there are several.
  --threshold=<x>     How sure a network of a single class must be, 0.01 to 0.99 [default: 0.5].
  --curves=<runs>     Draw loss and score of these networks' training runs, with commas between them, in one figure.
  --save=<file>       Where the curves go, a PNG.
  --help              Show this text.

Examples:
  evaluate.py --data=data/people_segmentation --model=model/Unet_model.keras --part=held_back
  evaluate.py --data=mine --model=a.keras,b.keras --json=scores.json --panel=panel.png
  evaluate.py --curves=model/a.keras,model/b.keras --save=curves.png
"""

import os

from command.options import list_of, number, one_of, path, quiet_libraries, read_options, text, whole
from command.places import check_apart, check_ending, check_file
from command.process import locked, run

OPTIONS = {
    "--data": path,
    "--model": list_of(path),
    "--layout": one_of("auto", "people", "pets", "ade20k", "helen"),
    "--part": one_of("all", "held_back", "training"),
    "--ignore": list_of(text),
    "--sources": list_of(text),
    "--json": path,
    "--panel": path,
    "--pictures": whole(1, 50),
    "--confusion": path,
    "--threshold": number(0.01, 0.99),
    "--curves": list_of(path),
    "--save": path,
}
ENDINGS = {"json": ".json", "panel": ".png", "confusion": ".png", "save": ".png"}


def main(argv):
    options = read_options(__doc__, OPTIONS, argv)
    for option, ending in ENDINGS.items():
        if options[option]:
            check_ending(f"--{option}", options[option], (ending,))
            check_file(f"--{option}", options[option])
    networks = options["model"] or ()
    read = (*networks, *(os.path.splitext(network)[0] + ".json" for network in networks))
    targets = {f"--{option}": options[option] for option in ENDINGS if options[option]}
    check_apart(targets, read)
    with locked(targets.items()):
        evaluate(options)


def evaluate(options):
    """Draw curves or score networks, whichever is asked for."""
    curves, save = options.pop("curves"), options.pop("save")
    if curves:
        with quiet_libraries():
            from networks.runs import compare_runs
        return compare_runs(curves, save)
    with quiet_libraries():
        from segmentation.evaluation import evaluate as score
    score(**options)


if __name__ == "__main__":
    run(main)
