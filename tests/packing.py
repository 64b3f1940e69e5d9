"""Zip and tar.gz archives for the tests, sound ones and others."""

import io
import random
import tarfile
import zipfile

SIZE = 200_000  # of each file in the archives, in bytes


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
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz", format=tarfile.GNU_FORMAT) as bundle:
        for entry in entries:
            if entry.isreg() and entry.size == SIZE:
                bundle.addfile(entry, io.BytesIO(content_of(entry.name)))
            else:
                bundle.addfile(entry)
    return file.getvalue()
