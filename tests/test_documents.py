"""Check the documents: their commands run or parse, and what they link to exists."""

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
from forker import fork_server
from kaggle_server import TOKEN, Kaggle
from utils import ROOT

PAGES = ("README.md", "CONTRIBUTING.md", "docs/*.md", "data/README.md", "examples/README.md", "model/README.md")
DOCUMENTS = {str(file.relative_to(ROOT)): file.read_text() for page in PAGES for file in sorted(ROOT.glob(page))}
GUIDES = ("README.md", "docs/painting.md", "docs/segmentation.md", "docs/page.md")  # whose commands run, in their order
FOLDERS = "src|benchmarks|examples|model"
COMMAND = re.compile(rf"(?m)^((?:\w+=\S+ )*(?:\S*/)?python (?:{FOLDERS})/\w+\.py.*)$|`(python src/[^`]*)`")
# As in the documents, except for what takes hours.
QUICK = {
    "train.py": {"--size": 32, "--base": 2, "--epochs": 1, "--batch_size": 4, "--precision": "float32"},
    "stylize.py": {"--size": 64, "--epochs": 2, "--precision": "float32"},
    "distill.py": {
        "--size": 32,
        "--batch_size": 2,
        "--canvases": 1,
        "--steps": 2,
        "--epochs": 1,
        "--widths": "2,2,2,2,2",
        "--precision": "float32",
    },
}


def commands(text):
    """The commands of our own scripts in a document, each once."""
    return list(dict.fromkeys(block or inline for block, inline in COMMAND.findall(text)))


def words(command):
    """A command as (environment, script, arguments)."""
    parts = shlex.split(command)
    interpreter = next(place for place, part in enumerate(parts) if part.endswith("python"))
    environment = dict(part.split("=", 1) for part in parts[:interpreter])
    return environment, parts[interpreter + 1], parts[interpreter + 2 :]


TO_RUN = commands("\n".join(DOCUMENTS[page] for page in GUIDES))
SHOWN = {Path(words(command)[1]).name for command in TO_RUN if "src/" in command}
TO_RUN = [command for command in TO_RUN if "$" not in command and ".venv" not in command]
TO_RUN = [command for command in TO_RUN if "page.py" not in command]  # serves until it is stopped; see test_page.py
EVERY = sorted({command for text in DOCUMENTS.values() for command in commands(text) if "--help" not in command})
EVERY += re.findall(r"python src/.*", (ROOT / "Makefile").read_text())


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the project, with photos of a holiday beside it, and a Kaggle to download from."""
    folder = tmp_path_factory.mktemp("project")
    for part in ("src", "examples", "model"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", "*.run"))
    photos = draw_set(folder / "drawn", 24, width=64, height=64)
    shutil.copy(photos / "images" / "0003.jpg", folder / "photo.jpg")
    for copied, source, ending in (
        ("holiday", "images", "jpg"),
        ("photos", "images", "jpg"),
        ("masks", "masks", "png"),
    ):
        (folder / copied).mkdir()
        for number in range(2):
            shutil.copy(photos / source / f"{number:04}.{ending}", folder / copied)
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


@pytest.fixture(scope="module")
def fork(project):
    with fork_server(project / "src", project) as ask:
        yield ask


def quick(script, given):
    """The arguments, with the settings of QUICK instead of the document's."""
    settings = {} if {"--show", "--help"} & {part.split("=")[0] for part in given} else QUICK.get(Path(script).name, {})
    kept = [part for part in given if part.split("=")[0] not in settings]
    return kept + [f"{option}={value}" for option, value in settings.items()]


