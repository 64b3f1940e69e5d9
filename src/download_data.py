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
import lzma
import os
import re
import shutil
import stat
import time
import zipfile
import zlib
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path

from utils import ROOT, UserError, path, read_json, read_options, run, shown, write_json

DATASET = "nikhilroxtomar/person-segmentation"
FOLDER = "people_segmentation"  # the one folder at the top of that data set's archive

PICTURES = {".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff"}
MOST_FILES = 1_000_000
MOST_EXPANSION = 200  # photos hardly shrink in a zip archive; a bomb grows a thousandfold
WAITS = (1, 2, 4, 8, 16)  # seconds before each new try on a cut connection
SILENCE = 60  # seconds without a byte after which a connection counts as cut

NEW_TOKEN = 'on Kaggle open Settings, API, "Generate New Token" and put the token into'


class Unfinished(UserError):
    """Kaggle did not give all of the data set. What has arrived stays for the next run."""


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
    put_back(work, file_path)
    target = find_finished(dataset, file_path)
    if target and not force:
        print(f"{target} is complete and stays as it is; --force downloads it again")
    else:
        if dataset == DATASET:
            refuse_to_overwrite(file_path / FOLDER, force)
        client = log_in()
        with workspace(work, file_path):
            archive = download(client, dataset, work)
            new = unpack(archive, work / "unpacked", dataset)
            target = install(new, file_path, dataset, force)
    report(target)
    return target


# ---------------------------------------------------------------- what is there


def find_finished(dataset, file_path):
    """The folder in file_path into which an earlier run put this data set, or None."""
    for record in sorted(file_path.glob("*/source.json")):
        with suppress(OSError, ValueError, TypeError, KeyError):
            if read_json(record)["dataset"] == dataset:
                return record.parent
    return None


def refuse_to_overwrite(target, force):
    """Stop before a folder of the user is replaced unasked."""
    if target.exists() and not force:
        raise UserError(
            f"--file_path={shown(target.parent)} already holds {shown(target.name)}, which is not a finished download "
            "of this data set; move it away or let --force replace it"
        )


def report(target):
    """Say what a data set holds and what to type next."""
    files = [file.relative_to(target) for file in target.rglob("*") if file.suffix.lower() in PICTURES]
    pictures, masks = (sum(name in file.parts[:-1] for file in files) for name in ("images", "masks"))
    if pictures or masks:
        print(f"{target}: {pictures} pictures and {masks} masks")
    else:
        print(f"{target}: no folders images and masks, {sum(file.is_file() for file in target.rglob('*'))} files")
    usual = target.resolve() == (ROOT / "data" / FOLDER).resolve()
    place = f'"{target}"' if " " in str(target) else target
    print("next: python src/train.py" + ("" if usual else f" --data={place}"))


# ---------------------------------------------------------------- Kaggle


def log_in():
    """A client of Kaggle with the user's credentials, from all the places where Kaggle's own tool seeks them."""
    # kagglesdk and not kaggle: that logs in and prints when imported, and ignores KAGGLE_API_ENVIRONMENT.
    from kagglesdk import KaggleClient, KaggleCredentials, get_access_token_from_env

    with plain_errors("log in"):
        try:
            token, _ = get_access_token_from_env()
            name, key = old_credentials()
            if not (token or key) and (session := KaggleCredentials.load(KaggleClient())):
                token = session.get_access_token()
        except (OSError, UnicodeError) as error:
            if type(error).__module__.startswith("requests"):
                raise
            # The text of the error may hold the token, so it is not shown.
            raise UserError(f"cannot read your credentials; {NEW_TOKEN} ~/.kaggle/access_token") from None
    if not (token or key):
        raise UserError(
            f"no Kaggle credentials found; {NEW_TOKEN} ~/.kaggle/access_token or the environment variable "
            "KAGGLE_API_TOKEN (the older ~/.kaggle/kaggle.json works too)"
        )
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
def plain_errors(dataset):
    """Turn what goes wrong between us and Kaggle into one line without addresses, which may hold credentials."""
    import requests

    reasons = {
        401: f"Kaggle does not accept your credentials (401); {NEW_TOKEN} ~/.kaggle/access_token",
        403: f"--dataset={shown(dataset)} is closed to you or does not exist (403); open its page on Kaggle, log in "
        "and accept its terms",
        404: f"--dataset={shown(dataset)} is not on Kaggle (404); copy the <owner>/<name> from the data set's page",
    }
    try:
        yield
    except requests.HTTPError as error:
        status = error.response.status_code
        raise Unfinished(reasons.get(status, f"Kaggle cannot serve us now ({status}); try again later")) from None
    except requests.RequestException:
        raise Unfinished("cannot reach Kaggle; check the network and run the same command again") from None


def download(client, dataset, work):
    """Bring the archive of a data set into the folder work, continuing what an earlier run left there."""
    from kagglesdk.datasets.types.dataset_api_service import ApiDownloadDatasetRequest

    request = ApiDownloadDatasetRequest()
    request.owner_slug, request.dataset_slug = dataset.split("/")
    with plain_errors(dataset):
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


