"""Jobs that are done here."""

from pathlib import Path

import pytest

from cluster.jobs import Job, each
from utils import UserError

SOURCES = [Path(name) for name in ("done.jpg", "unreadable.jpg", "bad.jpg", "good.jpg")]


def plan(source):
    if source.stem == "unreadable":
        raise UserError("cannot be read")
    return None if source.stem == "done" else Job(source, source, None)


def test_each_source_ends_in_its_own_way_and_in_order():
    did = []

    def do(job):
        did.append(job.source.stem)
        if job.source.stem == "bad":
            raise UserError("is bad")

    ended = [(source.stem, before, error and str(error)) for source, before, error in each(do, SOURCES, plan)]
    assert ended == [
        ("done", True, None),
        ("unreadable", False, "cannot be read"),
        ("bad", False, "is bad"),
        ("good", False, None),
    ]
    assert did == ["bad", "good"]


def test_a_bug_is_none_of_the_photo():
    with pytest.raises(ZeroDivisionError):
        list(each(lambda job: 1 / 0, SOURCES[-1:], plan))
