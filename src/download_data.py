"""Download a data set for segmentation, from Kaggle or from its makers.

Usage:
  download_data.py [options]
  download_data.py --help

Options:
  --dataset=<name>    A data set of Kaggle as <owner>/<name>, the end of its page's address, or one of the names below
                      [default: nikhilroxtomar/person-segmentation].
  --file_path=<dir>   Folder in which the data set gets a folder of its own [default: data].
  --force             Download again, and replace what is there once the new data set is complete.
  --help              Show this text.

Names of sets that come from their makers, without Kaggle:
  oxford-iiit-pet     7,390 photos of cats and dogs with trimaps, 0.8 GB, into oxford-iiit-pet/
  ade20k              22,210 scenes with 150 kinds of things labelled, 1 GB, into ADEChallengeData2016/
  helen               2,099 faces with their parts labelled (HELEN*), into helenstar_release/; its archive must be
                      fetched by hand, and the command says from where

Kaggle wants to know who asks: make a token at https://www.kaggle.com/settings (API, "Generate New Token")
and save it as ~/.kaggle/access_token. After Ctrl-C or a lost connection the same command continues.
"""

import os
import re
import shutil
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from command.options import path, read_options
from command.process import alone, run
from fetching import sources
from fetching.downloads import (
    bring,
    install,
    plain_network_errors,
    put_back,
    refuse_to_overwrite,
    top_of,
    unpack,
    workspace,
)
from fetching.sources import SETS
from files.whole import read_json
from utils import PICTURES, ROOT, UserError, shown

DATASET = "nikhilroxtomar/person-segmentation"
FOLDER = "people_segmentation"  # the one folder at the top of that data set's archive

NEW_TOKEN = 'in your Kaggle account settings, API, "Generate New Token" and put it into ~/.kaggle/access_token'


def slug(name, value):
    """A check for <owner>/<name>."""
    if not re.fullmatch(r"[A-Za-z0-9][\w-]{0,99}/[A-Za-z0-9][\w-]{0,99}", value, re.ASCII):
        raise UserError(f"{name}={shown(value)} must be <owner>/<name>, the end of the data set's address on Kaggle")
    return value


def known(name, value):
    """A check for a data set: a name of our own, or <owner>/<name> on Kaggle."""
    if value in SETS:
        return value
    try:
        return slug(name, value)
    except UserError as error:
        raise UserError(f"{error}, or {' or '.join(SETS)}") from None


OPTIONS = {"--dataset": known, "--file_path": path}


def download_data(dataset=DATASET, file_path=ROOT / "data", force=False):
    """Put a data set into a folder of its own in file_path, whole or not at all. Returns that folder."""
    file_path = Path(file_path)
    work = file_path / f".{dataset.replace('/', '--')}.part"  # hidden, and on the disk of the final place
    with alone([("--file_path", file_path / dataset.replace("/", "--"))]), plain_disk_errors(file_path):
        put_back(work)
        target = find_finished(dataset, file_path)
        if target and not force:
            shutil.rmtree(work, ignore_errors=True)  # of a run that was killed once the set was in its place
            print(f"{target} is complete and stays as it is; --force downloads it again")
        else:
            target = fetch_data(dataset, work, force)
        report(target, dataset)
    return target


def fetch_data(dataset, work, force):
    """Download, unpack and install a data set by way of the folder work."""
    folders = {DATASET: FOLDER} | {name: source.folder for name, source in SETS.items()}
    if dataset in folders:
        refuse_to_overwrite(work.with_name(folders[dataset]), force)
    get = partial(sources.get, dataset) if dataset in SETS else from_kaggle(dataset)
    with workspace(work):
        for archive in get(work):
            unpack(archive, work / "unpacked", dataset)
        content, name, site = unpacked(dataset, work / "unpacked")
        return install(content, work.with_name(name), work, {"dataset": dataset, "site": site}, force)


def unpacked(dataset, folder):
    """The content of an unpacked data set, the name of its folder, and the site it is from."""
    if dataset in SETS:
        return sources.find_content(folder, dataset), SETS[dataset].folder, SETS[dataset].site
    return *top_of(folder, dataset.split("/")[1]), "kaggle.com"


@contextmanager
def plain_disk_errors(file_path):
    """Turn what goes wrong on the disk into one line."""
    try:
        yield
    except OSError as error:
        where, why = shown(file_path), error.strerror or type(error).__name__
        raise UserError(f"cannot use --file_path={where}: {why}; free some space or choose another folder") from None


# ---------------------------------------------------------------- what is there


def find_finished(dataset, file_path):
    """The folder in file_path into which an earlier run, or the user by hand, put this data set, or None."""
    for record in sorted(file_path.glob("*/source.json")):
        with suppress(OSError, ValueError, TypeError, KeyError):
            if read_json(record)["dataset"] == dataset:
                return record.parent
    return file_path / SETS[dataset].folder if sources.is_there_by_hand(dataset, file_path) else None


