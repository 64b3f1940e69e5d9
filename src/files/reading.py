"""Open and read files whose paths may turn out to be something else: a pipe, a device, a folder."""

import errno
import os
import stat
from functools import lru_cache


def open_file(source):
    """Open a regular file for reading bytes. Refuse pipes and devices: reading one may never begin, or never end."""
    mode = os.stat(source).st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # for a folder, open() raises the right error by itself
        raise OSError(errno.EINVAL, "it is a device or a pipe, not a file")
    return open(source, "rb")


def read_file(source):
    """All bytes of a file. The last two files stay in memory: a photo and its mask are read once, for all uses."""
    state = os.stat(source)
    return _read(os.path.abspath(source), state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=2)
def _read(source, size, changed):
    with open_file(source) as file:
        return file.read()
