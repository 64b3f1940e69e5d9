"""The option --cluster."""

import pytest

from cluster import address
from cluster.address import cluster_address, local_workers
from utils import UserError


@pytest.mark.parametrize("value", ["tcp://host:8786", "tls://10.0.0.1:1", "local:1", "local:256"])
def test_an_address_is_taken_as_it_is(value, monkeypatch):
    monkeypatch.setattr(address, "find_spec", lambda name: True)
    assert cluster_address("--cluster", value) == value


@pytest.mark.parametrize(
    "value",
    ["", "host:8786", "tcp://host", "http://host:80", "tcp://host:port", "local", "local:", "local:0", "local:257"],
)
def test_anything_else_is_refused(value):
    with pytest.raises(UserError, match=r"--cluster=.* is no address of a Dask scheduler; give tcp://<host>:8786, or"):
        cluster_address("--cluster", value)


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(address, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r'--cluster needs Dask: pip install "dask\[distributed\]"'):
        cluster_address("--cluster", "local:2")


def test_the_number_of_workers_here():
    assert local_workers("local:12") == 12
    assert local_workers("tcp://local:12") is None
