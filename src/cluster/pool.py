"""The side of the one who asks: connect to a Dask scheduler, send photos as bytes, and write what comes back."""

import logging
import os
import secrets
import signal
import time
from collections import deque
from contextlib import contextmanager
from multiprocessing import resource_tracker
from pathlib import Path

import dask
from distributed import CancelledError, Client, KilledWorker, LocalCluster, TimeoutError, wait

from cluster.address import local_workers
from cluster.parcels import packed, version
from cluster.worker import Order, accept, perform
from command.process import STOPS
from files.whole import write_bytes
from utils import UserError, shown

CONNECT_SECONDS = 10
LOOK_SECONDS = 5  # how often to look for new workers
DEATHS = 3  # of workers, until a photo is no longer tried; the scheduler of another machine has its own number
REFUSED = (
    "has not this version of the project; copy src/ and model/ there, and restart it with PYTHONPATH=<project>/src"
)
GPU = "GPU"  # the resource of workers that do one photo at a time on a GPU
THREADS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")  # how many threads TensorFlow and PyTorch start


def each_there(work, sources, plan):
    """Do the work on a cluster; see `jobs.each`."""
    with _connected(work.address) as client:
        try:
            yield from Pool(client, work).each(sources, plan)
        except (CancelledError, OSError) as error:  # of the connection: those of files are errors of their photos
            raise UserError(
                f"--cluster={shown(work.address)}: the connection to the scheduler is lost ({type(error).__name__}); "
                "start it again, and the same command continues"
            ) from None


class Pool:
    """The workers of a scheduler, for one run."""

    def __init__(self, client, work):
        self.client, self.address = client, work.address
        self.slots()
        self._check_version()
        order = Order(secrets.token_hex(8), version(), work.prepare, work.options, packed(work.files), work.folders)
        self.order = client.submit(accept, order, pure=False)
        client.replicate([self.order])

    def each(self, sources, plan):
        """Yield (source, whether it was done before, its error or None), in the order in which they end."""
        waiting, flying = deque(sources), {}
        while waiting or flying:
            slots = self.slots()
            while waiting and len(flying) < slots:
                source = waiting.popleft()
                try:
                    job = plan(source)
                    if job:
                        flying[self._send(job)] = job
                        continue
                    yield source, True, None
                except UserError as error:
                    yield source, False, error
            for future in _ended(flying):
                job = flying.pop(future)
                yield job.source, False, self._received(future, job)

    def slots(self):
        """How many photos the workers can do at a time. Waits until there is a worker."""
        waited = False
        while True:
            workers = self.client.scheduler_info(n_workers=-1)["workers"].values()
            gpus = sum(worker["resources"].get(GPU, 0) for worker in workers)
            self.resources = {GPU: 1} if gpus else None
            if workers:
                return int(gpus) or sum(worker["nthreads"] for worker in workers)
            if not waited:
                print(f"waiting for workers at {shown(self.address)}", flush=True)
            waited = True
            time.sleep(1)

    def _check_version(self):
        """Refuse workers with another version of the project, or without it."""
        found = self.client.run(version, on_error="return")
        for worker, answer in found.items():
            if answer != version():
                raise UserError(f"--cluster={shown(self.address)}: the worker {worker} {REFUSED}")

    def _send(self, job):
        files = packed([job.source, *job.files])
        return self.client.submit(perform, self.order, job, files, pure=False, resources=self.resources)

    def _received(self, future, job):
        """Write the files that a job made, and print what it printed: its error, or None."""
        try:
            done = future.result()
        except KilledWorker as error:
            deaths = error.allowed_failures + 1
            return UserError(
                f"{shown(job.source)} was on {deaths} workers that died, the last one {error.last_worker.address}; "
                "look into their logs, give them more memory, or leave it out"
            )
        except (ImportError, AttributeError) as error:  # a worker that came later, without the project
            raise UserError(f"--cluster={shown(self.address)}: a worker {REFUSED} ({error})") from None
        print(done.said, end="", flush=True)
        if done.ends_all:
            raise UserError(f"--cluster={shown(self.address)}: a worker cannot begin: {done.error}")
        try:
            for name, content in done.files.items():
                write_bytes(job.target.parent / Path(name).name, content)
        except UserError as error:
            return error
        return UserError(done.error) if done.error else None


def _ended(futures):
    """Those of some futures that ended; none if none does within LOOK_SECONDS."""
    if not futures:
        return []
    try:
        return wait(list(futures), LOOK_SECONDS, "FIRST_COMPLETED").done
    except TimeoutError:
        return []


@contextmanager
def _connected(address):
    """A client of the scheduler at an address. At the end, what the workers still do is cancelled."""
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # we report what happens, in one line
    settings = {"distributed.admin.large-graph-warning-threshold": "1 TB", "distributed.comm.timeouts.connect": "10s"}
    with dask.config.set(settings):
        count = local_workers(address)
        if count:
            with _local(count) as cluster, Client(cluster) as client:
                yield client
            return
        try:
            client = Client(address, timeout=CONNECT_SECONDS)
        except OSError:
            raise UserError(
                f"--cluster={shown(address)} does not answer; start `dask scheduler` there, or correct the address"
            ) from None
        with client:
            yield client


@contextmanager
def _local(count):
    """Workers on this machine, which share its cores."""
    threads = str(max(1, (os.cpu_count() or 1) // count))
    with _deaf_children():
        cluster = LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address=None,
            silence_logs=logging.CRITICAL,
            memory_limit=0,  # our own checks refuse a photo before the memory is full
            scheduler_kwargs={"allowed_failures": DEATHS - 1},
            env={name: os.environ.get(name, threads) for name in THREADS},
        )
    with cluster:
        yield cluster


@contextmanager
def _deaf_children():
    """Let no process that is started in this block, or later by its threads, hear Ctrl-C: we end our workers.

    In a terminal, Ctrl-C reaches all processes. Children inherit which signals are blocked.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # its start, later, would let the signal through again
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPS[:1])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS[:1])
