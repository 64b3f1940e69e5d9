"""What holds for every script: usage, defaults, errors, and that it runs the same from anywhere."""

import importlib
import inspect
import re
import shutil

import pytest
from PIL import Image

from command.options import read_options
from shell import in_a_shell
from utils import ROOT

SCRIPTS = sorted(file.name for file in (ROOT / "src").glob("*.py") if 'if __name__ == "__main__"' in file.read_text())
NEEDED = {
    "predict.py": ["--file_path=a"],
    "evaluate.py": ["--data=a", "--model=b"],
    "stylize.py": ["--content=a", "--style=b", "--save=c"],
}
WORKERS = {
    "train.py": "segmentation.training.train",
    "predict.py": "segmentation.prediction.predict",
    "evaluate.py": "segmentation.evaluation.evaluate",
    "download_data.py": "fetching.sets.download_data",
    "stylize.py": "studio.studio.stylize",
    "distill.py": "distilling.distillation.distill",
    "page.py": "webpage.server.serve",
}
TAKE_ALL = ("distill.py", "stylize.py", "train.py")  # their functions take all options, as the usage text has them
ASIDE = {
    "stylize.py": {"show"},
    "evaluate.py": {"curves", "save"},
}  # options that do something else than the script's one call


def module(script):
    return importlib.import_module(script.removesuffix(".py"))


def test_these_are_the_scripts():
    assert set(SCRIPTS) == set(WORKERS)


@pytest.mark.parametrize("name", SCRIPTS)
def test_help_is_the_docstring_and_loads_next_to_nothing(name):
    code = f"import sys; sys.argv = ['{name}', '--help']; import runpy\n"
    code += f"try: runpy.run_path('src/{name}', run_name='__main__')\n"
    code += "finally: print(*[part for part in ('keras', 'tensorflow', 'numpy', 'kaggle') if part in sys.modules])"
    done = in_a_shell("-c", f"import sys; sys.path.insert(0, 'src')\n{code}")
    assert done.returncode == 0 and done.stdout == module(name).__doc__.strip() + "\n\n"


@pytest.mark.parametrize("name", SCRIPTS)
def test_importing_does_nothing(name):
    code = f"import sys; sys.path.insert(0, 'src'); sys.argv = ['x', '--nonsense']; import {name.removesuffix('.py')}"
    done = in_a_shell("-c", f"{code}; print('keras' in sys.modules)")
    assert (done.returncode, done.stdout, done.stderr) == (0, "False\n", "")


@pytest.mark.parametrize("name", sorted(set(SCRIPTS) - set(TAKE_ALL)))
def test_the_defaults_of_the_usage_are_those_of_the_function(name):
    options = read_options(module(name).__doc__, module(name).OPTIONS, NEEDED.get(name, []))
    place, function = WORKERS[name].rsplit(".", 1)
    parameters = inspect.signature(getattr(importlib.import_module(place), function)).parameters
    assert list(options) and set(options) - ASIDE.get(name, set()) == set(parameters)
    for option, parameter in parameters.items():
        if parameter.default is inspect.Parameter.empty:
            assert f"--{option}" in " ".join(NEEDED[name])
        else:
            value = False if parameter.default is False else parameter.default
            assert options[option] == value, option


@pytest.mark.parametrize("name", TAKE_ALL)
def test_a_function_that_takes_all_options_has_no_defaults_of_its_own(name):
    place, function = WORKERS[name].rsplit(".", 1)
    (options,) = inspect.signature(getattr(importlib.import_module(place), function)).parameters.values()
    assert options.kind is inspect.Parameter.VAR_KEYWORD


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_option_is_described_and_checked(name):
    usage = module(name).__doc__
    described = re.findall(r"(?m)^  (--\w+)=", usage)
    assert sorted(described) == sorted(module(name).OPTIONS)
    assert "python " not in usage.split("Options:")[0]
    for option, check in module(name).OPTIONS.items():
        for choice in getattr(check, "names", ()):
            assert re.search(rf"\b{choice}\b", usage), f"{option}={choice} is not in the usage"


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize("args", [["--nonsense"], ["stray"], ["--help=3"]])
def test_a_wrong_call_is_one_line_and_exit_2(script, name, args):
    status, out, err = script(name, *NEEDED.get(name, []), *args)
    assert status == 2 and out == "" and err.count("\n") == 1 and err.startswith(f"{name}: ") and len(err) <= 300
    assert args[0].strip("-").split("=")[0] in err


