"""Scripts in processes of their own, and the real pictures beside the project."""

import os
import subprocess
import sys

import pytest

from utils import ROOT

SHARED = ROOT.parent / "shared"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the real pictures of ../shared are not here")


def in_a_shell(*args, cwd=ROOT, **environment):
    """Run a script in a process of its own, and return the finished process with what it printed."""
    return subprocess.run(
        [sys.executable, *map(str, args)],
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )
