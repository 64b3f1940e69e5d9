"""A big archive from the network: fetched so that a later run continues, unpacked with suspicion, installed whole."""

import os
import re
import shutil
import time
from contextlib import contextmanager, suppress

from archives import BROKEN, open_archive
from utils import UserError, shown, write_json

MOST_FILES = 1_000_000
MOST_EXPANSION = 200  # photos hardly shrink in an archive; a bomb grows a thousandfold
WAITS = (1, 2, 4, 8, 16)  # seconds before each new try on a cut connection
SILENCE = 60  # seconds without a byte after which a connection counts as cut


class Unfinished(UserError):
    """Kaggle did not give all of the data set. What has arrived stays for the next run."""


# ---------------------------------------------------------------- the network


def fetch(answer, archive, size):
    """Bring what is missing of the archive to disk; a cut connection is tried again a few times."""
    import requests

    for wait in (*WAITS, None):
        try:
            return stream(answer, archive, size)
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError):
            if wait is None:
                raise
        time.sleep(wait)


def stream(answer, archive, size):
    """Ask once for what is missing of the archive and append it."""
    import requests
    from tqdm import tqdm

    have = length(archive) if length(archive) <= size else 0
    if size and have == size:
        return
    # Asked anew where Kaggle's answer came from, because the client can neither wait a limited time nor continue.
    asked = answer.request
    headers = {**asked.headers, "Range": f"bytes={have}-", "Accept-Encoding": "identity"}
    with requests.request(
        asked.method, asked.url, headers=headers, data=asked.body, stream=True, timeout=SILENCE
    ) as body:
        body.raise_for_status()
        have = have if body.status_code == 206 else 0
        bar = tqdm(total=size or None, initial=have, unit="B", unit_scale=True, disable=None, leave=False)
        with bar, open(archive, "ab" if have else "wb") as file:
            for block in body.iter_content(2**16):
                file.write(block)
                bar.update(len(block))
    if size and length(archive) != size:
        raise requests.ConnectionError("the answer ended early")


def length(file):
    """The size of a file in bytes, 0 where there is none."""
    return file.stat().st_size if file.exists() else 0


# ---------------------------------------------------------------- from archive to data set


def unpack(archive, folder, dataset):
    """Unpack an archive into a folder, or refuse all of it."""
    from tqdm import tqdm

    try:
        with open_archive(archive) as bundle:
            if wrong := mistrust(bundle.members(), archive):
                raise UserError(f"--dataset={dataset} is refused: its archive {wrong}; choose another data set")
            for member in tqdm(bundle.members(), unit=" files", disable=None, leave=False):
                bundle.extract(member, folder)
    except BROKEN:
        raise UserError(
            f"--dataset={dataset} did not arrive as a sound zip or tar.gz archive; run again or later"
        ) from None


def mistrust(members, archive):
    """What is wrong with the members of an archive, in words, or None. They are strangers' words and not our paths."""
    count = total = 0
    packed, free = length(archive), shutil.disk_usage(archive.parent).free
    for count, member in enumerate(members, 1):  # and no further than to the first wrong one: the rest may be a bomb
        total += member.size
        if count > MOST_FILES:
            return f"holds {count:,} files or more"
        if total > MOST_EXPANSION * packed:
            return f"of {packed:,} bytes would grow to {total:,} or more"
        if total > free:
            return f"would grow to {total:,} bytes or more, and the disk has {free:,} free"
        if wrong := mistrust_one(member):
            return f"holds {shown(member.name)}, {wrong}"
    return None if count else "holds 0 files"


def mistrust_one(member):
    """What is wrong with a member of an archive, in words, or None."""
    name = member.name
    if re.match(r"/|[A-Za-z]:", name) or re.search(r"\\|[\0-\x1f]", name) or ".." in name.split("/"):
        return "a path that leads out of its folder"
    if not member.plain:
        return "a link or device"
    if member.size < 0:
        return "which would be smaller than nothing"
    if member.locked:
        return "which needs a password"
    return None


def refuse_to_overwrite(target, force):
    """Stop before a folder of the user is replaced unasked."""
    if target.exists() and not force:
        raise UserError(
            f"--file_path={shown(target.parent)} already holds {shown(target.name)}, which is not a finished download "
            "of this data set; move it away or let --force replace it"
        )


def install(unpacked, work, dataset, force):
    """Move an unpacked data set from the folder work to its place beside it in one step. Returns that place."""
    tops = list(unpacked.iterdir())
    if len(tops) == 1 and tops[0].is_dir() and not tops[0].name.startswith("."):
        unpacked, target = tops[0], work.with_name(tops[0].name)
    else:
        target = work.with_name(dataset.split("/")[1])
    refuse_to_overwrite(target, force)
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    write_json(unpacked / "source.json", {"dataset": dataset, "site": "kaggle.com", "downloaded": when})
    try:
        if target.exists():
            (work / "old").mkdir()
            os.replace(target, work / "old" / target.name)
        os.replace(unpacked, target)
    except BaseException:
        put_back(work)
        raise
    return target


def put_back(work):
    """Return a data set to its place if a run was stopped between taking it away and replacing it."""
    for old in work.glob("old/*"):
        if not work.with_name(old.name).exists():
            os.replace(old, work.with_name(old.name))


# ---------------------------------------------------------------- the folder to work in


@contextmanager
def workspace(work):
    """A hidden folder to work in. It goes at the end, unless the next run can continue with what it holds."""
    made = [place for place in work.parents if not place.exists()]
    try:
        work.mkdir(parents=True, exist_ok=True)
        yield
        tidy(work)
    except KeyboardInterrupt:
        raise KeyboardInterrupt("the same command continues") from None
    except BaseException as error:
        kept = any(work.glob("old/*"))  # the user's data set, and the disk did not let it return
        if not kept and not isinstance(error, Unfinished):
            tidy(work)
        raise
    finally:
        for place in (work, *made):
            with suppress(OSError):  # it holds something: the data set, or what the next run continues
                place.rmdir()


def tidy(work, keep=None):
    """Empty the folder work, but for the file to keep."""
    for place in [place for place in work.glob("*") if place != keep]:
        if place.is_dir():
            shutil.rmtree(place, ignore_errors=True)
        else:
            place.unlink()