WRONG = [
    ("train.py", "--size=31"),
    ("train.py", "--size=1e9"),
    ("train.py", "--base=0"),
    ("train.py", "--epochs=-1"),
    ("train.py", "--batch_size=many"),
    ("train.py", "--learning_rate=nan"),
    ("train.py", "--schedule=linear"),
    ("train.py", "--loss=hinge"),
    ("train.py", "--augment=yes"),
    ("train.py", "--validation=1"),
    ("train.py", "--patience=0"),
    ("train.py", "--precision=float16"),
    ("train.py", "--seed=-1"),
    ("train.py", "--model=network.pickle"),
    ("train.py", "--data=/nowhere"),
    ("train.py", "--model=0000.jpg/m.keras"),
    ("train.py", "--network=transformer"),
    ("train.py", "--init=/nowhere/model.keras"),
    ("train.py", "--sources="),
    ("train.py", "--sources=a:many"),
    ("train.py", "--partial=people"),
    ("train.py", "--partial=/nowhere:person"),
    ("train.py", "--nobody_share=2"),
    ("train.py", "--steps=0"),
    ("train.py", "--blend=1.5"),
    ("train.py", "--second_size=16"),
    ("train.py", "--encoder_rate=-1"),
    ("train.py", "--encoder_frozen=-1"),
    ("train.py", "--encoder_weights=/nowhere.npz"),
    ("distill.py", "--photos=/nowhere"),
    ("distill.py", "--paintings=/nowhere"),
    ("distill.py", "--widths=16,32"),
    ("distill.py", "--init=a.txt"),
    ("distill.py", "--widths=0,1,1,1,1"),
    ("distill.py", "--model=network.pickle"),
    ("distill.py", "--size=8"),
    ("distill.py", "--vgg_weights=/nowhere.h5"),
    ("predict.py", "--save=0000.jpg/deep/a.png"),
    ("evaluate.py", "--json=0000.jpg/a.json"),
    ("predict.py", "--file_path=/nowhere/a.jpg"),
    ("predict.py", "--file_path=/nowhere/*.jpg"),
    ("predict.py", "--output=gif"),
    ("predict.py", "--threshold=0"),
    ("predict.py", "--threshold=1.5"),
    ("predict.py", "--model=/nowhere/model.keras"),
    ("evaluate.py", "--data=/nowhere"),
    ("evaluate.py", "--model=/nowhere/model.keras"),
    ("evaluate.py", "--part=most"),
    ("evaluate.py", "--model=.,a"),
    ("evaluate.py", "--panel=panel.txt"),
    ("evaluate.py", "--json=scores.csv"),
    ("evaluate.py", "--pictures=0"),
    ("evaluate.py", "--layout=pets"),
    ("evaluate.py", "--ignore=dog"),
    ("evaluate.py", "--confusion=a.png"),
    ("evaluate.py", "--confusion=a.jpg"),
    ("evaluate.py", "--curves=/nowhere/a.keras"),
    ("predict.py", "--classes=dog"),
    ("train.py", "--layout=helen"),
    ("train.py", "--optimizer=newton"),
    ("train.py", "--class_weights=some"),
    ("train.py", "--ignore=dog"),
    ("download_data.py", "--dataset=no-slash"),
    ("download_data.py", "--file_path=0000.jpg"),
    ("train.py", "--tensorboard=0000.jpg/below"),
    ("train.py", "--tensorboard=\udcff.logs"),
    ("page.py", "--port=0"),
    ("page.py", "--port=http"),
    ("page.py", "--host=0.0.0.0"),
    ("page.py", "--host=::"),
    ("page.py", "--host=example.org"),
    ("page.py", "--password="),
    ("page.py", "--model=/nowhere/model.keras"),
    ("page.py", "--vgg_weights="),
]


