import json
import shutil
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from networks import hub as module
from networks.hub import INSTALL, is_preset, load_preset, preset_folder
from presets import SIDE
from shell import in_a_shell
from utils import UserError

pytestmark = pytest.mark.xdist_group("presets")
ADE = "segformer_tiny_ade20k_64"


@pytest.fixture(autouse=True)
def forget():
    preset_folder.cache_clear()


@pytest.fixture
def preset(presets, tmp_path):
    """A copy of a preset's folder, to be changed."""
    return shutil.copytree(presets[ADE][0], tmp_path / ADE)


def test_a_folder_is_read_as_it_was_saved(presets):
    batch = np.random.default_rng(1).uniform(0, 255, (2, SIDE, SIDE, 3)).astype(np.float32)
    for folder, segmenter in presets.values():
        found = load_preset("--model", folder)
        assert type(found) is type(segmenter)
        assert np.allclose(found.predict_on_batch(batch), segmenter.predict_on_batch(batch), atol=1e-5)


def test_what_is_a_preset(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    presets = {"segformer_b0_ade20k_512": True, "missing.keras": False, "missing.h5": False, tmp_path: True}
    assert {name: is_preset(Path(name)) for name in presets} == presets and not is_preset(tmp_path / "file")


def test_importing_our_networks_does_not_import_kerashub():
    code = "import sys; sys.path.insert(0, 'src'); import segmentation.registry; print('keras_hub' in sys.modules)"
    assert in_a_shell("-c", code).stdout == "False\n"


# ---------------------------------------------------------------- names


def test_without_kerashub_one_line_names_the_pip_command(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    for model, what in ((Path("segformer_b0_ade20k_512"), "no file"), (tmp_path, "a folder")):
        with pytest.raises(UserError) as error:
            preset_folder("--model", model)
        assert str(error.value).startswith(f"--model={model} is {what}") and INSTALL in str(error.value)


def test_a_name_is_downloaded(presets, monkeypatch):
    asked = []

    def download(handle):
        asked.append(handle)
        return str(presets[ADE][0])

    monkeypatch.setattr("kagglehub.model_download", download)
    for _ in range(2):  # but once
        assert preset_folder("--model", Path("segformer_b0_ade20k_512")) == presets[ADE][0]
    assert len(asked) == 1 and asked[0].startswith("keras/segformer/keras/segformer_b0_ade20k_512/")


def test_a_failed_download_is_named(presets, monkeypatch):
    def download(handle):
        raise ConnectionError("no network here")

    monkeypatch.setattr("kagglehub.model_download", download)
    with pytest.raises(UserError, match=r"--model=segformer_b0_.* could not be downloaded \(no network here\)"):
        preset_folder("--model", Path("segformer_b0_ade20k_512"))


@pytest.mark.parametrize("name", ["segformer", "sam_base_sa1b", "hf:/someone/model", "person"])
def test_a_name_that_is_no_segmenter_is_refused(presets, name):
    with pytest.raises(UserError, match=rf"--model={name} is neither a file nor .* it has .*segformer_b0_ade20k_512"):
        preset_folder("--model", Path(name))


# ---------------------------------------------------------------- what a stranger may have written


def changed(file, change):
    config = json.loads(file.read_text())
    change(config)
    file.write_text(json.dumps(config))


def named(module, name, registered=None):
    return {"module": module, "class_name": name, "registered_name": registered, "config": {}}


HOSTILE = {
    "a module of theirs": named("evil", "DTypePolicy"),
    "a module of theirs, as a segmenter": named("evil", "EvilBackbone", "keras_hub>EvilBackbone"),
    "a function of Python": named("builtins", "exec"),
    "code in a layer": named("keras.layers", "Lambda"),
    "another layer": named("keras.layers", "TFSMLayer"),
    "a function of Keras": named("keras.initializers", "get"),
    "another class of KerasHub": named("keras_hub.tokenizers", "BytePairTokenizer", "keras_hub>BytePairTokenizer"),
    "a foreign registration": named("keras_hub.models", "EvilBackbone", "evil>EvilBackbone"),
    "no name": {"class_name": ["a"], "module": "keras"},
}


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("file", ["task.json", "config.json", "preprocessor.json"])
def test_a_configuration_runs_no_code(preset, tmp_path, monkeypatch, kind, file):
    (tmp_path / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass DTypePolicy: pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    changed(preset / file, lambda config: config["config"].update(dtype=HOSTILE[kind]))
    with pytest.raises(UserError, match=r"--model=.*is refused: it holds .* which could run code"):
        load_preset("--model", preset)
    assert not (tmp_path / "ran").exists() and "evil" not in sys.modules


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("task.json", None, r"has no task\.json"),
        ("config.json", None, r"has no config\.json"),
        ("task.json", "{", r"holds a damaged task\.json"),
        ("task.json", "[" * 100_000, r"holds a damaged task\.json"),
        ("task.json", " " * 1_000_001, r"holds a damaged task\.json \(more than 1,000,000 bytes"),
        ("config.json", '{"model_type": "segformer"}', r"holds a config\.json that KerasHub did not write"),
        ("task.json", "[1]", r"holds a task\.json that KerasHub did not write"),
        ("task.json", json.dumps(named("os", "system", "os>system")), r"holds system, which is no image segmenter"),
        ("task.json", json.dumps(named("keras_hub", "SAMImageSegmenter", "a")), r"segments what points and boxes say"),
    ],
)
def test_a_folder_that_is_no_segmenter_is_refused(preset, file, content, words):
    (preset / file).unlink() if content is None else (preset / file).write_text(content)
    with pytest.raises(UserError, match=rf"--model=.*is refused: it {words}"):
        load_preset("--model", preset)


def test_a_network_of_any_size_cannot_be_asked_for(preset):
    changed(preset / "task.json", lambda config: config["config"].update(num_classes=10**9))
    with pytest.raises(UserError, match="asks for 1,000,000,000, far more than a segmenter has of anything"):
        load_preset("--model", preset)


def test_configurations_that_fit_nothing_are_named(preset):
    changed(preset / "task.json", lambda config: config["config"]["backbone"]["config"].update(projection_filters="a"))
    with pytest.raises(UserError, match=r"--model=.*holds no segmenter of KerasHub"):
        load_preset("--model", preset)


@pytest.mark.parametrize("file", ["model.weights.h5", "task.weights.h5"])
@pytest.mark.parametrize("kind", ["a link", "missing", "broken"])
def test_weights_are_numbers_and_nothing_else(preset, tmp_path, file, kind):
    if kind == "a link":
        with h5py.File(preset / file, "a") as weights:
            weights["other"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "/")
    else:
        (preset / file).unlink() if kind == "missing" else (preset / file).write_bytes(b"\x80\x04pickle")
    with pytest.raises(
        UserError, match=r"--model=.*is refused: it (holds other, a link|is pickled|has no \w+\.weights)"
    ):
        load_preset("--model", preset)


def test_weights_of_another_network_are_refused(preset, presets):
    shutil.copy(presets["deeplab_tiny_pascalvoc"][0] / "model.weights.h5", preset)
    with pytest.raises(UserError, match=r"--model=.*(is refused|holds no segmenter)"):
        load_preset("--model", preset)
