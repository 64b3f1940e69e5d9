"""Zip and tar.gz archives for the tests, sound ones and others."""

import gzip
import io
import json
import random
import struct
import tarfile
import zipfile

from fetching.sources import SETS

SIZE = 200_000  # of each file in the archives, in bytes

# {data set: {archive: its members}}, in the layouts of the real ones. A new entry of the registry needs one here.
CONTENTS = {
    "oxford-iiit-pet": {
        "images.tar.gz": ["images/", "images/cat_1.jpg", "images/cat_2.jpg"],
        "annotations.tar.gz": [
            "annotations/README",
            "annotations/xmls/",
            "annotations/trimaps/._cat_1.png",
            "annotations/trimaps/cat_1.png",
        ],
    },
    "ade20k": {
        "ADEChallengeData2016.zip": [
            *(f"ADEChallengeData2016/images/{part}/a.jpg" for part in ("training", "validation")),
            *(f"ADEChallengeData2016/annotations/{part}/a.png" for part in ("training", "validation")),
            "ADEChallengeData2016/objectInfo150.txt",
        ]
    },
    "helen": {
        "helenstar_release.zip": [
            f"helenstar_release/{part}/1_{kind}" for part in ("train", "test") for kind in ("image.jpg", "label.png")
        ]
    },
}


def content_of(name):
    """What lies in a file of the tests' archives: noise that does not shrink, other for each name."""
    return random.Random(name).randbytes(SIZE)


def packed(names, ending):
    """An archive of files and, where a name ends in a slash, folders."""
    file = io.BytesIO()
    if ending == ".zip":
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
            for name in names:
                bundle.writestr(name, content_of(name))
        return file.getvalue()
    return tar_gz([member(name, tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE) for name in names])


def member(name, kind=tarfile.REGTYPE, **fields):
    """A member of a tar archive; those that are files hold noise."""
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode = kind, 0o6777
    entry.size = SIZE if kind == tarfile.REGTYPE else 0
    for field, value in fields.items():
        setattr(entry, field, value)
    return entry


def tar_gz(entries):
    """A tar.gz archive of members; one that claims another size than that of the noise holds nothing."""
    blocks = []
    for entry in entries:
        content = content_of(entry.name) if entry.isreg() and entry.size == SIZE else b""
        blocks += [entry.tobuf(tarfile.GNU_FORMAT), content, bytes(-len(content) % tarfile.BLOCKSIZE)]
    return gzip.compress(b"".join(blocks) + bytes(tarfile.RECORDSIZE))


def crowd():
    """A zip archive whose directory lists 100,000 files, a few megabytes in all: they share one content."""
    name = b"a/%05d"
    first = b"PK\3\4" + struct.pack("<5H3I2H", 20, 0, 0, 0, 0, 0, 0, 0, len(name % 0), 0) + name % 0
    head = b"PK\1\2" + struct.pack("<6H3I5H2I", 20, 20, 0, 0, 0, 0, 0, 0, 0, len(name % 0), 0, 0, 0, 0, 0, 0)
    folder = b"".join(head + name % number for number in range(100_000))
    # Of so many members the end tells in a record of its own; the old one says 65,535.
    large = b"PK\6\6" + struct.pack("<Q2H2I4Q", 44, 45, 45, 0, 0, 100_000, 100_000, len(folder), len(first))
    large += b"PK\6\7" + struct.pack("<IQI", 0, len(first) + len(folder), 1)
    end = b"PK\5\6" + struct.pack("<4H2IH", 0, 0, 65535, 65535, len(folder), len(first), 0)
    return first + folder + large + end


def holds_all(folder, dataset):
    """Whether a folder is the data set, byte for byte and with nothing beside."""
    names = [name for members in CONTENTS[dataset].values() for name in members if not name.endswith("/")]
    own = SETS[dataset].folder
    inside = {name.removeprefix(f"{own}/"): content_of(name) for name in names}
    found = {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    record = json.loads(found.pop("source.json"))
    assert (record["dataset"], record["site"]) == (dataset, SETS[dataset].site)
    return found == inside


def tree(folder):
    """All that lies in a folder, hidden or not."""
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*"))
