"""What holds for the repository as a whole."""

import ast
import re
import subprocess

import pytest
import yaml

from utils import ROOT

SOURCES = sorted((ROOT / "src").rglob("*.py"))
TREE = ROOT / ".git"


def requirements():
    """{package: lower bound} of requirements.txt, without the markers."""
    lines = (line.split(";")[0].strip() for line in (ROOT / "requirements.txt").read_text().splitlines())
    return dict(line.split(">=") for line in lines)


def test_conda_and_pip_install_the_same():
    environment = yaml.safe_load((ROOT / "environment.yaml").read_text())
    assert environment["name"] == "NST" and environment["channels"] == ["conda-forge"]
    assert environment["dependencies"][0] == "python=3.12"
    assert dict(line.split(">=") for line in environment["dependencies"][1:]) == requirements()


def test_the_readme_lists_the_same():
    listed = re.search(r"<!-- packages -->(.*?)<!-- end -->", (ROOT / "README.md").read_text(), re.DOTALL)[1]
    assert dict(re.findall(r"`([\w-]+)` ([\d.]+)", listed)) == requirements()


def test_every_package_is_needed_and_every_need_is_listed():
    names = {"PIL": "pillow", "docopt": "docopt-ng"}
    imported = set()
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module.split(".")[0])
    own = {source.stem for source in SOURCES} | {"segmentation", "style"}
    standard = set(__import__("sys").stdlib_module_names)
    third = {names.get(name, name) for name in imported - own - standard}
    # Keras's backend, what its TensorBoard callback imports, kaggle's own login and a need that it does not state.
    unseen = {"tensorflow", "tensorboard", "kaggle", "six"}
    assert third - {"torch"} | unseen == set(requirements())
    assert "tensorflow" not in third


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_arrows_point_one_way(source):
    """scripts -> stylizing, orders, masking -> segmentation, style -> images, hardware -> utils; none to a script."""
    imports = set(re.findall(r"(?m)^\s*(?:from|import) ([\w.]+)", source.read_text()))
    scripts = {"train", "predict", "evaluate", "download_data", "stylize", "distill"}
    above = scripts | {"studio.studio", "orders", "masking"}
    assert not imports & (scripts - {source.stem})
    for stage in ("segmentation", "style"):
        if source.parent.name != stage and source.stem not in above:
            assert not any(name.split(".")[0] == stage for name in imports)
    if source.stem == "utils":
        assert not imports & {"images", "networks.hardware", "numpy", "PIL", "keras"}


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
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
