"""Orders as options and as command lines."""

from pathlib import Path

import stylize
from command.options import read_options
from utils import ROOT
from webpage.order import Order

RAIN = ROOT / "examples/styles/rain.jpg"
PLAIN = Order(Path("/v/ab/me.jpg"), RAIN, Path("/v/me_painted.jpg"), "instant", "figure", "balanced")


def test_the_options_are_those_that_stylize_reads():
    typed = ["--content=/v/ab/me.jpg", f"--style={RAIN}", "--save=/v/me_painted.jpg", "--network=instant"]
    assert vars(PLAIN.options()) == read_options(stylize.__doc__, stylize.OPTIONS, typed)


def test_a_command_leaves_out_defaults_and_names_a_visitors_files_alone():
    assert PLAIN._replace(model=ROOT / "model/person.keras").command() == (
        "python src/stylize.py --content=me.jpg --style=examples/styles/rain.jpg --save=me_painted.jpg "
        "--network=instant"
    )


def test_a_command_shows_everything_else():
    order = PLAIN._replace(
        network="mini",
        keep="background",
        similarity="style",
        keep_classes=("person", "cat"),
        precision="float32",
        model=Path("/models/mine.keras"),
    )
    *_, keep, similarity, classes, precision, model = order.command().split()
    assert (keep, similarity, classes) == ("--keep=background", "--similarity=style", "--keep_classes=person,cat")
    assert (precision, model) == ("--precision=float32", "--model=/models/mine.keras")


def test_names_are_quoted_for_the_shell():
    order = PLAIN._replace(content=Path("/v/my photo (1).jpg"), mask=Path("/v/my photo (1)_mask.png"))
    assert "'--content=my photo (1).jpg'" in order.command()
    assert order.command().endswith("'--mask=my photo (1)_mask.png'")
