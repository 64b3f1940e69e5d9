"""Work for the tests of clusters, which tells in a folder what it does, and dies where a photo says so."""

import os
import signal
import time
from pathlib import Path

from command.process import stop_if_asked
from utils import UserError


def prepare(log, seconds=0.0, fails=False):
    """log: a folder of the test, which all workers of one machine see; seconds: how long a job takes."""
    if fails:
        raise UserError("the network is not here")
    (log / f"prepared-{os.getpid()}-{time.monotonic_ns()}").touch()

    def do(job):
        content = job.source.read_bytes()
        (log / f"began-{job.source.name}-{os.getpid()}-{time.monotonic_ns()}").touch()
        if content == b"kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if content == b"bad":
            raise UserError(f"{job.source} is bad")
        try:
            for _ in range(int(seconds / 0.02)):
                stop_if_asked()
                time.sleep(0.02)
        except KeyboardInterrupt:
            (log / f"stopped-{job.source.name}").touch()
            raise
        print(f"{job.source.name}: done")
        job.target.write_bytes(content + job.plan)
        job.target.with_name(f"{job.target.stem}_more.txt").write_text(str([Path(file).name for file in job.files]))

    return do
