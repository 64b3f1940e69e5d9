"""The decoded cache: all pairs of a data set at one size, mapped from disk, so that training never waits for them."""

import hashlib
import os
import secrets
import shutil
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image
from tqdm import tqdm

from files.reading import open_file
from files.whole import read_json, write_json
from pictures.images import fit, pad_offset, pad_square
from segmentation.datasets import WrongSize, find_pairs, photos_of_nobody, read_pair, say_left_out
from segmentation.layouts import LAYOUTS, VOID, recognise
from utils import ROOT, UserError, named, shown

CACHE = ROOT / "data" / ".cache"  # may be deleted at any time
FORMAT = 2  # increase this when the stored content changes, so that no old cache is mistaken for a new one


class DecodedSet:
    """The pairs of a folder, decoded at one size and padded with black.

    pictures: (N, size, size, 3) uint8. labels: (N, size, size) uint8: 0 and 1 with a single class; with several, class
    indices, and VOID in the padding. rows: {stem: row} of the usable pairs. wrong: {problem: [stems]} of the others.
    fingerprint: a hash of all bytes of the pairs. layout: its name in LAYOUTS.
    """

    def __init__(self, folder):
        about = read_json(folder / "set.json")
        self.layout = about["layout"]
        self.rows, self.wrong, self.fingerprint = about["rows"], about["wrong"], about["fingerprint"]
        self.pictures = np.load(folder / "pictures.npy", mmap_mode="r")
        self.labels = np.load(folder / "labels.npy", mmap_mode="r")


def decoded(data, size, layout="auto", nobody=()):
    """The pairs of the folder `data` at `size` px, from the cache if the same bytes were decoded before.

    nobody: folders of more pictures, which show no figure.
    """
    layout = recognise(data, layout)
    pairs, problems = find_pairs(data, LAYOUTS[layout])
    if nobody:
        pairs |= _of_nobody(nobody, pairs, layout)
    fingerprint = _fingerprint(pairs)
    folder = CACHE / f"{fingerprint[:16]}-{layout}-{size}-{FORMAT}"
    if not folder.exists():
        _fill(folder, pairs, problems, fingerprint, size, layout)
    result = DecodedSet(folder)
    say_left_out(problems | result.wrong)
    return result


def _of_nobody(folders, pairs, layout):
    """The pictures in the folders of --nobody, as pairs without labels."""
    if LAYOUTS[layout].outputs > 1:
        raise UserError(f"--nobody is for data with a single class, and --layout={layout} has several; leave it out")
    photos = photos_of_nobody("--nobody", folders)
    twice = sorted(photos.keys() & pairs.keys())
    if twice:
        raise UserError(f"--nobody and --data both hold pictures named {named(twice, 2)}; rename them in one")
    return photos


def _fingerprint(pairs):
    """A hash of the names and bytes of all pairs. It takes a second per gigabyte, but sizes and dates may mislead."""
    total = hashlib.sha256()
    for stem, files in pairs.items():
        total.update(os.fsencode(stem))
        for file in filter(None, files):
            try:
                with open_file(file) as content:
                    total.update(hashlib.sha256(content.read()).digest())
            except OSError:
                total.update(b"unreadable")
    return total.hexdigest()


def _fill(folder, pairs, problems, fingerprint, size, layout):
    """Decode all pairs into a folder that appears in one step, so that half a cache is never used."""
    part = folder.with_name(f"{folder.name}.{secrets.token_hex(4)}.part")
    try:
        part.mkdir(parents=True)
        _check_space(part, len(pairs) * size * size * 4)
        rows, wrong = _decode(part, pairs, size, LAYOUTS[layout])
        if not rows:
            left_out = (problems | wrong).items()
            reasons = "; ".join(f"{len(names)} {problem}: {named(names, 2)}" for problem, names in left_out)
            raise UserError(
                f"--data has no usable pair of picture and mask ({reasons or 'it is empty'}); see the README"
            )
        about = {"layout": layout, "rows": rows, "wrong": wrong, "fingerprint": fingerprint}
        write_json(part / "set.json", about)
        os.replace(part, folder)
    except OSError as error:
        if not folder.exists():  # if it exists, another run was quicker
            raise UserError(f"cannot write {shown(folder)}: {error.strerror}; free some space") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _check_space(folder, needed):
    """Refuse, before any work, a cache that the disk cannot hold."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise UserError(
            f"--size: decoding the data needs {needed / 1e9:.1f} GB in {shown(folder.parent)}, "
            f"where {free / 1e9:.1f} GB are free; choose a smaller size"
        )


def _decode(part, pairs, size, layout):
    """Write pictures.npy and labels.npy. Returns {stem: row} of the usable pairs, {problem: [stems]} of others."""
    shape = (max(len(pairs), 1), size, size)
    pictures = np.lib.format.open_memmap(part / "pictures.npy", "w+", np.uint8, (*shape, 3))
    labels = np.lib.format.open_memmap(part / "labels.npy", "w+", np.uint8, shape)

    def decode(row, picture, label):
        try:
            image, values = read_pair(picture, label, layout)
        except WrongSize:
            return "masks of another size than their picture"
        except UserError:
            return "pairs that cannot be read"
        pictures[row] = pad_square(fit(image, size), size)
        labels[row] = _squared(values, size, 0 if layout.outputs == 1 else VOID)
        return None

    with warnings.catch_warnings(), ThreadPoolExecutor() as threads:
        warnings.simplefilter("ignore")  # about EXIF; what each thread hides for itself, another one may show again
        found = threads.map(decode, range(len(pairs)), *zip(*pairs.values(), strict=True))
        verdicts = list(tqdm(found, "decoding", len(pairs), unit="pair", disable=None)) if pairs else []
    wrong = {}
    for stem, verdict in zip(pairs, verdicts, strict=True):
        if verdict:
            wrong.setdefault(verdict, []).append(stem)
    rows = {stem: row for row, (stem, verdict) in enumerate(zip(pairs, verdicts, strict=True)) if not verdict}
    return rows, wrong


def _squared(labels, size, around):
    """Scale labels (H, W) to the long side `size` without blending, and put them into the middle of a square."""
    small = fit(Image.fromarray(labels), size, Image.Resampling.NEAREST)
    left, top = pad_offset(small.size, size)
    square = np.full((size, size), around, np.uint8)
    square[top : top + small.height, left : left + small.width] = small
    return square
