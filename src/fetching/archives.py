"""List and unpack the members of zip and tar.gz archives through one interface."""

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

# What the two libraries raise for archives that are damaged, or made to crash them.
BROKEN = (
    *(zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, lzma.LZMAError),
    *(EOFError, NotImplementedError, OverflowError, RecursionError, ValueError),
)


class Member(NamedTuple):
    """A member of an archive, as the archive describes it."""

    name: str  # a folder's ends in a slash
    size: int  # in bytes, unpacked
    plain: bool  # a file or a folder, not a link or a device
    locked: bool  # needs a password
    entry: object  # the library's own description


@contextmanager
def open_archive(file):
    """Open an archive as a context manager; its first bytes tell whether it is a zip or a tar.gz."""
    with open(file, "rb") as start:
        is_gzip = start.read(2) == b"\x1f\x8b"
    if is_gzip:
        with ShortReads(file) as stream, tarfile.open(fileobj=stream, mode="r:") as bundle:
            yield TarGz(bundle, stream)
    else:
        with zipfile.ZipFile(file) as bundle:
            yield Zip(bundle)


class Zip(NamedTuple):
    """An open zip archive."""

    bundle: zipfile.ZipFile

    def members(self):
        """Yield the members one by one."""
        for entry in self.bundle.infolist():
            plain = stat.S_IFMT(entry.external_attr >> 16) in (0, stat.S_IFREG, stat.S_IFDIR)
            yield Member(entry.orig_filename, entry.file_size, plain, bool(entry.flag_bits & 1), entry)

    def extract(self, member, folder):
        """Unpack a member into a folder."""
        self.bundle.extract(member.entry, folder)


class TarGz(NamedTuple):
    """An open tar archive, and the gzip stream that it is read from."""

    bundle: tarfile.TarFile
    stream: gzip.GzipFile

    def members(self):
        """Yield the members one by one, each before any of its content is unpacked."""
        for entry in self.bundle:
            plain = (entry.isreg() or entry.isdir()) and not entry.issparse()
            yield Member(entry.name + "/" * entry.isdir(), entry.size, plain, False, entry)
        # tarfile takes a damaged header for the end of the archive, and gzip compares its checksum only at the end:
        # read on to the end, where nothing but padding may follow.
        self.stream.seek(self.bundle.offset)
        rest = self.stream.read(LONGEST_HEADER)
        if rest[: tarfile.BLOCKSIZE].strip(b"\0") or len(rest) == LONGEST_HEADER:
            raise tarfile.ReadError("more than padding after the last member")

    def extract(self, member, folder):
        """Unpack a member into a folder, with today's date and the user's own permissions."""
        if member.entry.isdir():
            Path(folder, member.name).mkdir(parents=True, exist_ok=True)
        else:
            self.bundle.extract(member.entry, folder, set_attrs=False, **tar_filter())


class ShortReads(gzip.GzipFile):
    """A gzip file that refuses large reads: tarfile would allocate whatever size a header claims."""

    def read(self, size=-1):
        if not 0 <= size <= LONGEST_HEADER:
            raise tarfile.ReadError(f"a header of {size:,} bytes")
        return super().read(size)


def tar_filter():
    """tarfile's own safety filter, in addition to ours; Python has it from 3.10.12 and 3.11.4 on."""
    return {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
