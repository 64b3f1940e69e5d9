"""Wait for what happens in another thread."""

import time

PATIENCE = 300  # seconds, on a machine that does much else


def until(question):
    """Wait until something holds: whether it does."""
    end = time.monotonic() + PATIENCE
    while not question() and time.monotonic() < end:
        time.sleep(0.01)
    return question()
