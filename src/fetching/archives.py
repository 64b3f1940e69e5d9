"""What a zip or tar.gz archive holds, told alike for both, and how one of its members is unpacked."""

import gzip
import lzma
import stat
import tarfile
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

LONGEST_HEADER = 2**20  # bytes; a name of a megabyte is an attack on our memory

# What the two libraries raise for archives that are torn, or made to trip them.
BROKEN = (
    *(zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, lzma.LZMAError),
    *(EOFError, NotImplementedError, OverflowError, RecursionError, ValueError),
)


class Member(NamedTuple):
    """A member of an archive as its maker tells of it: name, of a folder with a slash at its end, unpacked bytes,
    whether it is a file or a folder and neither link nor device, whether it needs a password, and the library's own
    entry."""

    name: str
    size: int
    plain: bool
    locked: bool
    entry: object


@contextmanager
def open_archive(file):
    """A zip or tar.gz archive, told by its first bytes, in a `with` statement."""
    with open(file, "rb") as start:
        is_gzip = start.read(2) == b"\x1f\x8b"
    if is_gzip:
        with ShortReads(file) as stream, tarfile.open(fileobj=stream, mode="r:") as bundle:
            yield TarGz(bundle, stream)
    else:
        with zipfile.ZipFile(file) as bundle:
            yield Zip(bundle)


class Zip(NamedTuple):
    """A zip archive that is open."""

    bundle: zipfile.ZipFile

    def members(self):
        """Tell of the members one by one."""
        for entry in self.bundle.infolist():
            plain = stat.S_IFMT(entry.external_attr >> 16) in (0, stat.S_IFREG, stat.S_IFDIR)
            yield Member(entry.orig_filename, entry.file_size, plain, bool(entry.flag_bits & 1), entry)

    def extract(self, member, folder):
        """Put a member into a folder."""
        self.bundle.extract(member.entry, folder)


class TarGz(NamedTuple):
    """A tar archive packed by gzip that is open, and what gzip unpacks of it."""

    bundle: tarfile.TarFile
    stream: gzip.GzipFile

    def members(self):
        """Tell of the members one by one, each before a byte of its content is unpacked."""
        for entry in self.bundle:
            plain = (entry.isreg() or entry.isdir()) and not entry.issparse()
            yield Member(entry.name + "/" * entry.isdir(), entry.size, plain, False, entry)
        # To tarfile a torn header is where the archive ends, and gzip compares its checksum no sooner than at its end.
        self.stream.seek(self.bundle.offset)
        rest = self.stream.read(LONGEST_HEADER)
        if rest[: tarfile.BLOCKSIZE].strip(b"\0") or len(rest) == LONGEST_HEADER:
            raise tarfile.ReadError("more than padding after the last member")

    def extract(self, member, folder):
        """Put a member into a folder, with today's date and the user's own rights."""
        if member.entry.isdir():
            Path(folder, member.name).mkdir(parents=True, exist_ok=True)
        else:
            self.bundle.extract(member.entry, folder, set_attrs=False, **tar_filter())


class ShortReads(gzip.GzipFile):
    """A gzip file that is read in small pieces only: tarfile takes a header's word for how much memory it needs."""

    def read(self, size=-1):
        if not 0 <= size <= LONGEST_HEADER:
            raise tarfile.ReadError(f"a header of {size:,} bytes")
        return super().read(size)


def tar_filter():
    """tarfile's own guard, beside ours: from Python 3.10.12 and 3.11.4 on."""
    return {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
