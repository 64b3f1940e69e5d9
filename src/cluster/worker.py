"""What a worker does: get ready for a run once, and then do its jobs, one at a time."""

import io
import threading
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from typing import NamedTuple

from cluster.parcels import Unpacked, version
from command.options import quiet_libraries
from command.process import OUT_OF_MEMORY, is_out_of_memory, stopped_if
from utils import UserError

KEPT = 2  # runs whose networks stay loaded
_ONE_AT_A_TIME = threading.Lock()  # the threads of a worker share its networks, its random numbers and its GPU
_workshops = {}  # {number of a run: its workshop}


class Order(NamedTuple):
    """What all jobs of a run share."""

    number: str  # no other run has it
    version: str  # of our source, where the run was started
    prepare: str  # <module>:<function>; called with the options, it gives a function that does a `Job`
    options: dict
    files: dict  # {path: bytes}, what the options name
    folders: tuple  # that the options name, and whose files come with the jobs


class Done(NamedTuple):
    """What came of a job."""

    files: dict  # {name: bytes}, to be written beside the target
    said: str  # what was printed
    error: str | None = None
    ends_all: bool = False  # whether every other job would fail in the same way


def accept(order):
    """Take an order. As the result of a task it stays with the workers, and they pass it on to each other."""
    return order


def perform(order, job, files):
    """Do a job of an order, of which `files`, {path: bytes}, came along: a `Done`."""
    with _ONE_AT_A_TIME, redirect_stderr(io.StringIO()), redirect_stdout(io.StringIO()) as said:
        workshop = None
        try:
            workshop = _workshop_of(order)
            made, error = workshop.do(job, files), None
        except KeyboardInterrupt:
            made, error = {}, "stopped"  # nobody waits for it any more
        except UserError as failure:
            made, error = {}, str(failure)
        except Exception as failure:
            if not is_out_of_memory(failure):
                raise
            made, error = {}, OUT_OF_MEMORY
        told = workshop.files.told if workshop else str
        return Done(made, told(said.getvalue()), error and told(error), ends_all=workshop is None)


def _workshop_of(order):
    if order.number not in _workshops:
        if order.version != version():
            raise UserError("it has another version of the project; copy it there again, and restart the worker")
        while len(_workshops) >= KEPT:
            del _workshops[next(iter(_workshops))]
        _workshops[order.number] = Workshop(order)
    return _workshops[order.number]


class Workshop:
    """All that a worker has loaded for a run."""

    def __init__(self, order):
        self.files = Unpacked()
        for folder in order.folders:
            self.files.open(folder)
        self.files.put(order.files)
        self.kept = self.files.all()
        module, _, function = order.prepare.partition(":")
        with quiet_libraries():
            prepare = getattr(import_module(module), function)
        self.work = prepare(**self.files.here(order.options))

    def do(self, job, files):
        """Do a job with the files that came along: {name: bytes} of the files that it made."""
        place = self.files.open(job.target.parent)
        self.files.put(files)
        before = self.files.all()
        try:
            with stopped_if(_is_cancelled()):
                self.work(job._replace(source=self.files.here(job.source), target=self.files.here(job.target)))
            return {file.name: file.read_bytes() for file in sorted(place.iterdir()) if file not in before}
        finally:
            for file in self.files.all() - self.kept:
                file.unlink()


def _is_cancelled():
    """A function that tells whether the task of this thread has been cancelled meanwhile."""
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()

    def cancelled():
        task = worker.state.tasks.get(key)
        return task is None or task.state == "cancelled"

    return cancelled
