"""Which files are opened, and how large they may be."""

import os
import signal

import pytest

from files.reading import open_file
from files.whole import read_json
from pictures.images import load
from segmentation.cache import _fingerprint
from segmentation.layouts import LAYOUTS
from utils import UserError


@pytest.fixture(autouse=True)
def no_hang():
    signal.alarm(20)
    yield
    signal.alarm(0)


@pytest.fixture(params=["a pipe", "/dev/zero", "/dev/null"])
def device(request, tmp_path):
    place = tmp_path / "me.jpg"
    os.mkfifo(place) if request.param == "pipe" else place.symlink_to(
        {"zeros": "/dev/zero"}.get(request.param, "/dev/null")
    )
    return place


def test_a_file_is_opened(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    with open_file(tmp_path / "a") as file:
        assert file.read() == b"abc"


def test_a_pipe_or_device_is_no_picture(device):
    with pytest.raises(UserError, match=r"me.jpg cannot be read \(it is a device or a pipe, not a file\); give a JPEG"):
        load(device)


def test_a_pipe_or_device_is_no_json(device):
    with pytest.raises(OSError, match="device or a pipe"):
        read_json(device)


def test_a_pipe_or_device_among_the_photos_of_nobody_is_not_read(device):
    missing = device.with_name("missing.jpg")
    one, other = (_fingerprint({"me": (file, None, LAYOUTS["people"])}) for file in (device, missing))
    assert one == other
