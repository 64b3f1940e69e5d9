import threading

import pytest

from command.pipeline import pipeline
from utils import UserError


def test_each_item_is_read_worked_on_and_written_in_turn():
    written = {}
    ended = list(pipeline("abc", str.upper, lambda letter: letter * 2, written.__setitem__))
    assert ended == [("a", None), ("b", None), ("c", None)]
    assert list(written.items()) == [("a", "AA"), ("b", "BB"), ("c", "CC")]
    assert list(pipeline([], None, None, None)) == []


@pytest.mark.parametrize("step", ["read", "work", "write"])
def test_an_error_at_any_step_stops_only_its_item(step):
    written = []

    def only_b(name):
        def act(item, *result):
            if name == step and item == "b":
                raise UserError("b is bad")
            if name == "write":
                written.append(item)
            return item

        return act

    ended = dict(pipeline("abc", only_b("read"), only_b("work"), only_b("write")))
    assert {item: str(error) for item, error in ended.items() if error} == {"b": "b is bad"}
    assert set(ended) == set("abc") and written == ["a", "c"]


def test_where_there_is_nothing_to_do_nothing_is_written():
    written = []
    ended = list(pipeline([1, 2, 3], lambda n: None if n == 2 else n, lambda n: n, lambda n, _: written.append(n)))
    assert ended == [(1, None), (2, None), (3, None)] and written == [1, 3]


def test_reading_and_writing_go_on_beside_the_work():
    """The work on 1 waits until 2 is read, and the work on 2 until 1 is written: in a single thread, for ever."""
    read, written = {n: threading.Event() for n in (1, 2)}, {n: threading.Event() for n in (1, 2)}

    def open_one(n):
        read[n].set()
        return n

    def work(n):
        assert (read[2] if n == 1 else written[1]).wait(20)
        assert threading.current_thread() is threading.main_thread()
        return n

    assert list(pipeline([1, 2], open_one, work, lambda n, _: written[n].set())) == [(1, None), (2, None)]


def test_no_more_than_a_few_items_are_in_memory():
    opened, written, most = [], [], []

    def read(n):
        opened.append(n)
        most.append(len(opened) - len(written))
        return n

    list(pipeline(range(20), read, lambda n: n, lambda n, _: written.append(n)))
    assert written == list(range(20)) and max(most) <= 4


def test_other_errors_are_not_swallowed():
    def fail(n):
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        list(pipeline([1], fail, None, None))
    with pytest.raises(RuntimeError, match="a bug"):
        list(pipeline([1], lambda n: n, lambda n: n, lambda n, _: fail(n)))
