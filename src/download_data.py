"""Download a data set for segmentation, from Kaggle or from its makers.

Usage:
  download_data.py [options]
  download_data.py --help

Options:
  --dataset=<name>    A data set on Kaggle as <owner>/<name>, the end of its page's address, or one of the names
                      below [default: nikhilroxtomar/person-segmentation].
  --file_path=<dir>   The folder in which the data set gets a folder of its own [default: data].
  --force             Download again, and replace the data set once the new one is complete.
  --help              Show this text.

Data sets that come from their makers, without Kaggle:
  oxford-iiit-pet     7,390 photos of cats and dogs with trimaps, 0.8 GB, into oxford-iiit-pet/
  ade20k              22,210 scenes with 150 kinds of things labelled, 1 GB, into ADEChallengeData2016/
  helen               2,099 faces with their parts labelled (HELEN*), into helenstar_release/; you must download its
                      archive by hand, and the command says from where

Kaggle requires an account: make a token at https://www.kaggle.com/settings (API, "Generate New Token") and save it
as ~/.kaggle/access_token. After Ctrl-C or a lost connection, the same command continues.
"""

import re

from command.options import path, read_options
from command.process import locked, run
from fetching.sources import SETS
from utils import UserError, shown


def slug(name, value):
    """A check for <owner>/<name>."""
    if not re.fullmatch(r"[A-Za-z0-9][\w-]{0,99}/[A-Za-z0-9][\w-]{0,99}", value, re.ASCII):
        raise UserError(f"{name}={shown(value)} must be <owner>/<name>, the end of the data set's address on Kaggle")
    return value


def known(name, value):
    """A check for a data set: one of our own names, or <owner>/<name> on Kaggle."""
    if value in SETS:
        return value
    try:
        return slug(name, value)
    except UserError as error:
        raise UserError(f"{error}, or {' or '.join(SETS)}") from None


OPTIONS = {"--dataset": known, "--file_path": path}


def main(argv):
    options = read_options(__doc__, OPTIONS, argv)
    from fetching.sets import download_data

    with locked([("--file_path", options["file_path"] / options["dataset"].replace("/", "--"))]):
        download_data(**options)


if __name__ == "__main__":
    run(main)
