"""The queue: order, places, stops, and errors."""

import threading

import pytest

from waiting import PATIENCE
from webpage.turns import Line


@pytest.fixture
def line():
    line = Line()
    yield line
    line.close()


class Gate:
    """Work that begins, and goes on until it is let through or stopped."""

    def __init__(self):
        self.begun, self.open = threading.Event(), threading.Event()

    def __call__(self, turn):
        self.begun.set()
        while not (self.open.wait(0.01) or turn.stopped.is_set()):
            pass
        return "stopped" if turn.stopped.is_set() else "through"


def test_one_works_and_the_others_wait_in_their_order(line):
    gates = [Gate() for _ in range(3)]
    turns = [line.join(gate) for gate in gates]
    assert gates[0].begun.wait(PATIENCE)
    assert [line.place(turn) for turn in turns] == [0, 1, 2]
    assert not gates[1].begun.is_set()
    gates[0].open.set()
    assert gates[1].begun.wait(PATIENCE) and turns[0].over.is_set() and turns[0].result == "through"
    assert [line.place(turn) for turn in turns] == [0, 0, 1]
    gates[1].open.set(), gates[2].open.set()
    assert turns[2].over.wait(PATIENCE) and line.turns == []


def test_who_stops_waiting_lets_the_others_move_up(line):
    gates = [Gate() for _ in range(3)]
    turns = [line.join(gate) for gate in gates]
    assert gates[0].begun.wait(PATIENCE)
    line.stop(turns[1])
    assert turns[1].over.is_set() and turns[1].result is None and line.place(turns[2]) == 1
    gates[0].open.set(), gates[2].open.set()
    assert turns[2].over.wait(PATIENCE) and not gates[1].begun.is_set()


def test_who_is_at_work_is_asked_to_stop(line):
    gate = Gate()
    turn = line.join(gate)
    assert gate.begun.wait(PATIENCE)
    line.stop(turn)
    assert turn.over.wait(PATIENCE) and turn.result == "stopped"


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
def test_an_error_is_kept_and_the_next_one_works(line, error):
    def fail(turn):
        raise error

    broken, whole = line.join(fail), line.join(lambda turn: "done")
    assert whole.over.wait(PATIENCE) and broken.error is error and whole.result == "done"


def test_closing_stops_all():
    line, gates = Line(), [Gate(), Gate()]
    turns = [line.join(gate) for gate in gates]
    assert gates[0].begun.wait(PATIENCE)
    line.close()
    assert [turn.over.is_set() for turn in turns] == [True, True]
    assert turns[0].result == "stopped" and not gates[1].begun.is_set()
