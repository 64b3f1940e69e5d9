import os

from utils import named, shown


def test_values_are_shown_on_one_short_line():
    assert shown("Zoë\n\x1b[31m") == "Zoë\\n\\x1b[31m"
    assert shown("a" * 500).count("a") == 80 and "..." in shown("a" * 500)
    assert shown(os.fsdecode(b"\xff.jpg")).endswith(".jpg")


def test_a_few_of_many_names():
    assert named(["a", "b"]) == "a, b"
    assert named(list("abcdefg"), 2) == "a, b and 5 more"
