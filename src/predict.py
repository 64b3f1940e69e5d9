"""Find the people, or whatever else a network knows, in photographs and cut them out.

Usage:
  predict.py --file_path=<path> [options]
  predict.py --help

Options:
  --file_path=<path>   A picture, a folder of pictures, or a pattern in quotes ('holiday/*.jpg').
  --output=<name>      cutout: the figure on black, <name>_mask.jpeg; mask: the grey mask, <name>_mask.png;
                       alpha: the figure on a transparent background, <name>_alpha.png; overlay: the photo tinted
                       in the colours of its classes, with their names below, or with --classes only the figure
                       tinted, <name>_overlay.jpeg; index: a label image, the number of each pixel's class in a
                       palette, <name>_index.png; masks: a mask, 0 or 255, for each class that is found,
                       <name>_mask_<class>.png [default: cutout].
  --save=<path>        The file to write, or the folder for many, instead of a file beside each picture.
  --classes=<names>    The classes that make up the figure, separated by commas, if the network knows several:
                       hair,face; if left out, those that its record calls the figure.
  --threshold=<x>      How sure the network must be, 0.01 to 0.99; higher keeps less [default: 0.5].
  --model=<file>       The trained network; or a segmenter of KerasHub, by name (segformer_b0_ade20k_512, downloaded
                       once) or as a folder [default: model/person.keras].
  --force              Process all pictures of a folder again. If left out, pictures that are done already, with
                       the same options, are skipped.
  --cluster=<address>  Let the workers of a Dask cluster do it, tcp://host:8786, or local:<n>, n workers on this
                       machine.
  --record=<what>      What each result tells about the files it was made from: names (and checksums), or full:
                       also where they lie, and so perhaps who you are [default: names].
  --help               Show this text.

Examples:
  predict.py --file_path=me.jpg
  predict.py --file_path=holiday --output=alpha --save=figures
  predict.py --file_path=me.jpg --model=model/helen.keras --classes=hair,face
  predict.py --file_path=rex.jpg --classes=dog --output=alpha
"""

from cluster.address import cluster_address
from command.options import list_of, number, one_of, path, quiet_libraries, read_options, text, typed_path
from command.process import run

OPTIONS = {
    "--file_path": typed_path,
    "--output": one_of("cutout", "mask", "alpha", "overlay", "index", "masks"),
    "--save": typed_path,
    "--classes": list_of(text),
    "--threshold": number(0.01, 0.99),
    "--model": path,
    "--cluster": cluster_address,
    "--record": one_of("names", "full"),
}


def main(argv):
    options = read_options(__doc__, OPTIONS, argv)
    with quiet_libraries():
        from segmentation.prediction import predict
    predict(**options)


if __name__ == "__main__":
    run(main)
