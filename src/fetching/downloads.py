"""Download a big archive so that a later run can continue, unpack it with suspicion, and install it in one step."""

import hashlib
import os
import re
import shutil
import time
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from fetching.archives import BROKEN, open_archive
from files.whole import write_json
from utils import UserError, shown

MOST_FILES = 99_999  # four times as many as the largest known set has
LONGEST_NAME = 255  # bytes between two slashes that disks accept
MOST_UNPACKED = 200  # times the packed size; photos hardly shrink in an archive, a bomb grows a thousandfold
WAITS = (1, 2, 4, 8, 16)  # seconds before each new try on a cut connection
SILENCE = 60  # seconds without a byte after which a connection counts as cut


class Unfinished(UserError):
    """The data set did not arrive completely. What has arrived stays for the next run."""


# ---------------------------------------------------------------- the network


class Part(NamedTuple):
    """An archive to download."""

    answer: object  # the server's first answer
    size: int  # in bytes; 0 if the server does not say
    file: Path  # where it goes
    lasts: bool  # whether a later run may continue it


def bring(answers, work, dataset, checksums=None):
    """Download archives into the folder `work`, continuing what an earlier run left there. Returns the files.

    answers: {name or address of an archive: the first answer of its server}; checksums: {the same name: checksum as
    `verify` takes it}.
    """
    parts = [part_of(name, answer, work) for name, answer in answers.items()]
    tidy(work, keep=[part.file for part in parts if part.lasts])
    size, free = sum(part.size for part in parts), shutil.disk_usage(work).free
    if size - sum(length(part.file) for part in parts) > free:
        raise UserError(f"--dataset={dataset} takes {size:,} bytes, more than the disk has free; free some space")
    print(f"downloading {dataset}{f', {size / 1e6:.1f} MB' if size else ''}", flush=True)
    for name, part in zip(answers, parts, strict=True):
        fetch(part.answer, part.file, part.size)
        verify(part.file, (checksums or {}).get(name), dataset)
    return [part.file for part in parts]


def part_of(name, answer, work):
    """Describe an archive by the first answer of its server."""
    size = int(answer.headers.get("Content-Length") or 0)
    version = answer.headers.get("ETag") or answer.headers.get("Last-Modified")
    # The file is named after the version, so that half of an old archive is never continued with half of a new one.
    mark = hashlib.sha256(f"{name} {version} {size}".encode()).hexdigest()[:16]
    return Part(answer, size, work / f"{mark}-{name.rpartition('/')[2]}", bool(version and size))


def verify(file, checksum, dataset):
    """Remove and refuse an archive that does not have the published checksum, "<kind>:<digits>" or None."""
    if not checksum:
        return
    kind, _, digits = checksum.partition(":")
    found = hashlib.new(kind, usedforsecurity=False)  # some systems ban MD5 otherwise; it still detects accidents
    with open(file, "rb") as content:
        while block := content.read(2**20):
            found.update(block)
    if found.hexdigest() != digits:
        file.unlink()
        name = file.name.partition("-")[2]
        raise Unfinished(
            f"--dataset={dataset}: {shown(name)} arrived with another {kind.upper()} than is published and was "
            "removed; run the same command again"
        )


@contextmanager
def plain_network_errors(option, site, reasons):
    """Turn network errors into one line. It names no address, because addresses may hold credentials.

    option: the option and its value, with which the line begins; reasons: {HTTP status: line}.
    """
    import requests

    try:
        yield
    except requests.HTTPError as error:
        status = error.response.status_code
        reason = reasons.get(status, f"{option} is not available from {site} now ({status}); try again later")
    except (requests.RequestException, ValueError):  # ValueError: the server gave an impossible address or length
        reason = f"{option}: cannot reach {site}; check the network and run the same command again"
    else:
        return
    raise Unfinished(reason)


def fetch(answer, archive, size):
    """Download what is missing of the archive; try again a few times if the connection is cut."""
    import requests

    for wait in (*WAITS, None):
        try:
            return stream(answer, archive, size)
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError):
            if wait is None:
                raise
        time.sleep(wait)


def stream(answer, archive, size):
    """Request what is missing of the archive once, and append it to the file."""
    import requests
    from tqdm import tqdm

    have = length(archive) if length(archive) <= size else 0
    if size and have == size:
        return
    # Repeat the request behind the answer, because Kaggle's client has no timeout and cannot continue a download.
    asked = answer.request
    headers = {**asked.headers, "Range": f"bytes={have}-", "Accept-Encoding": "identity"}
    with requests.request(
        asked.method, asked.url, headers=headers, data=asked.body, stream=True, timeout=SILENCE
    ) as body:
        body.raise_for_status()
        have = have if body.status_code == 206 else 0
        if archive.name.endswith("gz"):  # some servers present a tar.gz as a tar with gzip as its transfer encoding
            body.raw.headers.pop("Content-Encoding", None)
        bar = tqdm(total=size or None, initial=have, unit="B", unit_scale=True, disable=None, leave=False)
        with bar, open(archive, "ab" if have else "wb") as file:
            for block in body.iter_content(2**16):
                file.write(block)
                bar.update(len(block))
    if size and length(archive) != size:
        raise requests.ConnectionError("the answer ended early")


