"""A run as the system sees it: how it ends, what stops it, and what other runs must leave alone meanwhile."""

import hashlib
import os
import re
import signal
import sys
import threading
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from files.whole import folder_for
from utils import UserError, shown

OUT_OF_MEMORY = "out of memory; close other programs, or choose a smaller picture or --size"
STOPS = (signal.SIGINT, signal.SIGTERM)  # Ctrl-C, and what queues of shared machines send before they kill


def run(main):
    """Run a script's main(argv) under the one error policy of all scripts, then exit."""
    # TensorFlow greets with a page of hints about the processor; they would bury our one line.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with stoppable() as stops:
        try:
            return main(sys.argv[1:])
        except UserError as error:
            said = str(error)
        except BrokenPipeError:  # who reads what we print has seen enough: `... | head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(141)  # as shells count it
        except OSError as error:
            what, why = shown(error.filename or "a file or connection"), error.strerror or type(error).__name__
            said = f"{what} cannot be used ({why}); choose another"
        except KeyboardInterrupt as stop:
            stops.append(signal.SIGINT)
            said = ": ".join(["stopped", *map(str, stop.args)])
        except Exception as error:
            if not (stops or is_out_of_memory(error)):
                raise
            # Some libraries make another error of the one that a signal raises.
            said = "stopped" if stops else OUT_OF_MEMORY
    said = shown(said, 280)  # of which the beginning names the culprit, and the end the remedy
    print(said if stops else f"{Path(sys.argv[0]).name}: {said}", file=sys.stderr)
    sys.exit(128 + stops[0] if stops else 2)


def is_out_of_memory(error):
    """Whether an exception of any backend says that memory ran out."""
    text = f"{type(error).__name__} {error}"
    return any(
        sign in text
        for sign in ("MemoryError", "ResourceExhausted", "RESOURCE_EXHAUSTED", "OutOfMemory", "out of memory")
    )


_stops = []  # the signals that came
_waiting = False  # whether a first one waits for `heed`


@contextmanager
def stoppable():
    """Treat every stop like Ctrl-C, a KeyboardInterrupt, and yield the list of those that came."""
    _stops.clear()

    def stop(number, frame):
        _stops.append(number)
        if not _waiting or len(_stops) > 1:
            raise KeyboardInterrupt

    # Who is started in the background by a shell ignores Ctrl-C, and goes on doing so.
    heard = [number for number in STOPS if signal.getsignal(number) is not signal.SIG_IGN]
    if threading.current_thread() is not threading.main_thread():
        heard = []  # which Python's signals never reach
    before = {number: signal.signal(number, stop) for number in heard}
    try:
        yield _stops
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def in_steps():
    """Let a stop wait for `heed`, which is called after each step; a second stop does not wait.

    TensorFlow calls Python while it traces and differentiates, and now and then crashes if that raises.
    """
    global _waiting
    _waiting = True
    try:
        yield
        heed()
    finally:
        _waiting = False


def heed():
    """Stop now if a stop came."""
    if _stops and _waiting:
        raise KeyboardInterrupt


# ---------------------------------------------------------------- one at a time


@contextmanager
def alone(places):
    """Keep the places of results, (option, path), for this run: another that is given one of them is refused meanwhile.

    For all of a folder, <folder>/*. The system itself lets go of what a killed run held.
    """
    folders = set()
    with ExitStack() as stack:
        for option, target in places:
            folders.add(target.parent)
            try:
                stack.enter_context(folder_for(target.parent))
                ours = stack.enter_context(_locked(_lock_of(target)))
            except OSError as error:
                why = shown(error.strerror or error)
                raise UserError(f"{option}={shown(target)} cannot be written: {why}; choose another place") from None
            if not ours:
                raise UserError(f"{option}={shown(target)}: another run is at work there; wait for it, or stop it")
        for folder in folders:
            _sweep(folder)
        yield


def _sweep(folder):
    """Remove the halves of files that killed runs left in a folder."""
    import psutil

    for half in folder.glob(".*-*.part*"):
        process = re.fullmatch(r"\.[0-9a-f]{12}-(\d+)\.part.*", half.name)
        if process and not psutil.pid_exists(int(process[1])):
            with suppress(OSError):
                half.unlink()


def _lock_of(target):
    """The hidden file that stands for the place of a result, of a name that is short enough anywhere."""
    return target.with_name(f".{hashlib.sha256(os.fsencode(target.name)).hexdigest()[:12]}.lock")


@contextmanager
def _locked(lock):
    """Hold a lock file, and yield whether it could be had."""
    file = _take(lock)
    try:
        yield file is not None
    finally:
        if file:
            with file, suppress(OSError):  # of systems that remove no open file: there it stays, and is free
                lock.unlink()


def _take(lock):
    """A lock file, open and ours, or None where another run has it."""
    while True:
        file = open(lock, "ab")  # noqa: SIM115
        try:
            _ask(file)
        except (BlockingIOError, PermissionError):
            file.close()
            return None
        except OSError:  # of a disk that knows no locks, where two runs write whole files all the same
            return file
        if os.fstat(file.fileno()).st_nlink:
            return file
        file.close()  # it was removed before it was ours: the other run has ended just now


def _ask(file):
    """Lock an open file, or raise at once where another process has it."""
    try:
        import fcntl
    except ImportError:
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