def fetch(answer, archive, size):
    """Write to disk what is missing of the archive; a cut connection is tried again a few times."""
    import requests

    cuts = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
    for wait in (*WAITS, None):
        if size and length(archive) == size:
            return
        with suppress(*cuts):
            stream(answer, archive, size)
            if length(archive) == size or not size:
                return
        if wait is None:
            raise Unfinished("the connection to Kaggle was cut too often; run the same command again to continue")
        time.sleep(wait)


def stream(answer, archive, size):
    """Ask once for what is missing of the archive and append it."""
    import requests
    from tqdm import tqdm

    # Asked anew where Kaggle's answer came from, because the client can neither wait a limited time nor continue.
    asked, have = answer.request, length(archive) if length(archive) < size else 0
    headers = {**asked.headers, "Range": f"bytes={have}-", "Accept-Encoding": "identity"}
    with requests.request(
        asked.method, asked.url, headers=headers, data=asked.body, stream=True, timeout=SILENCE
    ) as body:
        body.raise_for_status()
        have = have if body.status_code == 206 else 0
        bar = tqdm(total=size or None, initial=have, unit="B", unit_scale=True, disable=None, leave=False)
        with bar, open(archive, "ab" if have else "wb") as file:
            for block in body.iter_content(2**18):
                file.write(block)
                bar.update(len(block))


def length(file):
    """The size of a file in bytes, 0 where there is none."""
    return file.stat().st_size if file.exists() else 0


# ---------------------------------------------------------------- from archive to data set


def unpack(archive, folder, dataset):
    """Unpack an archive into a new folder, or refuse all of it. Returns the folder."""
    from tqdm import tqdm

    try:
        with zipfile.ZipFile(archive) as bundle:
            if wrong := mistrust(bundle.infolist(), archive):
                raise UserError(f"--dataset={dataset} is refused: its archive {wrong}; choose another data set")
            for member in tqdm(bundle.infolist(), unit=" files", disable=None, leave=False):
                bundle.extract(member, folder)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, zlib.error, lzma.LZMAError):
        raise UserError(f"--dataset={dataset} did not arrive as a sound zip archive; run again or later") from None
    return folder


def mistrust(members, archive):
    """What is wrong with the members of an archive, in words, or None. They are strangers' words and not our paths."""
    total = sum(member.file_size for member in members)
    if not 0 < len(members) <= MOST_FILES:
        return f"holds {len(members):,} files"
    if total > MOST_EXPANSION * length(archive):
        return f"of {length(archive):,} bytes would grow to {total:,}"
    if total > shutil.disk_usage(archive.parent).free:
        return f"would grow to {total:,} bytes, more than the disk has free"
    for member in members:
        name, kind = member.orig_filename, stat.S_IFMT(member.external_attr >> 16)
        if re.match(r"/|[A-Za-z]:", name) or re.search(r"\\|[\0-\x1f]", name) or ".." in name.split("/"):
            return f"holds {shown(name)}, a path that leads out of its folder"
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            return f"holds {shown(name)}, a link or device"
        if member.flag_bits & 1:
            return f"holds {shown(name)}, which needs a password"
    return None


def install(new, file_path, dataset, force):
    """Move an unpacked data set to its place in file_path in one step, and return that place."""
    tops = list(new.iterdir())
    if len(tops) == 1 and tops[0].is_dir() and not tops[0].name.startswith("."):
        new, target = tops[0], file_path / tops[0].name
    else:
        target = file_path / dataset.split("/")[1]
    refuse_to_overwrite(target, force)
    when = datetime.now(timezone.utc).isoformat(timespec="seconds")
    write_json(new / "source.json", {"dataset": dataset, "site": "kaggle.com", "downloaded": when})
    swap(new, target, file_path / f".{dataset.replace('/', '--')}.part" / "old")
    return target


def swap(new, target, aside):
    """Let new take the place of target. If that goes wrong, the old one returns, at the latest in the next run."""
    try:
        if target.exists():
            aside.mkdir()
            os.replace(target, aside / target.name)
        os.replace(new, target)
    except BaseException:
        put_back(aside.parent, target.parent)
        raise


def put_back(work, file_path):
    """Return a data set to its place if a run was stopped between taking it away and replacing it."""
    for old in work.glob("old/*"):
        if not (file_path / old.name).exists():
            os.replace(old, file_path / old.name)


@contextmanager
def workspace(work, file_path):
    """A hidden folder to work in. It goes at the end, unless the next run can continue with what it holds."""
    made = [place for place in (work, *work.parents) if not place.exists()]
    try:
        work.mkdir(parents=True, exist_ok=True)
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt("the same command continues") from None
    except Unfinished:
        raise
    except OSError as error:
        tidy(work)
        reason = error.strerror or type(error).__name__
        raise UserError(
            f"--file_path={shown(file_path)} cannot be written: {shown(reason)}; free some space or choose another folder"
        ) from None
    except BaseException:
        tidy(work)
        raise
    else:
        tidy(work)
    finally:
        for place in (work, *made[1:]):
            with suppress(OSError):  # it holds something: the data set, or what the next run continues
                place.rmdir()


def tidy(work, keep=None):
    """Empty the folder work, but for the file to keep."""
    for place in [place for place in work.glob("*") if place != keep]:
        if place.is_dir():
            shutil.rmtree(place, ignore_errors=True)
        else:
            place.unlink()


def main(argv):
    download_data(**read_options(__doc__, OPTIONS, argv))


if __name__ == "__main__":
    run(main)
