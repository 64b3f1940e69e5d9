"""What holds for the repository as a whole."""

import ast
import re
import subprocess

import pytest
import yaml

from utils import ROOT

SOURCES = sorted((ROOT / "src").rglob("*.py"))
TREE = ROOT / ".git"
# The floors of the house, from the door down; docs/how-it-works.md draws them.
FLOORS = (
    {"download_data", "train", "predict", "evaluate", "stylize", "distill", "page"},
    {"webpage"},
    {"studio", "distilling"},
    {"segmentation", "style"},
    {"networks", "cluster"},
    {"fetching", "command", "pictures"},
    {"files"},
    {"utils"},
)
FLOOR = {name: -depth for depth, floor in enumerate(FLOORS) for name in floor}


def name_of(source):
    return source.relative_to(ROOT / "src").as_posix()


def room_of(source):
    """The folder of a source file; a script, and utils.py, is a room of its own."""
    return name_of(source).removesuffix(".py").split("/")[0]


def imports_of(source):
    """The first names of all modules that a source file imports, also within functions."""
    nodes = list(ast.walk(ast.parse(source.read_text())))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.split(".")[0] for name in names}


def requirements(name="requirements.txt"):
    """{package: lower bound} of a file of requirements, without the markers."""
    lines = (line.split(";")[0].strip() for line in (ROOT / name).read_text().splitlines())
    return dict(line.split(">=") for line in lines if not line.startswith("-r"))


def test_conda_and_pip_install_the_same():
    environment = yaml.safe_load((ROOT / "environment.yaml").read_text())
    assert environment["name"] == "NST" and environment["channels"] == ["conda-forge"]
    assert environment["dependencies"][0] == "python=3.12"
    assert dict(line.split(">=") for line in environment["dependencies"][1:]) == requirements()


def test_contributing_lists_the_same():
    listed = re.search(r"<!-- packages -->(.*?)<!-- end -->", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)[1]
    assert dict(re.findall(r"`([\w-]+)` ([\d.]+)", listed)) == requirements()


def test_every_package_is_needed_and_every_need_is_listed():
    names = {"PIL": "pillow", "docopt": "docopt-ng"}
    imported = set().union(*map(imports_of, SOURCES))
    own = set(FLOOR)
    standard = set(__import__("sys").stdlib_module_names)
    third = {names.get(name, name) for name in imported - own - standard}
    # Keras's backend, what its TensorBoard callback imports, kaggle's own login and a need that it does not state.
    unseen = {"tensorflow", "tensorboard", "kaggle", "six"}
    optional = {"torch", "jax", "keras_hub", "kagglehub", "dask", "distributed"}
    extras = set(requirements("requirements-page.txt"))
    assert third - optional - extras | unseen == set(requirements()) and extras <= third
    assert "tensorflow" not in third


@pytest.mark.parametrize("source", SOURCES, ids=name_of)
def test_imports_point_down(source):
    """A file imports from its own room and from lower floors, and nothing imports a script."""
    room = room_of(source)
    for name in imports_of(source) & set(FLOOR):
        assert name == room or FLOOR[name] < FLOOR[room], f"{name_of(source)} imports {name}"


def test_every_folder_is_a_room_that_says_what_happens_in_it():
    rooms = {folder.name for folder in (ROOT / "src").iterdir() if folder.is_dir() and folder.name != "__pycache__"}
    assert rooms == set().union(*FLOORS[1:]) - {"utils"}
    for room in rooms:
        tree = ast.parse((ROOT / "src" / room / "__init__.py").read_text())
        start = re.search(r"Start with `(\w+\.py)`", ast.get_docstring(tree))[1]
        assert len(tree.body) == 1 and (ROOT / "src" / room / start).exists()


def test_only_scripts_and_utils_stand_at_the_door():
    assert {file.stem for file in (ROOT / "src").glob("*.py")} == FLOORS[0] | {"utils"}
    assert len((ROOT / "src/utils.py").read_text().splitlines()) < 100


def test_the_tests_mirror_the_rooms():
    for file in (ROOT / "tests").glob("*/test_*.py"):
        if file.parent.name != "abuse":
            assert (ROOT / "src" / file.parent.name / file.name.removeprefix("test_")).exists(), file


@pytest.mark.parametrize("source", SOURCES, ids=name_of)
def test_no_source_grows_past_three_hundred_lines(source):
    assert len(source.read_text().splitlines()) <= 300


@pytest.mark.skipif(not TREE.exists(), reason="no git checkout")
def test_git_keeps_out_what_is_not_ours():
    kept_out = ["data/people_segmentation/images/a.jpg", "model/Unet_model.keras", "model/Unet_model.run/run.json"]
    kept_out += ["me_mask.jpeg", "me_mask_hair.png", "me_index.png", "holiday/me_alpha.png", ".venv/bin/python"]
    ask = ["git", "check-ignore", *kept_out, "model/README.md", "examples/me_mask.jpeg"]
    answer = subprocess.run(ask, cwd=ROOT, capture_output=True, text=True)
    assert answer.stdout.split() == kept_out


def test_the_licence_is_mit():
    assert (ROOT / "LICENSE").read_text().startswith("MIT License")
