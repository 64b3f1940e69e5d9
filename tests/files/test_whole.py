import errno
import os

import pytest

from files.whole import read_json, whole_file, write_json
from utils import UserError


def test_a_file_is_written_whole(tmp_path):
    write_json(tmp_path / "deep" / "a.json", {"ü": [1, 2.5, None]})
    assert read_json(tmp_path / "deep" / "a.json") == {"ü": [1, 2.5, None]}
    assert os.listdir(tmp_path / "deep") == ["a.json"]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(ZeroDivisionError), whole_file(target) as temporary:
        temporary.write_text("ne")
        raise ZeroDivisionError
    assert target.read_text() == "old" and os.listdir(tmp_path) == ["a.txt"]


def test_a_full_disk_is_an_error_of_the_user(tmp_path):
    with pytest.raises(UserError, match="No space left"), whole_file(tmp_path / "a.txt") as temporary:
        temporary.write_text("half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert os.listdir(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_an_error_of_the_user(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write"), whole_file(tmp_path / "file" / "a.txt"):
        pass
