"""Let visitors take turns: one piece of work at a time, in the order in which it was asked for."""

import threading
from concurrent.futures import ThreadPoolExecutor


class Turn:
    """A piece of work that waits, is done, or is over."""

    def __init__(self, work):
        """work(turn) does it. It may put what there is to see into `turn.news`, and ends soon once `stopped` is set."""
        self.work, self.news = work, None
        self.stopped, self.over = threading.Event(), threading.Event()
        self.result = self.error = None


class Line:
    """A queue with one worker."""

    def __init__(self):
        self.turns, self.lock = [], threading.Lock()
        self.worker = ThreadPoolExecutor(1)

    def join(self, work):
        """Queue up: the `Turn` for work(turn)."""
        turn = Turn(work)
        with self.lock:
            self.turns.append(turn)
        self.worker.submit(self._take, turn)
        return turn

    def place(self, turn):
        """How many others come first."""
        with self.lock:
            return self.turns.index(turn) if turn in self.turns else 0

    def stop(self, turn):
        """Ask the work to end. One that still waits leaves the queue at once."""
        turn.stopped.set()
        with self.lock:
            if turn in self.turns[1:]:
                self.turns.remove(turn)
                turn.over.set()

    def close(self):
        """Stop everything, and wait for the work at hand to end."""
        for turn in reversed(self.turns.copy()):
            self.stop(turn)
        self.worker.shutdown()

    def _take(self, turn):
        try:
            if not turn.stopped.is_set():
                turn.result = turn.work(turn)
        except BaseException as error:  # the visitor must hear of it, and the worker goes on
            turn.error = error
        finally:
            with self.lock:
                if turn in self.turns:
                    self.turns.remove(turn)
            turn.over.set()