def run_apart(environment, script, given, project):
    """Run a command in a process of its own: (exit code, what it printed)."""
    kaggle = {"HOME": str(project), "KAGGLE_API_ENVIRONMENT": "TEST", "KAGGLE_API_TOKEN": TOKEN, "no_proxy": "*"}
    done = subprocess.run(
        [sys.executable, script, *given],
        cwd=project,
        env=os.environ | kaggle | environment,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


def marks(command):
    """Run them one after the other, since they use each other's files. Leave what resembles another one to test-all."""
    takes_long = ("KERAS_BACKEND", "distill.py", "--content=holiday", "--content=photos", "rain.jpg")
    long = [pytest.mark.long] if any(part in command for part in takes_long) else []
    return [pytest.mark.xdist_group("kaggle"), *long]


@pytest.mark.parametrize("command", [pytest.param(command, marks=marks(command)) for command in TO_RUN])
def test_a_command_of_the_guides_runs(request, project, tmp_path, command, vgg_weights):
    environment, script, given = words(command)
    given = quick(script, given)
    small = "--network=mini" in command or "--network=instant" in command
    if "distill.py" in command or ("--style" in command and not small):
        given.append(f"--vgg_weights={vgg_weights}")  # VGG19's own cannot be downloaded here
    if environment:
        pytest.importorskip(environment["KERAS_BACKEND"])
        shutil.copytree(project / "drawn", project / "data/people_segmentation", dirs_exist_ok=True)
        status, printed = run_apart(environment, script, given, project)
    else:
        out, fork = tmp_path / "out.txt", request.getfixturevalue("fork")
        status = fork(wait=fork(argv=[Path(script).name, *given], cwd=project, err=out))
        printed = out.read_text()
    assert status == 0, printed


@pytest.mark.parametrize("command", EVERY)
def test_a_command_of_a_document_is_one(command):
    """Those of the examples and systems take minutes or hours; what their scripts do is tested elsewhere."""
    _, script, given = words(command)
    if script.startswith("src/"):
        module = importlib.import_module(Path(script).stem)
        read_options(module.__doc__, module.OPTIONS, given)
    else:
        usage = (ROOT / script).read_text().split('"""')[1]
        assert all(part.split("=")[0] in usage for part in given if part.startswith("--"))


def test_the_guides_show_every_script():
    scripts = {file.name for file in (ROOT / "src").glob("*.py") if "__main__" in file.read_text()}
    assert scripts == SHOWN


def test_the_readme_is_short():
    assert len(DOCUMENTS["README.md"].splitlines()) <= 150


@pytest.mark.parametrize("page", DOCUMENTS)
def test_what_a_document_links_to_is_there(page):
    links = re.findall(r"\]\(([^)\s]+)\)", DOCUMENTS[page])
    for link in (link for link in links if "://" not in link):
        name, _, section = link.partition("#")
        target = (ROOT / page).parent / name if name else ROOT / page
        assert target.exists(), link
        assert not section or section in sections(target.read_text()), link


def sections(text):
    """The anchors of a document's headings, as GitHub names them."""
    headings = re.findall(r"(?m)^#+ (.*)", text)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", DOCUMENTS)
def test_what_a_command_reads_is_in_the_repository_or_comes_from_the_user(page):
    own = ("examples", "model")
    named = re.findall(r"--(?:file_path|content|style|data|photos|paintings|mask)=(\S+?)[`\s]", DOCUMENTS[page] + "\n")
    files = [name for names in named for name in names.split(",") if Path(name).parts[0] in own]
    assert all((ROOT / name).exists() for name in files)


def test_every_picture_of_the_examples_is_named_and_there():
    shown = DOCUMENTS["examples/README.md"]
    shown += re.sub(r"\]\(../examples/(\w+\.\w+)\)", r"]`\1`", DOCUMENTS["docs/systems.md"])
    files = {file.name for file in (ROOT / "examples").iterdir() if file.suffix in (".jpg", ".jpeg", ".png", ".webp")}
    photos = {file.name for file in (ROOT / "examples").glob("*/images/*")}
    assert files and all(f"`{name}`" in shown for name in files | photos)
    assert set(re.findall(r"--\w+=examples/(\w+\.\w+)", shown)) - {"triptych.jpg"} <= files


def test_the_tests_that_the_documents_name_are_there():
    tests = {file.name: file for file in (ROOT / "tests").rglob("*.py")}
    sources = "".join(file.read_text() for file in tests.values())
    named = {name for text in DOCUMENTS.values() for name in re.findall(r"\btest_\w+(?:\.py)?", text)}
    named -= {"test_"}
    assert len(named) > 10 and all(name in tests or f"def {name}(" in sources for name in named)


def test_make_knows_the_targets_that_the_documents_name():
    targets = re.findall(r"(?m)^([\w.-]+):", (ROOT / "Makefile").read_text())
    named = {name for text in DOCUMENTS.values() for name in re.findall(r"`make (\S+)`|^make (\S+)$", text, re.M)}
    assert {name for pair in named for name in pair if name} <= set(targets)


def test_the_layouts_are_described():
    from segmentation.layouts import LAYOUTS

    assert all(f"`{name}`" in DOCUMENTS["data/README.md"] for name in LAYOUTS)
