"""Work through many files with reading and writing in threads beside the work itself."""

from collections import deque
from concurrent.futures import ThreadPoolExecutor

from utils import UserError

AHEAD = 2  # items in memory before they are written: one that is worked on, and the next


def pipeline(items, read, work, write):
    """For each item, write(item, work(read(item))); yields (item, the UserError that stopped it or None) at its end.

    If `read` returns None, there is nothing to do. `work` runs in the calling thread, which hears of Ctrl-C. At most
    one result waits to be written.
    """
    items, ahead, behind = list(items), deque(), deque()
    with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(1) as writer:
        for place, item in enumerate(items):
            ahead.extend(reader.submit(read, each) for each in items[place + len(ahead) : place + AHEAD])
            try:
                opened = ahead.popleft().result()
                result = None if opened is None else work(opened)
            except UserError as error:
                yield item, error
                continue
            while behind:
                yield _end_of(*behind.popleft())
            if result is None:
                yield item, None
            else:
                behind.append((item, writer.submit(write, item, result)))
        while behind:
            yield _end_of(*behind.popleft())


def _end_of(item, written):
    """The item, and the UserError of writing it or None."""
    try:
        written.result()
    except UserError as error:
        return item, error
    return item, None
