"""Workers in processes of their own on the loopback: what they do, and what happens where one of them dies."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, closing, contextmanager, suppress
from types import SimpleNamespace

import psutil
import pytest

pytest.importorskip("distributed")

from cluster.jobs import Job, Work, each
from utils import ROOT, UserError

pytestmark = [pytest.mark.xdist_group("cluster")]
SOURCE = f"{ROOT / 'src'}{os.pathsep}{ROOT / 'tests'}"
PATIENCE = 60  # seconds


def wait_for(condition, seconds=PATIENCE):
    """Wait until condition() is true, and return what it gave."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


@contextmanager
def process(*given, **environment):
    """A program of Dask: `scheduler` or `worker`."""
    with subprocess.Popen(
        [sys.executable, "-m", "dask", *given],
        env=os.environ | {"PYTHONPATH": SOURCE} | environment,
        stderr=subprocess.DEVNULL,
    ) as running:
        try:
            yield running
        finally:
            running.kill()


@contextmanager
def scheduler(folder, **environment):
    """A scheduler: (its address, its process)."""
    file = folder / "scheduler.json"
    given = ["--host=127.0.0.1", "--port=0", "--no-dashboard", f"--scheduler-file={file}"]
    with process("scheduler", *given, **environment) as running:
        wait_for(file.exists)
        yield wait_for(lambda: address_in(file)), running
    file.unlink()


def address_in(file):
    try:
        return json.loads(file.read_text())["address"]
    except ValueError:  # half written
        return None


def worker(address, *more, **environment):
    given = ["--no-nanny", "--no-dashboard", "--nthreads=1", "--memory-limit=0", "--death-timeout=60", *more]
    return process("worker", address, *given, **environment)


@pytest.fixture
def cluster(tmp_path):
    """A scheduler and two workers."""
    with ExitStack() as stack:
        address, running = stack.enter_context(scheduler(tmp_path))
        workers = [stack.enter_context(worker(address)) for _ in range(2)]
        yield SimpleNamespace(address=address, scheduler=running, workers=workers)


@pytest.fixture
def photos(tmp_path):
    """Make photos, files of bytes, and run the work of `sabotage` on them: photos(address, b"one", b"two", ...)."""
    log, out = tmp_path / "log", tmp_path / "out"
    log.mkdir()
    out.mkdir()

    def run(address, *contents, **options):
        sources = []
        for number, content in enumerate(contents):
            sources.append(tmp_path / f"{number}.jpg")
            sources[-1].write_bytes(content)
        work = Work(address, "sabotage:prepare", {"log": log, **options}, ())
        return closing(each(None, sources, lambda source: Job(source, out / source.name, b"!"), work))

    run.log, run.out = log, out
    return run


def results(out):
    return {file.name: file.read_bytes() for file in out.glob("*.jpg")}


def began(log, name="*"):
    return sorted(log.glob(f"began-{name}-*"))


def test_two_workers_share_the_photos_and_each_gets_ready_once(cluster, photos, tmp_path, capsys):
    two_workers(cluster)
    with photos(cluster.address, *(b"%d" % number for number in range(6)), seconds=0.5) as ended:
        found = {source.name: (before, error) for source, before, error in ended}
    assert found == {f"{number}.jpg": (False, None) for number in range(6)}
    assert results(photos.out) == {f"{number}.jpg": b"%d!" % number for number in range(6)}
    assert len(list(photos.log.glob("prepared-*"))) == 2
    assert {file.name.split("-")[2] for file in began(photos.log)} == {str(each.pid) for each in cluster.workers}
    assert len(began(photos.log)) == 6  # nothing was done twice
    assert sorted(capsys.readouterr().out.splitlines()) == [f"{number}.jpg: done" for number in range(6)]
    assert not list(photos.out.glob(".*"))


def two_workers(cluster):
    """Wait until both workers are there."""
    from distributed import Client

    with Client(cluster.address) as client:
        client.wait_for_workers(2, timeout=PATIENCE)


def test_what_a_dead_worker_had_is_done_by_the_other(cluster, photos):
    two_workers(cluster)

    def kill_in_mid_work():
        wait_for(lambda: len(began(photos.log)) > 2)
        third = sorted(began(photos.log), key=lambda file: file.name.split("-")[3])[2].name.split("-")[2]
        os.kill(int(third), signal.SIGKILL)  # its job takes a second

    killer = threading.Thread(target=kill_in_mid_work)
    killer.start()
    with photos(cluster.address, *(b"%d" % number for number in range(6)), seconds=1.0) as ended:
        errors = {source.name: error for source, _, error in ended}
    killer.join()
    assert errors == {f"{number}.jpg": None for number in range(6)}
    assert results(photos.out) == {f"{number}.jpg": b"%d!" % number for number in range(6)}
    assert len(began(photos.log)) > 6  # one began twice


def test_a_photo_that_kills_three_workers_fails_and_the_others_are_done(photos):
    with photos("local:2", b"one", b"kill", b"two", b"bad") as ended:
        errors = {source.name: str(error) for source, _, error in ended if error}
    assert set(errors) == {"1.jpg", "3.jpg"}
    assert "was on 3 workers that died" in errors["1.jpg"]
    assert errors["3.jpg"].endswith("/3.jpg is bad") and "nst-" not in errors["3.jpg"]
    assert results(photos.out) == {"0.jpg": b"one!", "2.jpg": b"two!"}
    assert len(began(photos.log, "1.jpg")) == 3


