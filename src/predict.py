"""Find the people, or whatever else a network knows, in photographs and cut them out.

Usage:
  predict.py --file_path=<path> [options]
  predict.py --help

Options:
  --file_path=<path>   A picture, a folder of pictures, or a pattern in quotes ('holiday/*.jpg').
  --output=<name>      cutout: the figure on black, <name>_mask.jpeg; mask: the mask in grey, <name>_mask.png;
                       alpha: the figure with a soft transparent edge, <name>_alpha.png; overlay: the figure
                       tinted in its place, <name>_overlay.jpeg, or all classes of several, with a legend;
                       index: the number of each pixel's class, <name>_index.png; masks: a mask of each class
                       that is there, <name>_mask_<class>.png [default: cutout].
  --save=<path>        The file to write, or the folder for many, instead of a file beside each picture.
  --classes=<names>    What belongs to the figure, of a network that knows several classes, with commas between
                       them: hair,face; if left out, what its record calls the figure.
  --threshold=<x>      How sure the network must be, 0.01 to 0.99: higher keeps less [default: 0.5].
  --model=<file>       The trained network [default: model/person.keras].
  --force              Of many pictures, make again what is done already; if left out, what was made of the same
                       picture with the same options is passed over.
  --record=<what>      What of the files that a result is made of is written into it: names and checksums, or
                       full: also where they lie, and so perhaps who you are [default: names].
  --help               Show this text.

Examples:
  predict.py --file_path=me.jpg
  predict.py --file_path=holiday --output=alpha --save=figures
  predict.py --file_path=me.jpg --model=model/helen.keras --classes=hair,face
"""

from command.options import list_of, number, one_of, path, quiet_libraries, read_options, text, typed_path
from command.process import run

OPTIONS = {
    "--file_path": typed_path,
    "--output": one_of("cutout", "mask", "alpha", "overlay", "index", "masks"),
    "--save": typed_path,
    "--classes": list_of(text),
    "--threshold": number(0.01, 0.99),
    "--model": path,
    "--record": one_of("names", "full"),
}


def main(argv):
    options = read_options(__doc__, OPTIONS, argv)
    with quiet_libraries():
        from segmentation.prediction import predict
    predict(**options)


if __name__ == "__main__":
    run(main)
