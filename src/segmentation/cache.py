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
from segmentation.datasets import WrongSize, read_pair, say_left_out
from segmentation.joined import Joined
from segmentation.labels import WrongLabels
from segmentation.layouts import VOID, layout_of, stored_layout
from utils import ROOT, UserError, named, shown

CACHE = ROOT / "data" / ".cache"  # may be deleted at any time
FORMAT = 5  # increase this when the stored content changes, so that no old cache is mistaken for a new one


class DecodedSet:
    """The pairs of a folder, decoded at one size and padded with black.

    pictures: (N, size, size, 3) uint8. labels: (N, size, size) uint8: 0 and 1 with a single class; with several, class
    indices, and VOID in the padding. rows: {stem: row} of the usable pairs. wrong: {problem: [stems]} of the others.
    denials: {label: class indices} as in losses.py.
    fingerprint: a hash of all bytes of the pairs. layout: what is known about the data set, as in layouts.py.
    """

    def __init__(self, folder):
        about = read_json(folder / "set.json")
        self.layout = stored_layout(about["layout"], about["classes"])
        self.rows, self.wrong, self.fingerprint = about["rows"], about["wrong"], about["fingerprint"]
        self.denials = {int(label): denied for label, denied in about["denials"].items()}
        self.pictures = np.load(folder / "pictures.npy", mmap_mode="r")
        self.labels = np.load(folder / "labels.npy", mmap_mode="r")


def decoded(data, size, layout="auto", nobody=(), partial=()):
    """The pairs of the folder `data` at `size` px, from the cache if the same bytes were decoded before.

    nobody: folders of more pictures, which show no figure. partial: (folder, classes) of sets, in the layout of the
    data, in which only these classes are labelled.
    """
    layout = layout_of(data, layout)
    joined = Joined(layout, data)
    for folder, known in partial:
        joined.add_partial(folder, known)
    joined.add_nobody(nobody)
    fingerprint = _fingerprint(joined.pairs, layout.listed)
    folder = CACHE / f"{fingerprint[:16]}-{layout.name}-{size}-{FORMAT}"
    if not folder.exists():
        _fill(folder, joined, fingerprint, size)
    result = DecodedSet(folder)
    say_left_out(joined.problems | result.wrong)
    return result


def _fingerprint(pairs, listed=()):
    """A hash of the names and bytes of all pairs. It takes a second per gigabyte, but sizes and dates may mislead.

    listed: what the data set's own list of classes says.
    """
    total = hashlib.sha256(repr(listed).encode() if listed else b"")
    for stem, (*files, layout) in pairs.items():
        total.update(os.fsencode(stem))
        if layout.rest:
            total.update(f"{layout.known} {layout.rest}".encode())
        for file in filter(None, files):
            try:
                with open_file(file) as content:
                    total.update(hashlib.sha256(content.read()).digest())
            except OSError:
                total.update(b"unreadable")
    return total.hexdigest()


def _fill(folder, joined, fingerprint, size):
    """Decode all pairs into a folder that appears in one step, so that half a cache is never used."""
    pairs, problems = joined.pairs, joined.problems
    part = folder.with_name(f"{folder.name}.{secrets.token_hex(4)}.part")
    try:
        part.mkdir(parents=True)
        _check_space(part, len(pairs) * size * size * 4)
        rows, wrong = _decode(part, pairs, size)
        if not rows:
            left_out = (problems | wrong).items()
            reasons = "; ".join(f"{len(names)} {problem}: {named(names, 2)}" for problem, names in left_out)
            raise UserError(
                f"--data has no usable pair of picture and mask ({reasons or 'it is empty'}); see the README"
            )
        about = {"layout": joined.layout.name, "classes": joined.layout.classes, "denials": joined.denials}
        write_json(part / "set.json", about | {"rows": rows, "wrong": wrong, "fingerprint": fingerprint})
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


def _decode(part, pairs, size):
    """Write pictures.npy and labels.npy. Returns {stem: row} of the usable pairs, {problem: [stems]} of others."""
    shape = (max(len(pairs), 1), size, size)
    pictures = np.lib.format.open_memmap(part / "pictures.npy", "w+", np.uint8, (*shape, 3))
    labels = np.lib.format.open_memmap(part / "labels.npy", "w+", np.uint8, shape)

    def decode(row, picture, label, layout):
        try:
            image, values = read_pair(picture, label, layout)
        except WrongSize:
            return "masks of another size than their picture"
        except WrongLabels as error:
            return error
        except UserError:
            return "pairs that cannot be read"
        pictures[row] = pad_square(fit(image, size), size)
        labels[row] = _squared(values, size, 0 if layout.outputs == 1 else VOID)
        return None

    with warnings.catch_warnings(), ThreadPoolExecutor() as threads:
        warnings.simplefilter("ignore")  # about EXIF; what each thread hides for itself, another one may show again
        found = threads.map(decode, range(len(pairs)), *zip(*pairs.values(), strict=True))
        verdicts = list(tqdm(found, "decoding", len(pairs), unit="pair", disable=None)) if pairs else []
    strange = next((f"pairs with unknown labels ({each})" for each in verdicts if isinstance(each, WrongLabels)), None)
    wrong = {}
    for stem, verdict in zip(pairs, verdicts, strict=True):
        if verdict:
            wrong.setdefault(strange if isinstance(verdict, WrongLabels) else verdict, []).append(stem)
    rows = {stem: row for row, (stem, verdict) in enumerate(zip(pairs, verdicts, strict=True)) if not verdict}
    return rows, wrong


def _squared(labels, size, around):
    """Scale labels (H, W) to the long side `size` without blending, and put them into the middle of a square."""
    small = fit(Image.fromarray(labels), size, Image.Resampling.NEAREST)
    left, top = pad_offset(small.size, size)
    square = np.full((size, size), around, np.uint8)
    square[top : top + small.height, left : left + small.width] = small
    return square
