"""Score trained networks on pictures with known masks, and show where they are wrong.

Usage:
  evaluate.py --data=<dir> --model=<files> [options]
  evaluate.py --curves=<runs> --save=<file>
  evaluate.py --help

Options:
  --data=<dir>        The folder of the data set.
  --layout=<name>     Its layout: people (images/ and masks/), classes (images/, masks/ and classes.txt), voc (the 21
                      classes of Pascal VOC), pets, ade20k or helen; auto looks at its folders [default: auto].
  --model=<files>     One trained network, or several separated by commas; or segmenters of KerasHub, by name
                      (segformer_b0_ade20k_512, downloaded once) or as folders.
  --part=<name>       all pictures; held_back: those that no network was trained on; training: those that all were
                      trained on [default: all].
  --sources=<names>   Also score the sources of the pictures, separated by commas; file names begin with them.
  --ignore=<classes>  Classes that do not count, separated by commas, or none; if left out, those of the layout.
  --nobody            Count false alarms: --data is a folder of pictures that show nobody.
  --json=<file>       Also write the scores, including those of each picture, as JSON.
  --panel=<file>      Also draw pictures, true masks and found masks side by side, as a PNG.
  --pictures=<n>      How many pictures the panel shows [default: 4].
  --confusion=<file>  Also draw which classes are taken for which, as a PNG, if there are several classes.
  --threshold=<x>     How sure a network with a single class must be, 0.01 to 0.99 [default: 0.5].
  --curves=<runs>     Draw loss and score of these networks' training runs, separated by commas, in one plot.
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
    "--layout": one_of("auto", "people", "pets", "ade20k", "helen", "voc", "classes"),
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
    """Draw curves or score networks, whichever was asked for."""
    curves, save = options.pop("curves"), options.pop("save")
    if curves:
        with quiet_libraries():
            from networks.curves import compare_runs
        return compare_runs(curves, save)
    with quiet_libraries():
        from segmentation.evaluation import evaluate as score
    score(**options)


if __name__ == "__main__":
    run(main)
