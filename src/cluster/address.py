"""The option --cluster: where the workers are, and whether the package to reach them is here."""

import re
from importlib.util import find_spec

from utils import UserError, shown

MOST_LOCAL = 256  # workers on this machine
SCHEDULER = re.compile(r"(tcp|tls)://[^\s/:]+:\d{1,5}")


def cluster_address(name, value):
    """A check for the address of a Dask scheduler, or for `local:` and a number of workers on this machine."""
    count = local_workers(value)
    if not (SCHEDULER.fullmatch(value) or (count and 1 <= count <= MOST_LOCAL)):
        raise UserError(
            f"{name}={shown(value)} is no address of a Dask scheduler; give tcp://<host>:8786, or local:2 for two "
            "workers on this machine"
        )
    if not find_spec("distributed"):
        raise UserError(f'{name} needs Dask: pip install "dask[distributed]"')
    return value


def local_workers(address):
    """How many workers to start on this machine; None if the address is that of a scheduler."""
    found = re.fullmatch(r"local:(\d{1,4})", address)
    return int(found[1]) if found else None
