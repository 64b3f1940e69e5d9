"""Hostile tar.gz archives; hostile zip archives are in test_download_data.py."""

import gzip
import hashlib
import io
import stat
import tarfile
from types import SimpleNamespace

import pytest

from fetching import downloads
from packing import content_of, crowd, member, packed, tar_gz
from utils import UserError


@pytest.fixture
def refuses(tmp_path):
    """Hold unpacking to refusing an archive in one line that says why, before a file of it is on the disk."""

    def refuses(content, says):
        file = tmp_path / "a.tar.gz"
        file.write_bytes(content)
        with pytest.raises(UserError) as refused:
            downloads.unpack(file, tmp_path / "unpacked", "some/set")
        line = str(refused.value)
        assert "--dataset=some/set" in line and says in line and len(line) <= 280 and line.isprintable()
        assert [place.name for place in tmp_path.iterdir()] == ["a.tar.gz"]

    return refuses


OUTSIDE = ("/evil", "../evil", "a/../../evil", "..\\evil", "C:\\evil", "C:evil", "a\nb", "..", ".. /evil", "a/.../evil")
HOSTILE = {
    "leads out of its folder": [*map(member, OUTSIDE), member("../evil/", tarfile.DIRTYPE)],
    "link or device": [
        member("images/a", tarfile.SYMTYPE, linkname="/etc/passwd"),
        member("images/a", tarfile.SYMTYPE, linkname="images/cat_1.jpg"),
        member("images/a", tarfile.LNKTYPE, linkname="images/cat_1.jpg"),
        member("images/a", tarfile.LNKTYPE, linkname="../../evil"),
        *(member("images/a", kind) for kind in (tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE)),
        *(member("images/a", kind) for kind in (tarfile.GNUTYPE_SPARSE, b"z")),
    ],
    "a name that is too long": [member("images/" + "a" * 256), member("a" * 256 + "/", tarfile.DIRTYPE)],
    "holds images/1.jpg twice": [member("images/1.jpg")],
    "holds images//./1.jpg twice": [member("images//./1.jpg")],
    "negative size": [member("images/a", size=-512), member("images/a", size=-(2**40))],
    "would grow to": [member("images/a", size=10**15)],
}


@pytest.mark.parametrize(
    ("says", "entry"),
    [(says, entry) for says, entries in HOSTILE.items() for entry in entries],
    ids=lambda value: value if isinstance(value, str) else f"{value.name!r}-{value.type.decode()}-{value.size}",
)
@pytest.mark.parametrize("has_filter", [True, False])
def test_hostile_members_are_refused(refuses, monkeypatch, says, entry, has_filter):
    if not has_filter:
        monkeypatch.delattr(tarfile, "data_filter", raising=False)
    refuses(tar_gz([member("images/1.jpg"), entry, member("images/2.jpg")]), says)


def test_nothing_goes_through_a_link(refuses):
    """A link out, and then a file in the folder that it seems to be."""
    refuses(tar_gz([member("a", tarfile.SYMTYPE, linkname="/tmp"), member("a/evil")]), "holds a, a link or device")
    refuses(tar_gz([member("a"), member("b", tarfile.LNKTYPE, linkname="a"), member("b")]), "holds b, a link or device")


@pytest.mark.parametrize("other", ["images/CAT.jpg", "IMAGES/cat.jpg"])
def test_names_that_are_one_to_the_disk_are_refused_there(tmp_path, other):
    file = tmp_path / "a.zip"
    file.write_bytes(packed(["images/cat.jpg", other], ".zip"))
    (tmp_path / "A.ZIP").touch()  # what a disk that does not tell A from a seems to have
    with pytest.raises(UserError, match=f"holds {other} twice"):
        downloads.unpack(file, tmp_path / "unpacked", "x")
    (tmp_path / "A.ZIP").unlink()
    downloads.unpack(file, tmp_path / "unpacked", "x")


@pytest.mark.parametrize("names", [["a", "a/b"], ["a/b", "a"]])
@pytest.mark.parametrize("ending", [".zip", ".tar.gz"])
def test_a_file_in_the_place_of_a_folder_is_refused(tmp_path, names, ending):
    file = tmp_path / "archive"
    file.write_bytes(packed(names, ending))
    with pytest.raises(UserError, match="did not arrive as a sound"):
        downloads.unpack(file, tmp_path / "unpacked", "x")