def test_a_scheduler_that_goes_away_is_one_line(cluster, photos):
    with photos(cluster.address, *[b"x"] * 8, seconds=0.3) as ended:
        next(ended)
        cluster.scheduler.kill()
        with pytest.raises(UserError, match=r"connection to the scheduler is lost.*same command continues"):
            list(ended)
    assert len(results(photos.out)) < 8


def test_where_nobody_answers_it_says_so(photos, monkeypatch):
    monkeypatch.setattr("cluster.pool.CONNECT_SECONDS", 1)
    with photos("tcp://127.0.0.1:9", b"one") as ended, pytest.raises(UserError, match="does not answer"):
        list(ended)


def test_a_worker_of_another_version_is_refused(photos, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(ROOT / "src", other / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "model", other / "model", ignore=shutil.ignore_patterns("*.run"))
    (other / "src/utils.py").write_text((ROOT / "src/utils.py").read_text() + "\n")
    with (
        scheduler(tmp_path) as (address, _),
        worker(address, PYTHONPATH=str(other / "src")),
        photos(address, b"one") as ended,
        pytest.raises(UserError, match=r"the worker tcp\S+ has not this version of the project"),
    ):
        list(ended)
    assert not began(photos.log)


def test_a_worker_of_another_version_that_comes_later_is_refused(photos, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(ROOT / "src", other / "src", ignore=shutil.ignore_patterns("__pycache__"))
    (other / "src/utils.py").write_text((ROOT / "src/utils.py").read_text() + "\n")
    with (
        scheduler(tmp_path) as (address, _),
        worker(address),
        photos(address, *[b"x"] * 400, seconds=0.1) as ended,
    ):
        next(ended)
        with (
            worker(address, PYTHONPATH=f"{other / 'src'}{os.pathsep}{ROOT / 'tests'}"),
            pytest.raises(UserError, match="another version of the project"),
        ):
            list(ended)


def test_a_worker_without_the_project_is_refused(photos, tmp_path):
    with (
        scheduler(tmp_path) as (address, _),
        worker(address, PYTHONPATH=""),
        photos(address, b"one") as ended,
        pytest.raises(UserError, match="has not this version of the project"),
    ):
        list(ended)


def test_a_worker_that_cannot_begin_ends_the_run(photos):
    with photos("local:1", b"one", b"two", fails=True) as ended, pytest.raises(UserError, match="network is not here"):
        list(ended)


def test_a_worker_with_a_gpu_gets_one_photo_at_a_time(photos, tmp_path):
    with (
        scheduler(tmp_path) as (address, _),
        worker(address, "--nthreads=4", "--resources=GPU=1"),
        photos(address, b"0", b"1", b"2", seconds=0.3) as ended,
    ):
        for _ in ended:
            running = len(began(photos.log)) - len(results(photos.out))
            assert running <= 1
    assert len(results(photos.out)) == 3


def test_who_stops_waiting_frees_the_workers(cluster, photos):
    with photos(cluster.address, b"0", seconds=PATIENCE) as ended:
        stop_when_it_began(photos.log)
        with pytest.raises(KeyboardInterrupt):
            next(ended)
    wait_for((photos.log / "stopped-0.jpg").exists)
    with photos(cluster.address, b"again") as ended:  # the workers are still there
        assert [error for *_, error in ended] == [None]
    assert results(photos.out) == {"0.jpg": b"again!"}


def stop_when_it_began(log):
    """Send Ctrl-C to this process once the first job has begun, even if the process was started to ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    script = f"while ! ls {log}/began-* >/dev/null 2>&1; do sleep 0.05; done; kill -INT {os.getpid()}"
    subprocess.Popen(["sh", "-c", script])


@pytest.mark.long
def test_ctrl_c_in_a_terminal_ends_all_processes(people, trained, tmp_path):
    """A terminal sends SIGINT to all processes of the group, those of the workers as well."""
    folder = shutil.copytree(people / "images", tmp_path / "photos")
    given = [f"--file_path={folder}", f"--model={trained}", f"--save={tmp_path}/out/", "--cluster=local:2"]
    with subprocess.Popen(
        [sys.executable, str(ROOT / "src/predict.py"), *given],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as running:
        wait_for(lambda: list(tmp_path.glob("out/*.jpeg")) or running.poll() is not None, 10 * PATIENCE)
        os.killpg(running.pid, signal.SIGINT)
        said = running.communicate(timeout=PATIENCE)[1]
    assert (running.returncode, said.strip()) in [(130, "stopped"), (0, "")]
    wait_for(lambda: not alive(running.pid))
    assert not list(tmp_path.glob("out/.*"))


def alive(group):
    """The processes of a group that are not dead."""
    found = []
    for one in psutil.process_iter(["pid", "status"]):
        with suppress(ProcessLookupError):
            if os.getpgid(one.pid) == group and one.info["status"] != psutil.STATUS_ZOMBIE:
                found.append(one.pid)
    return found
