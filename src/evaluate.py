"""Score trained networks on pictures with known masks, and show where they are wrong.

Usage:
  evaluate.py --data=<dir> --model=<files> [options]
  evaluate.py --help

Options:
  --data=<dir>        The folder with images/ and masks/.
  --model=<files>     One trained network, or several with commas between them.
  --part=<name>       all pictures, or those that were held_back when the networks were trained (of several
                      networks: held back by all) [default: all].
  --sources=<names>   Also score the sources of the pictures apart, told by how their names begin, with commas between.
  --nobody            The pictures show nobody: --data holds pictures alone, and all that is found is a false alarm.
  --json=<file>       Also write the scores, of every picture too, as JSON.
  --panel=<file>      Also draw pictures, true masks and found masks side by side, as a PNG.
  --pictures=<n>      How many pictures the panel shows [default: 4].
  --threshold=<x>     How sure a network must be, 0.01 to 0.99 [default: 0.5].
  --help              Show this text.

Examples:
  evaluate.py --data=data/people_segmentation --model=model/Unet_model.keras --part=held_back
  evaluate.py --data=mine --model=a.keras,b.keras --json=scores.json --panel=panel.png
"""

from utils import (
    check_ending,
    check_place,
    list_of,
    number,
    one_of,
    path,
    quiet_libraries,
    read_options,
    run,
    text,
    whole,
)

OPTIONS = {
    "--data": path,
    "--model": text,
    "--part": one_of("all", "held_back"),
    "--sources": list_of(text),
    "--json": path,
    "--panel": path,
    "--pictures": whole(1, 50),
    "--threshold": number(0.01, 0.99),
}
ENDINGS = {"json": ".json", "panel": ".png"}


def main(argv):
    options = read_options(__doc__, OPTIONS, argv)
    options["model"] = [path("--model", name) for name in options["model"].split(",")]
    for option in ("json", "panel"):
        if options[option]:
            check_ending(f"--{option}", options[option], (ENDINGS[option],))
            check_place(f"--{option}", options[option])
    with quiet_libraries():
        from segmentation.evaluation import evaluate
    evaluate(**options)


if __name__ == "__main__":
    run(main)
