"""Download a segmentation data set from Kaggle.

Usage:
  download_data.py [options]
  download_data.py --help

Options:
  --dataset=<slug>    The data set as <owner>/<name>, the end of its page's address on Kaggle
                      [default: nikhilroxtomar/person-segmentation].
  --file_path=<dir>   Folder in which the data set gets a folder of its own [default: data].
  --force             Download again, and replace what is there once the new data set is complete.
  --help              Show this text.

Kaggle wants to know who asks: make a token at https://www.kaggle.com/settings (API, "Generate New Token")
and save it as ~/.kaggle/access_token. After Ctrl-C or a lost connection the same command continues.
"""

import hashlib
import os
import re
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path

from downloads import Unfinished, fetch, install, length, put_back, refuse_to_overwrite, tidy, unpack, workspace
from utils import PICTURES, ROOT, UserError, path, read_json, read_options, run, shown

DATASET = "nikhilroxtomar/person-segmentation"
FOLDER = "people_segmentation"  # the one folder at the top of that data set's archive


NEW_TOKEN = 'in your Kaggle account settings, API, "Generate New Token" and put it into ~/.kaggle/access_token'


def slug(name, value):
    """A check for <owner>/<name>."""
    if not re.fullmatch(r"[A-Za-z0-9][\w-]{0,99}/[A-Za-z0-9][\w-]{0,99}", value, re.ASCII):
        raise UserError(f"{name}={shown(value)} must be <owner>/<name>, the end of the data set's address on Kaggle")
    return value


OPTIONS = {"--dataset": slug, "--file_path": path}


def download_data(dataset=DATASET, file_path=ROOT / "data", force=False):
    """Put a data set from Kaggle into a folder of its own in file_path, whole or not at all. Returns that folder."""
    file_path = Path(file_path)
    work = file_path / f".{dataset.replace('/', '--')}.part"  # hidden, and on the disk of the final place
    with plain_disk_errors(file_path):
        put_back(work)
        target = find_finished(dataset, file_path)
        if target and not force:
            print(f"{target} is complete and stays as it is; --force downloads it again")
        else:
            target = fetch_data(dataset, work, force)
        report(target)
    return target


def fetch_data(dataset, work, force):
    """Download, unpack and install a data set by way of the folder work."""
    if dataset == DATASET:
        refuse_to_overwrite(work.with_name(FOLDER), force)
    with plain_kaggle_errors(dataset):
        client = log_in()
    with workspace(work):
        with plain_kaggle_errors(dataset):
            archive = download(client, dataset, work)
        unpack(archive, work / "unpacked", dataset)
        return install(work / "unpacked", work, dataset, force)


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
    """The folder in file_path into which an earlier run put this data set, or None."""
    for record in sorted(file_path.glob("*/source.json")):
        with suppress(OSError, ValueError, TypeError, KeyError):
            if read_json(record)["dataset"] == dataset:
                return record.parent
    return None


def report(target):
    """Say what a data set holds and what to type next."""

    files = [file.relative_to(target) for file in target.rglob("*") if file.is_file()]
    folders = [file.parts[:-1] for file in files if file.suffix.lower() in PICTURES]
    pictures, masks = (sum(kind in folder for folder in folders) for kind in ("images", "masks"))
    if pictures or masks:
        print(f"{target}: {pictures} pictures and {masks} masks")
    else:
        print(f"{target}: {len(files)} files, but no pictures in folders images and masks")
    usual = target.resolve() == (ROOT / "data" / FOLDER).resolve()
    place = f'"{target}"' if " " in str(target) else target
    print("next: python src/train.py" + ("" if usual else f" --data={place}"))


# ---------------------------------------------------------------- Kaggle


def log_in():
    """A client of Kaggle with the user's credentials, from all the places where Kaggle's own tool seeks them."""
    # kagglesdk and not kaggle: that logs in and prints when imported, and ignores KAGGLE_API_ENVIRONMENT.
    from kagglesdk import KaggleClient, KaggleCredentials, get_access_token_from_env

    try:
        token, _ = get_access_token_from_env()
    except (OSError, UnicodeError):  # the text of the error may hold the token, so it is not shown
        raise UserError(f"cannot read your Kaggle token; {NEW_TOKEN}") from None
    name, key = old_credentials()
    if not (token or key) and (session := KaggleCredentials.load(KaggleClient())):
        token = session.get_access_token()
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


@contextmanager
def plain_kaggle_errors(dataset):
    """Turn what goes wrong between us and Kaggle into one line without addresses, which may hold credentials."""
    import requests

    option = f"--dataset={shown(dataset)}"
    reasons = {
        401: f"Kaggle does not accept your credentials (401); {NEW_TOKEN}",
        403: f"{option} is closed to you or does not exist (403); open its page on Kaggle, log in and accept its terms",
        404: f"{option} is not on Kaggle (404); copy the <owner>/<name> from the data set's page",
    }
    try:
        yield
    except requests.HTTPError as error:
        status = error.response.status_code
        reason = reasons.get(status, f"{option} cannot be had from Kaggle now ({status}); try again later")
    except requests.RequestException:
        reason = f"{option}: cannot reach Kaggle; check the network and run the same command again"
    else:
        return
    raise Unfinished(reason)


def download(client, dataset, work):
    """Bring the archive of a data set into the folder work, continuing what an earlier run left there."""
    from kagglesdk.datasets.types.dataset_api_service import ApiDownloadDatasetRequest

    request = ApiDownloadDatasetRequest()
    request.owner_slug, request.dataset_slug = dataset.split("/")
    with client, client.datasets.dataset_api_client.download_dataset(request) as answer:
        size = int(answer.headers.get("Content-Length") or 0)
    version = answer.headers.get("ETag") or answer.headers.get("Last-Modified")
    # Named after its version: half of an old archive is never continued with half of a new one.
    archive = work / f"{hashlib.sha256(f'{version} {size}'.encode()).hexdigest()[:16]}.zip"
    tidy(work, keep=archive if version and size else None)
    if size - length(archive) > shutil.disk_usage(work).free:
        raise UserError(f"--dataset={dataset} takes {size:,} bytes, more than the disk has free; free some space")
    print(f"downloading {dataset}{f', {size / 1e6:.1f} MB' if size else ''}", flush=True)
    fetch(answer, archive, size)
    return archive


def main(argv):
    download_data(**read_options(__doc__, OPTIONS, argv))


if __name__ == "__main__":
    run(main)
