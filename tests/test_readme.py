"""Every command of the README runs, in its order, in a copy of the project with a small data set."""

import importlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from command.options import read_options
from drawn import draw_set
from kaggle_server import TOKEN, Kaggle
from utils import ROOT

README = (ROOT / "README.md").read_text()
SYSTEMS = (ROOT / "examples" / "systems.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
COMMANDS = [line for block in BLOCKS for line in block.splitlines() if re.match(r"(\w+=\S+ )*python src/", line)]
# What the README says is kept, but for what takes hours.
QUICK = {
    "train.py": {"--size": 32, "--base": 2, "--epochs": 1, "--batch_size": 4},
    "stylize.py": {"--size": 64, "--epochs": 2},
    "distill.py": {
        "--size": 32,
        "--batch_size": 2,
        "--canvases": 1,
        "--steps": 2,
        "--epochs": 1,
        "--widths": "2,2,2,2,2",
    },
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the project, with photos of a holiday beside it, and a Kaggle to download from."""
    folder = tmp_path_factory.mktemp("project")
    for part in ("src", "examples", "model"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", "*.run"))
    photos = draw_set(folder / "drawn", 24, width=64, height=64)
    shutil.copy(photos / "images" / "0003.jpg", folder / "photo.jpg")
    (folder / "holiday").mkdir()
    for name in ("0000.jpg", "0001.jpg", "0002.jpg"):
        shutil.copy(photos / "images" / name, folder / "holiday")
    try:
        server = Kaggle()
    except OSError:
        pytest.skip("port 7777 is in use")
    server.archives["nikhilroxtomar/person-segmentation"] = packed(photos)
    with server:
        yield folder


def packed(folder):
    """The folder as the archive that Kaggle hands out."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as bundle:
        for file in sorted(folder.rglob("*.*")):
            bundle.write(file, f"people_segmentation/{file.relative_to(folder).as_posix()}")
    return archive.getvalue()


def words(command):
    """A README command as (words to run, environment), made quick where it trains or paints."""
    parts = shlex.split(command)
    environment = dict(part.split("=", 1) for part in parts[: parts.index("python")])
    parts = [sys.executable, *parts[parts.index("python") + 1 :]]
    quick = {} if "--show" in command else QUICK.get(Path(parts[1]).name, {})
    kept = [part for part in parts if part.split("=")[0] not in quick]
    return kept + [f"{option}={value}" for option, value in quick.items()], environment


def test_the_readme_shows_every_script():
    scripts = {file.name for file in (ROOT / "src").glob("*.py") if "__main__" in file.read_text()}
    assert {re.search(r"src/(\w+\.py)", command)[1] for command in COMMANDS} == scripts


@pytest.mark.xdist_group("kaggle")  # one after the other, since they need each other's files, and on the one port
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_readme(project, command, vgg_weights):
    parts, environment = words(command)
    if "distill.py" in command or ("--style" in command and "--network=mini" not in command):
        # VGG19's are not here to be downloaded
        parts.append(f"--vgg_weights={vgg_weights}")
    if "jax" in environment.values():
        pytest.importorskip("jax")
    environment |= {"HOME": str(project), "KAGGLE_API_ENVIRONMENT": "TEST", "KAGGLE_API_TOKEN": TOKEN, "no_proxy": "*"}
    done = subprocess.run(parts, cwd=project, env=os.environ | environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("readme", ["README.md", "examples/README.md", "examples/systems.md", "model/README.md"])
def test_every_file_that_a_readme_shows_is_there(readme):
    shown = re.findall(r"\]\(([^):#]+)\)", (ROOT / readme).read_text())
    assert (shown or readme != "README.md") and all(((ROOT / readme).parent / name).exists() for name in shown)


def test_every_picture_of_the_examples_is_told_of_and_there():
    told = (ROOT / "examples" / "README.md").read_text()
    assert "(systems.md)" in told
    told += re.sub(r"\]\((\w+\.\w+)\)", r"]`\1`", SYSTEMS)  # which shows its pictures
    files = {file.name for file in (ROOT / "examples").iterdir() if file.suffix in (".jpg", ".jpeg", ".png", ".webp")}
    photos = {file.name for file in (ROOT / "examples").glob("*/images/*")}
    assert files and all(f"`{name}`" in told for name in files | photos)
    assert set(re.findall(r"--\w+=examples/(\w+\.\w+)", told)) - {"triptych.jpg"} <= files


def test_what_is_said_to_be_tested_is():
    told, tests = (ROOT / "docs/reliability.md").read_text(), {file.name: file for file in (ROOT / "tests").rglob("*")}
    sources = "".join(file.read_text() for name, file in tests.items() if name.endswith(".py"))
    assert all((ROOT / name).exists() for name in re.findall(r"\]\((.*?)\)", told))
    named = set(re.findall(r"\btest_\w+(?:\.py)?", told))
    assert len(named) > 10 and all(name in tests or f"def {name}(" in sources for name in named)


EXAMPLES = re.findall(r"`python (src/[^`]*)`", (ROOT / "examples" / "README.md").read_text())
EXAMPLES += re.findall(r"(?m)^python (src/.*)", SYSTEMS)
TO_COME = ("data", "photo.jpg")  # what the user downloads or has
DEMO = re.findall(r"python (src/stylize.*)", (ROOT / "Makefile").read_text())


@pytest.mark.parametrize("command", DEMO + EXAMPLES)
def test_a_command_of_the_examples_or_the_demo_is_one(command):
    """They take minutes; that their scripts do what they say is tested elsewhere."""
    script, *given = shlex.split(command)
    module = importlib.import_module(Path(script).stem)
    read_options(module.__doc__, module.OPTIONS, given)
    named = [
        name for found in re.findall(r"--(?:file_path|content|data|style)=(\S+)", command) for name in found.split(",")
    ]
    assert all((ROOT / name).exists() for name in named if Path(name).parts[0] not in TO_COME)


def test_make_knows_the_targets_that_the_readme_names():
    targets = re.findall(r"(?m)^([\w.]+):", (ROOT / "Makefile").read_text())
    assert set(re.findall(r"(?m)`?make (\w+)`?", " ".join(BLOCKS))) <= set(targets)
