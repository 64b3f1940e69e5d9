"""Find the people in photographs and cut them out.

Usage:
  predict.py --file_path=<path> [options]
  predict.py --help

Options:
  --file_path=<path>   A picture, a folder of pictures, or a pattern in quotes ('holiday/*.jpg').
  --output=<name>      cutout: the figure on black, <name>_mask.jpeg; mask: the mask in grey, <name>_mask.png;
                       alpha: the figure with a soft transparent edge, <name>_alpha.png; overlay: the figure
                       tinted in its place, <name>_overlay.jpeg [default: cutout].
  --save=<path>        The file to write, or the folder for many, instead of a file beside each picture.
  --threshold=<x>      How sure the network must be, 0.01 to 0.99: higher keeps less [default: 0.5].
  --model=<file>       The trained network [default: model/person.keras].
  --help               Show this text.

Examples:
  predict.py --file_path=me.jpg
  predict.py --file_path=holiday --output=alpha --save=figures
"""

from utils import number, one_of, path, quiet_libraries, read_options, run, text

OPTIONS = {
    "--file_path": text,
    "--output": one_of("cutout", "mask", "alpha", "overlay"),
    "--save": text,
    "--threshold": number(0.01, 0.99),
    "--model": path,
}


def main(argv):
    options = read_options(__doc__, OPTIONS, argv)
    with quiet_libraries():
        from segmentation.prediction import predict
    predict(**options)


if __name__ == "__main__":
    run(main)
