import pytest

from files.listing import find_pictures
from utils import UserError


def test_pictures_of_a_file_a_folder_and_a_pattern(tmp_path):
    for name in ("b.JPG", "a.png", "c.txt", ".hidden.png", "[odd].png"):
        (tmp_path / name).write_text("")
    (tmp_path / "deep.png").mkdir()
    assert [p.name for p in find_pictures("--x", tmp_path)] == ["[odd].png", "a.png", "b.JPG"]
    assert [p.name for p in find_pictures("--x", f"{tmp_path}/*.png")] == ["[odd].png", "a.png"]
    assert [p.name for p in find_pictures("--x", f"{tmp_path}/[odd].png")] == ["[odd].png"]
    assert find_pictures("--x", tmp_path / "c.txt") == [tmp_path / "c.txt"]
    with pytest.raises(UserError, match="--x"):
        find_pictures("--x", f"{tmp_path}/*.webp")
