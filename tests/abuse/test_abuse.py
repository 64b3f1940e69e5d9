"""Thousands of bad commands each end well, or with one helpful line and no file changed.

ABUSE=20000 plays more cases than the 2,000 that the suite has, ABUSE_SEED=<n> others, ABUSE_CASE=<n> that one alone;
ABUSE_LOG=<file> notes how each of them ends.
"""

import os
import time

import pytest

from abuse.cases import make_case, spoil
from abuse.judge import judge, snapshot
from abuse.stage import Eye, fresh, play, remember_networks, set_up, stock, stock_networks

CASES, SEED = int(os.environ.get("ABUSE", "2000")), os.environ.get("ABUSE_SEED", "2026")
ONLY, LOG = os.environ.get("ABUSE_CASE"), os.environ.get("ABUSE_LOG")
PARTS = 80
SHORT = 1  # of the parts, which run in make test


@pytest.fixture(scope="session")
def eye():
    return Eye()


@pytest.fixture(scope="session")
def goods(tmp_path_factory):
    folder = stock(tmp_path_factory.mktemp("goods"))
    stock_networks(folder)
    return folder


@pytest.fixture
def attempt(goods, eye, tmp_path, monkeypatch, thin, eager, capfd):
    """Play the case of a number: (case, how it ended, what is wrong)."""
    set_up(monkeypatch, tmp_path, thin)

    def call(number):
        place = fresh(tmp_path, goods)
        os.chdir(place)
        case, chance = make_case(SEED, number)
        spoil(case, chance)
        before = snapshot(place)
        with monkeypatch.context() as patch, eye.on(tmp_path) as outside:
            if case.script not in ("train.py", "distill.py"):
                remember_networks(patch)
            else:
                patch.setattr("networks.runs.draw_curves", lambda *given: None)
            ended = play(case.script, case.module, case.argv, capfd)
        return case, ended, judge(case, ended, before, snapshot(place), outside)

    return call


def note(number, case, ended, wrong, seconds):
    """Write a line of how a case ended into the file that ABUSE_LOG names."""
    with open(LOG, "a", encoding="utf-8", errors="backslashreplace") as file:
        told = (number, case.script, ended.status, f"{seconds:.3f}", ascii(case.argv)[:300], ended.err.strip())
        print(*told, *("\n  " + ascii(each)[-1500:] for each in wrong), file=file)


@pytest.mark.parametrize(
    "part", [pytest.param(part, marks=[] if part < SHORT or ONLY else pytest.mark.long) for part in range(PARTS)]
)
def test_bad_input_ends_well_or_in_one_line_and_changes_nothing(attempt, part):
    numbers = [int(ONLY)] * (int(ONLY) % PARTS == part) if ONLY else range(part, CASES, PARTS)
    failures = []
    for number in numbers:
        started = time.process_time()
        case, ended, wrong = attempt(number)
        if LOG:
            note(number, case, ended, wrong, time.process_time() - started)
        if wrong:
            again = f"ABUSE_SEED={SEED} ABUSE_CASE={number} python -m pytest tests/abuse"
            failures.append("\n".join([again, f"{case.script} {case.argv!a}", ascii(case.story), *wrong]))
    report = "\n\n".join(failures).encode("ascii", "backslashreplace").decode()
    assert not failures, f"{len(failures)} cases:\n\n{report}"
