import shutil

import numpy as np
import pytest
from PIL import Image

from drawn import draw_layout
from files.whole import read_json
from pictures.images import read_record
from presets import SIDE, deeplab
from segmentation.layouts import LAYOUTS, VOC, figure_of
from segmentation.presets import CITYSCAPES, Preset, class_names, load_segmenter
from utils import ROOT, UserError

PHOTO = ROOT / "examples/portraits/images/grace_hopper.jpg"
pytestmark = pytest.mark.xdist_group("presets")
ADE, PASCAL = "segformer_tiny_ade20k_64", "deeplab_tiny_pascalvoc"


def test_logits_are_those_of_the_segmenter(presets):
    folder, segmenter = presets[ADE]
    network, record = load_segmenter("--model", folder)
    pictures = np.random.default_rng(2).random((2, SIDE, SIDE, 3)).astype(np.float32)
    assert np.allclose(network.predict_on_batch(pictures), segmenter.predict_on_batch(255 * pictures), atol=1e-4)
    assert record["network_options"] == {"size": SIDE} and record["figure"] == ["person"]
    assert record["class_names"] == list(LAYOUTS["ade20k"].classes[1:])


def test_probabilities_become_logits(presets):
    folder, segmenter = presets[PASCAL]  # with softmax at its end
    network, record = load_segmenter("--model", folder)
    pictures = np.random.default_rng(2).random((1, SIDE, SIDE, 3)).astype(np.float32)
    logits, shares = network.predict_on_batch(pictures), segmenter.predict_on_batch(255 * pictures)
    assert np.allclose(np.exp(logits), shares, atol=1e-5) and np.allclose(shares.sum(axis=-1), 1, atol=1e-5)
    assert record["class_names"] == list(VOC)


def test_pictures_that_are_no_squares_are_refused(presets, tmp_path):
    folder = shutil.copytree(presets[PASCAL][0], tmp_path / "wide")
    for name in ("task.json", "preprocessor.json", "image_converter.json"):
        text = (folder / name).read_text()
        lines = [line.strip() for line in text.splitlines()]
        (folder / name).write_text("".join(lines).replace('"image_size": [64,64]', '"image_size": [64,128]'))
    with pytest.raises(UserError, match=r"--model=.*wide cannot be used: it sees pictures of 64 x 128 px"):
        load_segmenter("--model", folder)


@pytest.mark.parametrize(
    ("name", "count", "names"),
    [
        ("segformer_b0_ade20k_512", 150, LAYOUTS["ade20k"].classes[1:]),
        ("segformer_b0_cityscapes_1024", 19, CITYSCAPES),
        ("deeplab_v3_plus_resnet50_pascalvoc", 21, VOC),
        ("deeplab_v3_plus_resnet50_pascalvoc", 4, ("0", "1", "2", "3")),
        ("mine", 21, tuple(map(str, range(21)))),
        ("mine", 1, ("figure",)),
    ],
)
@pytest.mark.parametrize("version", ["", "3"])  # where a download lies
def test_the_names_of_known_classes(tmp_path, name, count, names, version):
    folder = tmp_path / name / version
    folder.mkdir(parents=True)
    assert class_names("--model", folder, count) == names


def test_a_list_in_the_folder_names_the_classes(tmp_path):
    (tmp_path / "classes.txt").write_text("sea\nboat\n")
    assert class_names("--model", tmp_path, 2) == ("sea", "boat")
    with pytest.raises(UserError, match=r"classes\.txt names 2 classes, and the network has 3"):
        class_names("--model", tmp_path, 3)
    with pytest.raises(UserError, match="has 300 classes, more than 250"):
        class_names("--model", tmp_path, 300)


def test_the_figure_is_people_or_all_but_the_first():
    assert figure_of(CITYSCAPES) == ("person", "rider") and figure_of(VOC) == ("person",)
    assert figure_of(("0", "1", "2")) == ("1", "2") and figure_of(("figure",)) == ("figure",)


# ---------------------------------------------------------------- the scripts


def test_predict_with_a_preset(script, presets, tmp_path):
    given = [f"--file_path={PHOTO}", f"--model={presets[PASCAL][0]}", f"--save={tmp_path}/"]
    for output in ("index", "overlay"):
        status, _, error = script("predict.py", *given, f"--output={output}")
        assert (status, error) == (0, ""), error
    index = Image.open(tmp_path / "grace_hopper_index.png")
    assert index.size == Image.open(PHOTO).size and np.asarray(index).max() < 21
    record = read_record(tmp_path / "grace_hopper_index.png")
    assert record["model"] == PASCAL and len(record["files"]["model"]) == 16
    status, _, error = script("predict.py", *given, "--classes=unicorn")
    assert status == 2 and "--classes=unicorn is not a class; choose from background, aeroplane" in error


def test_stylize_with_a_preset(script, presets, tmp_path):
    """An untrained network sees a bit of all classes everywhere: never surely a dog, but surely one of twenty."""
    given = [f"--content={PHOTO}", f"--style={ROOT}/examples/styles/rain.jpg", f"--save={tmp_path}/a.jpg", "--size=64"]
    given += ["--network=instant", f"--model={presets[PASCAL][0]}"]
    status, said, error = script("stylize.py", *given, "--keep_classes=dog")
    assert status == 0 and "no figure found, everything is painted" in said, error
    status, _, error = script("stylize.py", *given, f"--keep_classes={','.join(VOC[1:])}")
    assert status == 2 and "the figure fills the photo" in error
    assert read_record(tmp_path / "a.jpg")["options"]["model"] == PASCAL


def test_evaluate_with_a_preset(script, presets, tmp_path):
    """The data set has a class more than the network, `other`, so that their numbers differ by one."""
    data = draw_layout(tmp_path / "scenes", "ade20k", count=1)
    model = presets[ADE][0]
    status, _, error = script("evaluate.py", f"--data={data}", f"--model={model}", f"--json={tmp_path}/a.json")
    assert status == 0, error
    matrix = np.array(read_json(tmp_path / "a.json")["models"][str(model)]["confusion"])
    assert matrix.shape == (151, 151) and matrix[:, 0].sum() == 0 and matrix.sum() > 0  # never says `other`
    status, _, error = script("evaluate.py", f"--data={draw_layout(tmp_path / 'p', 'pets')}", f"--model={model}")
    assert status == 2 and "knows wall, building" in error


def test_without_kerashub_one_line_says_so(script, monkeypatch):
    from networks.hub import preset_folder

    preset_folder.cache_clear()
    monkeypatch.setattr("networks.hub.find_spec", lambda name: None)
    status, _, error = script("predict.py", f"--file_path={PHOTO}", "--model=segformer_b0_ade20k_512")
    assert status == 2 and error == (
        "predict.py: --model=segformer_b0_ade20k_512 is no file; "
        'for presets of KerasHub: pip install "keras-hub<0.30"\n'
    )


def test_one_logit_comes_from_a_sigmoid(presets):
    import keras_hub

    network = Preset(deeplab(keras_hub, 1, "sigmoid"))
    pictures = np.random.default_rng(2).random((1, SIDE, SIDE, 3)).astype(np.float32)
    shares = network.segmenter.predict_on_batch(255 * pictures)
    assert np.allclose(1 / (1 + np.exp(-network.predict_on_batch(pictures))), shares, atol=1e-5)
