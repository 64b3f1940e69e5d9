"""Write a network whose weights lie between those of two networks with the same layers.

Usage:
  average.py <one> <other> --save=<file> [--share=<x>]
  average.py --help

Options:
  --save=<file>  The network to write, .keras. Its record is that of <other>, and tells what it was averaged with.
  --share=<x>    How far to go from <one> to <other>, 0 to 1 [default: 0.5].
  --help         Show this text.

Training longer teaches a network something and makes it forget something else. The average of the networks before and
after is often better than either.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from command.options import number, path, quiet_libraries, read_options
from command.places import check_ending, check_place
from command.process import run
from utils import UserError, shown

OPTIONS = {"<one>": path, "<other>": path, "--save": path, "--share": number(0, 1)}


def main(argv):
    options = read_options(__doc__, OPTIONS, argv)
    check_place("--save", options["save"])
    check_ending("--save", options["save"], (".keras",))
    with quiet_libraries():
        from segmentation.registry import load_network
    average(load_network(options["<one>"]), load_network(options["<other>"]), **options)


def average(one, other, save, share, **names):
    """Write the average of two networks with their records to `save`; names: {"<one>": path, "<other>": path}."""
    from networks.saved import between, save_network
    from segmentation.registry import build

    (first, _), (last, record) = one, other
    first, last = first.get_weights(), last.get_weights()
    if [each.shape for each in first] != [each.shape for each in last]:
        files = " and ".join(shown(file) for file in names.values())
        raise UserError(f"{files} have different layers; name two networks of the same --network and classes")
    network = build(record, "float16")  # half the size on disk
    network.set_weights(between(first, last, share))
    save_network(save, network, record | {"averaged": {"with": names["<one>"].name, "share": share}})


if __name__ == "__main__":
    run(main)
