import shutil

import numpy as np
import pytest
from PIL import Image

from drawn import draw_layout, drawn_labels
from files.whole import read_json, write_json
from segmentation import evaluation as module
from segmentation import prediction
from segmentation.datasets import is_held_back
from segmentation.evaluation import evaluate
from segmentation.layouts import LAYOUTS
from utils import UserError, shown


class Constant:
    """A network that sees figure everywhere, or nowhere."""

    def __init__(self, score):
        self.score = score

    def predict_on_batch(self, pictures):
        return np.full((*pictures.shape[:3], 1), self.score, np.float32)


@pytest.fixture
def constants(monkeypatch, tmp_path):
    """Two networks on disk as far as evaluate can tell: everything and nothing."""
    scores = {"everything.keras": 9, "nothing.keras": -9}
    record = {"network_options": {"size": 32}, "data": {"held_back": 0.25}}
    monkeypatch.setattr(module, "load_network", lambda model: (Constant(scores[model.name]), record))
    return [tmp_path / name for name in scores]


def true_shares(people):
    masks = (np.asarray(Image.open(file)) > 127 for file in sorted((people / "masks").iterdir()))
    return np.array([mask.mean() for mask in masks])


def test_scores_of_the_set_and_means_over_pictures(people, constants, tmp_path, capsys):
    evaluate(people, constants, json=tmp_path / "scores.json")
    told = read_json(tmp_path / "scores.json")
    everything, nothing = (told["models"][str(model)] for model in constants)
    shares = true_shares(people)
    assert np.isclose(everything["set"]["iou"], shares.mean())
    assert np.isclose(everything["mean"]["f1"], np.mean(2 * shares / (1 + shares)))
    assert everything["set"]["recall"] == 1 and nothing["set"]["recall"] == 0
    assert np.isclose(nothing["set"]["pixel_accuracy"], 1 - shares.mean())
    assert len(everything["pictures"]) == 24 and told["part"] == "all" and told["data"] == "people"
    said = capsys.readouterr().out
    assert f"{everything['set']['boundary_f1']:.3f}   24\n" in said
    assert all(head in said for head in ("iou", "f1", "precision", "recall", "boundary f1"))
    worst = sorted(everything["pictures"], key=lambda stem: everything["pictures"][stem]["iou"])[0]
    assert f"worst of {shown(constants[0])}: {worst}" in said
    assert f"{everything['set']['iou']:.3f}" in said


def test_the_held_back_part_alone(people, constants, tmp_path):
    evaluate(people, constants[:1], part="held_back", json=tmp_path / "scores.json")
    pictures = read_json(tmp_path / "scores.json")["models"][str(constants[0])]["pictures"]
    assert set(pictures) == {f"{n:04}" for n in range(24) if is_held_back(f"{n:04}", 0.25)} and len(pictures) > 1


def test_sources_are_scored_apart(people, constants, tmp_path, capsys):
    evaluate(people, constants[:1], sources=["000", "001", "0011"], json=tmp_path / "scores.json")
    told = read_json(tmp_path / "scores.json")["models"][str(constants[0])]["sources"]
    assert {name: found["number"] for name, found in told.items()} == {"000": 10, "001": 9, "0011": 1, "other": 4}
    shares = true_shares(people)  # by stem
    assert np.isclose(told["000"]["iou"], shares[:10].mean()) and np.isclose(told["0011"]["iou"], shares[11])
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line.strip()}
    assert f"{told['001']['iou']:.3f}" in lines["001"] and lines["001"].endswith(" 9")


