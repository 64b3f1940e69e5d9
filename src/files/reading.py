"""Opening files to read them, of which a path may name something else."""

import errno
import os
import stat


def open_file(source):
    """Open a file to read its bytes, but no pipe or device: such may never begin, or never end."""
    mode = os.stat(source).st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # of a folder, open itself says what it is
        raise OSError(errno.EINVAL, "it is a device or a pipe and no file")
    return open(source, "rb")
