"""A script as a process: how it ends, how it is stopped, and how it locks the places of its results."""

import os
import re
import signal
import sys
import threading
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

from files.whole import folder_for, hidden_beside
from utils import UserError, shown

OUT_OF_MEMORY = "out of memory; close other programs, or choose a smaller picture or --size"
STOPS = (signal.SIGINT, signal.SIGTERM)  # Ctrl-C, and what a cluster's queue sends before it kills a job


def run(main):
    """Run a script's main(argv) under the error policy that all scripts share, then exit."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's hints about the processor would bury our one line
    with stoppable() as stops:
        try:
            return main(sys.argv[1:])
        except UserError as error:
            message = str(error)
        except BrokenPipeError:  # the reader of our output has left: `... | head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(141)  # the status that shells report for this
        except OSError as error:
            what, why = shown(error.filename or "a file or connection"), error.strerror or type(error).__name__
            message = f"{what} cannot be used ({why}); choose another"
        except KeyboardInterrupt as stop:
            stops.append(signal.SIGINT)
            message = ": ".join(["stopped", *map(str, stop.args)])
        except Exception as error:
            missing = missing_backend()
            if not (stops or missing or is_out_of_memory(error)):
                raise
            # Some libraries turn the KeyboardInterrupt of a signal into an error of their own.
            message = "stopped" if stops else missing or OUT_OF_MEMORY
    message = shown(message, 280)  # shortened in the middle: the start names the cause, the end the remedy
    print(message if stops else f"{Path(sys.argv[0]).name}: {message}", file=sys.stderr)
    sys.exit(128 + stops[0] if stops else 2)


def missing_backend():
    """What to tell a user whose KERAS_BACKEND is not installed, so that Keras cannot be loaded; else None."""
    name = os.environ.get("KERAS_BACKEND")
    if not name or (name.isidentifier() and find_spec(name)):
        return None
    return f"KERAS_BACKEND={name} is not installed; install it with pip, or choose tensorflow, jax or torch"


def is_out_of_memory(error):
    """Whether an exception, of any backend, says that memory ran out."""
    text = f"{type(error).__name__} {error}"
    return any(
        sign in text
        for sign in (
            "MemoryError",
            "ResourceExhausted",
            "RESOURCE_EXHAUSTED",
            "OutOfMemory",
            "out of memory",
            "DefaultCPUAllocator",  # of PyTorch, which refuses with a RuntimeError
        )
    )


_stops = []  # the signals received so far
_waiting = False  # whether the first one waits for `stop_if_asked`
_called_off = None  # a function that tells whether the work is still wanted


@contextmanager
def stoppable():
    """Turn each stop signal into a KeyboardInterrupt, and yield the list of the signals received."""
    _stops.clear()

    def stop(number, frame):
        _stops.append(number)
        if not _waiting or len(_stops) > 1:
            raise KeyboardInterrupt

    # A process that a shell starts in the background ignores Ctrl-C, and should go on ignoring it.
    heard = [number for number in STOPS if signal.getsignal(number) is not signal.SIG_IGN]
    if threading.current_thread() is not threading.main_thread():
        heard = []  # Python delivers signals to the main thread only
    before = {number: signal.signal(number, stop) for number in heard}
    try:
        yield _stops
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def stop_between_steps():
    """Hold a stop signal back until the next call of `stop_if_asked`, after each step; a second signal acts at once.

    TensorFlow calls Python while it traces and differentiates, and sometimes crashes if that raises an exception.
    Signals only ever interrupt the main thread, so work in another one holds nothing back.
    """
    global _waiting
    _waiting = threading.current_thread() is threading.main_thread()
    try:
        yield
        stop_if_asked()
    finally:
        _waiting = False


@contextmanager
def stopped_if(called_off):
    """Inside the block, let `stop_if_asked` also ask called_off(). Threads get no signals, and can be stopped so."""
    global _called_off
    _called_off = called_off
    try:
        yield
    finally:
        _called_off = None


def stop_if_asked():
    """Raise KeyboardInterrupt if a stop signal was held back, or the work was called off."""
    if (_stops and _waiting) or (_called_off and _called_off()):
        raise KeyboardInterrupt


# ---------------------------------------------------------------- locks


@contextmanager
def locked(places):
    """Lock the places of the results, (option, path) each; refuse to start if another run holds one of them.

    <folder>/* stands for all results in a folder. The system releases the locks of a killed run.
    """
    folders = set()
    with ExitStack() as stack:
        for option, target in places:
            folders.add(target.parent)
            try:
                stack.enter_context(folder_for(target.parent))
                ours = stack.enter_context(_holding(hidden_beside(target, ".lock")))
            except OSError as error:
                why = shown(error.strerror or error)
                raise UserError(f"{option}={shown(target)} cannot be written: {why}; choose another place") from None
            if not ours:
                raise UserError(f"{option}={shown(target)}: another run is at work there; wait for it, or stop it")
        for folder in folders:
            _remove_leftovers(folder)
        yield


def _remove_leftovers(folder):
    """Remove the partial files that killed runs left in a folder."""
    import psutil

    for half in folder.glob(".*-*.part*"):
        process = re.fullmatch(r"\.[0-9a-f]{12}-(\d+)\.part.*", half.name)
        if process and not psutil.pid_exists(int(process[1])):
            with suppress(OSError):
                half.unlink()


@contextmanager
def _holding(lock):
    """Hold a lock file, and yield whether we got it."""
    file = _acquire(lock)
    try:
        yield file is not None
    finally:
        if file:
            with file, suppress(OSError):  # Windows cannot remove an open file: it stays, unlocked
                lock.unlink()


def _acquire(lock):
    """Open and lock a lock file; None if another run holds it."""
    while True:
        file = open(lock, "ab")  # noqa: SIM115
        try:
            _lock(file)
        except (BlockingIOError, PermissionError):
            file.close()
            return None
        except OSError:  # this disk has no locks; two runs then still write whole files
            return file
        if os.fstat(file.fileno()).st_nlink:
            return file
        file.close()  # another run ended and removed the file before we locked it: try again


def _lock(file):
    """Lock an open file; raise at once if another process holds it."""
    try:
        import fcntl
    except ImportError:
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
