import pytest

from segmentation.class_lists import read_classes
from utils import UserError


def listed(folder, content):
    (folder / "classes.txt").write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_classes("--data", folder)


def test_names_are_read_by_label(tmp_path):
    assert listed(tmp_path, "ground\nroad\ntraffic light") == (("ground", "road", "traffic light"), {})


def test_colours_follow_the_names(tmp_path):
    names, colours = listed(tmp_path, "ground 0 0 0\nroad  128 64 128\ntraffic light 250 170 30\n")
    assert names == ("ground", "road", "traffic light")
    assert colours == {(0, 0, 0): 0, (128, 64, 128): 1, (250, 170, 30): 2}


def test_lists_from_other_editors_are_read(tmp_path):
    assert listed(tmp_path, b"\xef\xbb\xbfground\r\n  road \r\n\r\nna\xc3\xafve tree\r\n")[0] == (
        "ground",
        "road",
        "naïve tree",
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", r"names 0 classes; name 2 to 250"),
        ("cat", r"names 1 classes"),
        ("\n".join(map(str, range(251))), r"names 251 classes"),
        ("a\nb\na", r"names a twice"),
        ("a 0 0 0\nb", r"gives some classes a colour and others none"),
        ("a 0 0 0\nb 0 0 0", r"gives two classes the same colour"),
        ("a 0 0 0\nb 0 0 256", r"holds b 0 0 256, which is no colour"),
        ("a\nb/c", r"holds b/c, which is no name"),
        ("a\nb, c", r"holds b, c, which is no name"),
        (f"a\n{'b' * 61}", r"holds b.*, which is no name"),
        ("a\nb\0", r"holds b.*, which is no name"),
        (b"a\nb\xff", r"cannot be read \(not in UTF-8\)"),
        ("a" * 100_001, r"cannot be read \(more than 100,000 bytes\)"),
    ],
)
def test_a_list_that_is_none_is_refused(tmp_path, content, words):
    with pytest.raises(UserError, match=rf"--data=.*: classes\.txt {words}"):
        listed(tmp_path, content)


def test_a_list_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match=r"classes\.txt cannot be read \(No such file"):
        read_classes("--data", tmp_path)