def report(target, dataset):
    """Say what a data set holds and what to type next."""
    files = [file.relative_to(target) for file in target.rglob("*") if file.is_file()]
    pictures = [file for file in files if file.suffix.lower() in PICTURES and not file.name.startswith(".")]
    print(f"{target}: {told_known(pictures, dataset) if dataset in SETS else told(pictures, files)}")
    usual = target.resolve() == (ROOT / "data" / FOLDER).resolve()
    place = f'"{target}"' if " " in str(target) else target
    print("next: python src/train.py" + ("" if usual else f" --data={place}"))


def told(pictures, files):
    """What a data set of Kaggle holds, in words."""
    count, masks = (sum(kind in file.parts[:-1] for file in pictures) for kind in ("images", "masks"))
    if count or masks:
        return f"{count} pictures and {masks} masks"
    return f"{len(files)} files, but no pictures in folders images and masks"


def told_known(pictures, dataset):
    """What one of our own data sets holds, in words: pictures and labels alike are image files."""
    return " and ".join(
        f"{sum(file.parts[0] == folder for file in pictures)} image files in {folder}" for folder in SETS[dataset].holds
    )


# ---------------------------------------------------------------- Kaggle


def from_kaggle(dataset):
    """A function that brings the archive of a data set on Kaggle into a folder, once Kaggle knows us."""
    with plain_kaggle_errors(dataset):
        client = log_in()

    def get(work):
        with plain_kaggle_errors(dataset):
            return download(client, dataset, work)

    return get


def log_in():
    """A client of Kaggle with the user's credentials, from all the places where Kaggle's own tool seeks them."""
    # kagglesdk and not kaggle: that logs in and prints when imported, and ignores KAGGLE_API_ENVIRONMENT.
    from kagglesdk import KaggleClient, KaggleCredentials, get_access_token_from_env

    try:
        token, _ = get_access_token_from_env()
    except (OSError, UnicodeError):  # the text of the error may hold the token, so it is not shown
        raise UserError(f"cannot read your Kaggle token; {NEW_TOKEN}") from None
    name, key = old_credentials()
    if not (token or key):
        try:
            session = KaggleCredentials.load(KaggleClient())
        except (OSError, ValueError, LookupError, TypeError, AttributeError):  # what it is told there is damaged
            raise UserError(
                f"cannot read ~/.kaggle/credentials.json; delete it, and make a token {NEW_TOKEN}"
            ) from None
        token = session.get_access_token() if session else None
    if not (token or key):
        raise UserError(
            f"no Kaggle credentials found; {NEW_TOKEN} or the environment variable KAGGLE_API_TOKEN "
            "(the older ~/.kaggle/kaggle.json works too)"
        )
    if not re.fullmatch("[!-~]+", token or f"{name}{key}"):  # the HTTP library would refuse it, and print it
        raise UserError(f"your Kaggle token holds blanks or other stray characters; {NEW_TOKEN}")
    return KaggleClient(username=name, password=key, api_token=token)


def old_credentials():
    """User name and key from the environment or from kaggle.json, or None and None."""
    name, key = os.environ.get("KAGGLE_USERNAME"), os.environ.get("KAGGLE_KEY")
    if name and key:
        return name, key
    for folder in (os.environ.get("KAGGLE_CONFIG_DIR"), "~/.kaggle", "~/.config/kaggle"):
        with suppress(OSError, ValueError, TypeError, KeyError):
            saved = read_json(Path(folder, "kaggle.json").expanduser())
            return saved["username"], saved["key"]
    return None, None


def plain_kaggle_errors(dataset):
    """Turn what goes wrong between us and Kaggle into one line."""
    option = f"--dataset={shown(dataset)}"
    reasons = {
        401: f"Kaggle does not accept your credentials (401); {NEW_TOKEN}",
        403: f"{option} is closed to you or does not exist (403); open its page on Kaggle, log in and accept its terms",
        404: f"{option} is not on Kaggle (404); copy the <owner>/<name> from the data set's page",
    }
    return plain_network_errors(option, "Kaggle", reasons)


def download(client, dataset, work):
    """Bring the archive of a data set into the folder work. Returns it in a list."""
    from kagglesdk.datasets.types.dataset_api_service import ApiDownloadDatasetRequest

    request = ApiDownloadDatasetRequest()
    request.owner_slug, request.dataset_slug = dataset.split("/")
    with client, client.datasets.dataset_api_client.download_dataset(request) as answer:
        pass  # the rest of it is asked for anew
    return bring({"archive.zip": answer}, work, dataset)


def main(argv):
    download_data(**read_options(__doc__, OPTIONS, argv))


if __name__ == "__main__":
    run(main)