def test_false_alarms_are_counted(people, constants, tmp_path, capsys):
    evaluate(people / "images", constants, nobody=True, json=tmp_path / "scores.json")
    everything, nothing = (read_json(tmp_path / "scores.json")["models"][str(model)] for model in constants)
    assert everything["false_alarms"] == {"pictures": 24, "found": 24}
    assert nothing["false_alarms"] == {"pictures": 24, "found": 0} and nothing["set"]["iou"] == 1
    assert "a figure found in 24 of 24 pictures without one" in capsys.readouterr().out
    evaluate(people / "images", constants, nobody=True, part="held_back")
    few = sum(is_held_back(f"{n:04}", 0.25) for n in range(24))
    assert 0 < few < 24 and f"a figure found in {few} of {few} pictures without one" in capsys.readouterr().out


def test_the_panel_shows_pictures_and_masks(people, constants, tmp_path):
    evaluate(people, constants, panel=tmp_path / "panel.png", pictures=3)
    with Image.open(tmp_path / "panel.png") as panel:
        assert panel.width > panel.height > 300  # four columns, three rows
        grey = np.asarray(panel.convert("L"))
    columns = np.array_split(grey[grey.shape[0] // 10 :], 4, axis=1)
    everything, nothing = columns[2], columns[3]
    assert (nothing < 10).mean() > 0.7 and (everything < 10).mean() < 0.05


def test_a_pair_that_cannot_be_read_is_left_out_and_named(people, constants, tmp_path, capsys):
    folder = shutil.copytree(people, tmp_path / "set")
    (folder / "images" / "0002.jpg").write_bytes(b"")
    (folder / "masks" / "0003.png").unlink()
    evaluate(folder, constants[:1], json=tmp_path / "scores.json")
    said = capsys.readouterr().out
    assert "0002.jpg" in said and "1 pictures without a mask: 0003.jpg" in said
    assert len(read_json(tmp_path / "scores.json")["models"][str(constants[0])]["pictures"]) == 22


@pytest.mark.parametrize("files", ["none", "broken"])
def test_a_folder_with_nothing_to_score_is_refused(people, constants, tmp_path, files):
    folder = shutil.copytree(people, tmp_path / "set")
    for file in (folder / "images").iterdir():
        file.write_bytes(b"") if files == "broken" else file.unlink()
    with pytest.raises(UserError, match="--data="):
        evaluate(folder, constants, json=tmp_path / "scores.json")
    assert not (tmp_path / "scores.json").exists()


class Bright:
    """A network that takes what is bright for figure."""

    def predict_on_batch(self, pictures):
        return 20 * (pictures.max(axis=3, keepdims=True) - 0.7)


def test_found_masks_taken_for_true_ones_score_full_marks(people, tmp_path, monkeypatch):
    """What predict.py writes is what evaluate.py finds, at every picture's own size."""
    for part in (module, prediction):
        record = {"network_options": {"size": 32}}
        monkeypatch.setattr(part, "load_network", lambda model, record=record: (Bright(), record))
    folder = tmp_path / "set"
    shutil.copytree(people / "images", folder / "images")
    prediction.predict(folder / "images", "mask", save=str(tmp_path / "found"))
    (folder / "masks").mkdir()
    for mask in (tmp_path / "found").iterdir():
        shutil.copy(mask, folder / "masks" / mask.name.replace("_mask", ""))
    evaluate(folder, [tmp_path / "m.keras"], json=tmp_path / "scores.json")
    told = read_json(tmp_path / "scores.json")["models"][str(tmp_path / "m.keras")]["set"]
    assert min(told.values()) > 0.99 and 0 < np.mean(Image.open(folder / "masks" / "0000.png")) < 255


def test_a_record_without_a_held_back_share_is_named(people, trained, tmp_path):
    shutil.copy(trained, tmp_path / "m.keras")
    record = read_json(trained.with_suffix(".json"))
    del record["data"]
    write_json(tmp_path / "m.json", record)
    with pytest.raises(UserError, match="--part=held_back"):
        evaluate(people, [tmp_path / "m.keras"], part="held_back")


# ---------------------------------------------------------------- several classes


class Stripes:
    """A network that sees the stripes of `drawn_labels` where they are in the first picture of a set."""

    def __init__(self, layout):
        self.layout = layout

    def predict_on_batch(self, pictures):
        side = pictures.shape[1]
        labels = np.pad(drawn_labels(self.layout.outputs), ((4, 4), (0, 0)))
        assert labels.shape == (side, side)
        scores = 20 * np.eye(self.layout.outputs, dtype=np.float32)[labels]
        both_ways = scores, scores[:, ::-1, self.layout.mirror[: self.layout.outputs]]
        return np.repeat(both_ways, len(pictures) // 2, axis=0)


@pytest.fixture(params=["pets", "ade20k", "helen"])
def striped(request, tmp_path, monkeypatch):
    """A set of several classes and a network that is right on one picture of each part."""
    layout = LAYOUTS[request.param]
    record = {"network_options": {"size": 32}, "class_names": list(layout.classes)}
    record["data"] = {"held_back": 0.2, "layout": request.param}
    monkeypatch.setattr(module, "load_network", lambda model: (Stripes(layout), record))
    return layout, draw_layout(tmp_path / "set", request.param)


def test_several_classes_are_scored(striped, tmp_path, capsys):
    layout, folder = striped
    files = {"json": tmp_path / "a.json", "panel": tmp_path / "a.png", "confusion": tmp_path / "c.png"}
    evaluate(folder, [tmp_path / "m.keras"], pictures=2, **files)
    told = read_json(tmp_path / "a.json")["models"][str(tmp_path / "m.keras")]
    first = next(iter(told["pictures"].values()))
    assert first["pixel_accuracy"] == first["mean_iou"] == first["mean_f1"] == 1
    matrix = np.array(told["confusion"])
    labels = [np.roll(drawn_labels(layout.outputs), 3 * number, axis=1) for number in range(5)] * len(layout.parts)
    true, found = np.stack(labels), np.stack([drawn_labels(layout.outputs)] * len(labels))
    counts = ~np.isin(true, [layout.classes.index(name) for name in layout.ignored])
    assert matrix.sum() == counts.sum() and np.trace(matrix) == (true == found)[counts].sum()
    assert told["set"]["pixel_accuracy"] == pytest.approx((true == found)[counts].mean())
    assert set(told["classes"]) == {*layout.classes, *layout.groups}
    said = capsys.readouterr().out
    assert f"mean iou {told['set']['mean_iou']:.3f}" in said and "worst of" in said
    for file in (tmp_path / "a.png", tmp_path / "c.png"):
        with Image.open(file) as image:
            assert min(image.size) > 150


def test_the_parts_of_a_set_that_comes_split(tmp_path, monkeypatch):
    layout, folder = LAYOUTS["helen"], draw_layout(tmp_path / "set", "helen")
    record = {"network_options": {"size": 32}, "class_names": list(layout.classes), "data": {"held_back": 0.2}}
    monkeypatch.setattr(module, "load_network", lambda model: (Stripes(layout), record))
    for part in ("training", "held_back"):
        evaluate(folder, [tmp_path / "m.keras"], part=part, json=tmp_path / "a.json")
        pictures = read_json(tmp_path / "a.json")["models"][str(tmp_path / "m.keras")]["pictures"]
        assert set(pictures) == {f"{part}/{number}" for number in range(5)}


def test_a_network_of_other_classes_is_named(people, tmp_path, trained):
    with pytest.raises(UserError, match=r"--model=.*tiny\.keras knows person; --data=.* has pet, surroundings"):
        evaluate(draw_layout(tmp_path / "set", "pets"), [trained])


def test_what_was_trained_on_and_what_was_not_are_all(people, constants, tmp_path):
    found = []
    for part in ("training", "held_back"):
        evaluate(people, constants[:1], part=part, json=tmp_path / "scores.json")
        found += read_json(tmp_path / "scores.json")["models"][str(constants[0])]["pictures"]
    assert sorted(found) == [f"{number:04}" for number in range(24)]