def length(file):
    """The size of a file in bytes, 0 if it does not exist."""
    return file.stat().st_size if file.exists() else 0


# ---------------------------------------------------------------- from archive to data set


def unpack(archive, folder, dataset):
    """Unpack an archive into a folder, or refuse it as a whole."""
    from tqdm import tqdm

    try:
        with open_archive(archive) as bundle:
            if wrong := mistrust(bundle.members(), archive):
                raise UserError(f"--dataset={dataset} is refused: its archive {wrong}; choose another data set")
            for member in tqdm(bundle.members(), unit=" files", disable=None, leave=False):
                bundle.extract(member, folder)
    except (*BROKEN, FileExistsError, NotADirectoryError, IsADirectoryError):  # a file stands where a folder should be
        raise UserError(
            f"--dataset={dataset} did not arrive as a sound zip or tar.gz archive; run again or later"
        ) from None


def mistrust(members, archive):
    """Describe what is wrong with the members of an archive, or return None. A stranger wrote their names and sizes."""
    count = total = 0
    packed, free = length(archive), shutil.disk_usage(archive.parent).free
    places, blind = set(), archive.with_name(archive.name.swapcase()).exists()  # blind: the disk ignores case
    for count, member in enumerate(members, 1):  # stop at the first wrong member: the rest may be a bomb
        total += member.size
        if count > MOST_FILES:
            return f"holds {count:,} files or more"
        if total > MOST_UNPACKED * packed:
            return f"of {packed:,} bytes would grow to {total:,} or more"
        if total > free:
            return f"would grow to {total:,} bytes or more, and the disk has {free:,} free"
        if wrong := mistrust_one(member):
            return f"holds {shown(member.name)}, {wrong}"
        place = str(PurePosixPath(member.name.casefold() if blind else member.name))
        if place in places and not member.name.endswith("/"):
            return f"holds {shown(member.name)} twice"
        places.add(place)
    return None if count else "holds 0 files"


def mistrust_one(member):
    """Describe what is wrong with a member of an archive, or return None."""
    name = member.name
    # Some disks drop blanks and dots at the end of a name, and so take ".. " for "..".
    if re.match(r"/|[A-Za-z]:", name) or re.search(r"\\|[\0-\x1f]|(^|/)[. ]{2,}(/|$)", name):
        return "a path that leads out of its folder"
    if any(len(part.encode(errors="replace")) > LONGEST_NAME for part in name.split("/")):
        return "a name that is too long"
    if not member.plain:
        return "a link or device"
    if member.size < 0:
        return "which has a negative size"
    if member.locked:
        return "which needs a password"
    return None


def refuse_to_overwrite(target, force):
    """Refuse to replace a folder of the user without --force."""
    if target.exists() and not force:
        raise UserError(
            f"--file_path={shown(target.parent)} already holds {shown(target.name)}, which is not a finished download "
            "of this data set; move it away or let --force replace it"
        )


def top_of(unpacked, name):
    """The folder of an unpacked data set and its name: the only folder at the top, or else everything, as `name`."""
    tops = list(unpacked.iterdir())
    if len(tops) == 1 and tops[0].is_dir() and not tops[0].name.startswith("."):
        return tops[0], tops[0].name
    return unpacked, name


def install(content, target, work, record, force):
    """Move an unpacked data set to `target`, beside the folder `work`, in one step. Returns `target`."""
    refuse_to_overwrite(target, force)
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    write_json(content / "source.json", record | {"downloaded": when})
    try:
        if target.exists():
            (work / "old").mkdir()
            os.replace(target, work / "old" / target.name)
        os.replace(content, target)
    except BaseException:
        put_back(work)
        raise
    return target


def put_back(work):
    """Restore a data set if a run was stopped after moving it away and before replacing it."""
    for old in work.glob("old/*"):
        if not work.with_name(old.name).exists():
            os.replace(old, work.with_name(old.name))


# ---------------------------------------------------------------- the folder to work in


@contextmanager
def workspace(work):
    """Make a hidden folder to work in, and remove it at the end unless the next run can continue with it."""
    made = [place for place in work.parents if not place.exists()]
    try:
        work.mkdir(parents=True, exist_ok=True)
        yield
        tidy(work)
    except KeyboardInterrupt:
        raise KeyboardInterrupt("the same command continues") from None
    except BaseException as error:
        kept = any(work.glob("old/*"))  # the user's data set, which could not be moved back
        if not kept and not isinstance(error, Unfinished):
            tidy(work)
        raise
    finally:
        for place in (work, *made):
            with suppress(OSError):  # not empty: it holds the data set, or what the next run continues
                place.rmdir()


def tidy(work, keep=()):
    """Empty the folder `work`, except for the files to keep."""
    for place in [place for place in work.glob("*") if place not in keep]:
        if place.is_dir():
            shutil.rmtree(place, ignore_errors=True)
        else:
            place.unlink()