@pytest.mark.parametrize(("name", "wrong"), WRONG, ids=lambda value: str(value).replace("/", " "))
def test_a_wrong_value_is_named_and_changes_nothing(script, trained, people, tmp_path, monkeypatch, name, wrong):
    monkeypatch.chdir(tmp_path)
    shutil.copy(people / "images" / "0000.jpg", tmp_path)
    given = {
        "predict.py": {"--file_path": "0000.jpg", "--model": trained},
        "evaluate.py": {"--data": people, "--model": trained},
        "train.py": {"--data": people, "--model": "m.keras", "--network": "conv_deconv", "--precision": "float32"},
        "distill.py": {"--photos": people, "--paintings": people, "--model": "m.keras", "--precision": "float32"},
    }.get(name, {})
    option, value = wrong.split("=")
    status, _, err = script(name, *(f"{key}={text}" for key, text in (given | {option: value}).items()))
    assert status == 2 and err.count("\n") == 1 and len(err) <= 300
    assert option in err or value in err
    assert [file.name for file in tmp_path.iterdir()] == ["0000.jpg"]


@pytest.mark.parametrize("folder", [".", pytest.param("src", marks=pytest.mark.long)])
def test_the_same_from_anywhere(people, trained, tmp_path, folder):
    picture = shutil.copy(people / "images" / "0001.jpg", tmp_path / "me.jpg")
    call = "predict.py" if folder == "src" else "src/predict.py"
    done = in_a_shell(call, f"--file_path={picture}", f"--model={trained}", cwd=ROOT / folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "" and "me_mask.jpeg" in done.stdout
    assert Image.open(tmp_path / "me_mask.jpeg").size == (64, 64)


def test_ctrl_c_ends_with_130(script, monkeypatch):
    def stop(**options):
        raise KeyboardInterrupt("what there is is saved")

    monkeypatch.setattr("fetching.sets.download_data", stop)
    assert script("download_data.py") == (130, "", "stopped: what there is is saved\n")


def test_a_bug_keeps_its_traceback_and_exits_1(tmp_path):
    broken = "import sys; sys.path.insert(0, 'src'); from command.process import run; run(lambda argv: 1 / 0)"
    done = in_a_shell("-c", broken)
    assert done.returncode == 1 and "ZeroDivisionError" in done.stderr


@pytest.mark.parametrize(("name", "option"), [("train.py", "--model=a.keras"), ("evaluate.py", "--json=a.json")])
def test_a_folder_in_the_place_of_a_result_is_seen_before_the_work(script, trained, people, tmp_path, name, option):
    place = tmp_path / option.partition("=")[2]
    place.mkdir()
    given = [f"--data={people}", *([f"--model={trained}"] if name == "evaluate.py" else ["--size=32", "--base=1"])]
    status, out, err = script(name, *given, f"{option.partition('=')[0]}={place}")
    assert (status, out) == (2, "") and "is a folder; name a file" in err and list(tmp_path.iterdir()) == [place]


def test_scores_do_not_overwrite_the_record_of_a_network(script, trained, people):
    record = trained.with_suffix(".json")
    before = record.read_bytes()
    status, _, err = script("evaluate.py", f"--data={people}", f"--model={trained}", f"--json={record}")
    assert status == 2 and "--json=" in err and "would overwrite" in err and record.read_bytes() == before


def test_a_missing_option_is_named_with_those_that_belong_to_it(script, people):
    assert "--data=<dir> --model=<files> or --curves=" in script("evaluate.py", f"--data={people}")[2]