def bomb(*others):
    """10 MB of zeros, and others that do not grow so much."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as bundle:
        for entry in others:
            bundle.addfile(entry, io.BytesIO(content_of(entry.name)))
        bundle.addfile(member("images/a.bmp", size=10**7), io.BytesIO(bytes(10**7)))
    return file.getvalue()


def long_header():
    """A name of 20 MB, in the header that tarfile reads into memory whole."""
    entry = member("images/a", size=0, pax_headers={"path": "a" * 20_000_000})
    return gzip.compress(entry.tobuf(tarfile.PAX_FORMAT))


def headers_without_end():
    """Headers of headers, each of which tarfile reads within the last."""
    return gzip.compress(member("a", tarfile.XHDTYPE).tobuf() * 5_000)


def torn_header(by, rest):
    """A header that is no more one, where tarfile takes the archive to end, before a number of members."""
    plain = bytearray(gzip.decompress(tar_gz([member("images/a"), *(member(f"images/{n}") for n in range(rest))])))
    at = plain.index(b"images/0\0")
    plain[at : at + 512] = by * 512
    return gzip.compress(plain)


def torn_content():
    """A bit that fell over on the way, told by gzip's checksum alone."""
    plain = bytearray(gzip.decompress(tar_gz([member("images/a.jpg")])))
    whole = gzip.compress(plain)
    plain[1000] ^= 1
    return gzip.compress(plain)[:-8] + whole[-8:]


BAD = {
    "bomb": (bomb(), "10,000,000"),
    "long header": (long_header(), "sound"),
    "headers": (headers_without_end(), "sound"),
    "torn header": (torn_header(b"?", 1), "sound"),
    "zeroed header": (torn_header(b"\0", 9), "sound"),
    "torn content": (torn_content(), "sound"),
    "short": (tar_gz([member("images/a.jpg")])[:-50], "sound"),
    "more": (tar_gz([member("images/a.jpg")]) + gzip.compress(bytes(10**7)), "sound"),
    "no tar": (gzip.compress(b"no tar"), "sound"),
    "no gzip": (b"<html>maintenance</html>", "sound"),
    "empty": (tar_gz([]), "holds 0 files"),
}


@pytest.mark.parametrize(("content", "says"), BAD.values(), ids=BAD)
def test_a_bad_archive_is_refused(refuses, content, says):
    refuses(content, says)


def test_an_archive_of_too_many_files_is_refused(refuses, monkeypatch):
    monkeypatch.setattr(downloads, "MOST_FILES", 2)
    refuses(tar_gz([member(name) for name in "abcd"]), "holds 3 files")


def test_an_archive_of_100_000_files_is_refused(refuses):
    refuses(crowd(), "holds 100,000 files")


def test_an_archive_larger_than_the_disk_is_refused(refuses, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=10**6))
    refuses(bomb(member("images/1.jpg")), "the disk has 1,000,000 free")


@pytest.mark.parametrize("has_filter", [True, False])
def test_rights_in_the_archive_are_not_those_on_the_disk(tmp_path, monkeypatch, has_filter):
    if not has_filter:
        monkeypatch.delattr(tarfile, "data_filter", raising=False)
    file, folder = tmp_path / "a.tar.gz", tmp_path / "unpacked"
    file.write_bytes(packed(["images/", "images/1.jpg", "empty/"], ".tar.gz"))
    downloads.unpack(file, folder, "some/set")
    (tmp_path / "usual").mkdir()
    assert (folder / "images/1.jpg").read_bytes() == content_of("images/1.jpg")
    for place, like in (
        (folder / "images", "usual"),
        (folder / "empty", "usual"),
        (folder / "images/1.jpg", "a.tar.gz"),
    ):
        assert stat.S_IMODE(place.stat().st_mode) == stat.S_IMODE((tmp_path / like).stat().st_mode)


@pytest.mark.skipif(not hasattr(tarfile, "data_filter"), reason="a Python whose tarfile has no filter")
def test_the_filter_of_tarfile_guards_besides(tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "mistrust", lambda *_: None)
    file = tmp_path / "a.tar.gz"
    file.write_bytes(tar_gz([member("../evil")]))
    with pytest.raises(UserError, match="sound"):
        downloads.unpack(file, tmp_path / "unpacked", "x")
    assert not (tmp_path / "evil").exists()


def test_checksums_are_compared(tmp_path):
    file = tmp_path / "mark-a.zip"
    for checksum in (None, f"sha256:{hashlib.sha256(b'a').hexdigest()}"):
        file.write_bytes(b"a")
        downloads.verify(file, checksum, "x")
    with pytest.raises(UserError, match=r"--dataset=x: a\.zip .* MD5"):
        downloads.verify(file, "md5:0", "x")
    assert not file.exists()
