"""The option --cluster."""

import re

import pytest

from cluster import address
from cluster.address import cluster_address, local_workers
from utils import ROOT, UserError


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


# ---------------------------------------------------------------- how the documents start workers

PAGE = (ROOT / "docs/clusters.md").read_text()


def test_dask_knows_the_options_of_the_documents():
    worker, scheduler = (pytest.importorskip(f"distributed.cli.dask_{name}").main for name in ("worker", "scheduler"))
    for program, pattern in ((worker, r"dask worker (.*)"), (scheduler, r"dask scheduler (.*)")):
        known = {name for parameter in program.params for name in parameter.opts}
        used = re.findall(r"--[\w-]+", " ".join(re.findall(pattern, PAGE)))
        assert used and set(used) <= known


def test_the_program_for_slurm_asks_for_workers_that_find_the_project(monkeypatch):
    queue = pytest.importorskip("dask_jobqueue").SLURMCluster
    scripts = []
    monkeypatch.setattr(queue, "scale", lambda cluster, jobs: scripts.append((jobs, cluster.job_script())))
    monkeypatch.setattr("builtins.input", lambda text: None)
    program = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)[1]
    names = {}
    exec(program.replace('{"port": 8786}', '{"port": 0, "host": "127.0.0.1", "dashboard_address": None}'), names)
    names["cluster"].close()
    jobs, script = scripts[0]
    assert jobs == 8 and "#SBATCH --cpus-per-task=4" in script and "#SBATCH -t 02:00:00" in script
    assert "cd ~/NST\nexport PYTHONPATH=src\n.venv/bin/python -m distributed.cli.dask_worker tcp://" in script
    assert "--nthreads 1 " in script
