import csv
import importlib.util
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pytest
from PIL import Image

from command.process import is_out_of_memory
from defaults import with_defaults
from drawn import draw_layout, draw_set
from files.whole import read_json
from networks import hardware, runs
from networks.hardware import choose_precision
from networks.saved import copy_layers, save_network
from networks.vgg import THIN, thin
from segmentation import training as module
from segmentation.batches import Batches
from segmentation.cache import decoded
from segmentation.datasets import balanced, find_pairs, is_held_back, read_pair, source_of, with_share
from segmentation.layouts import LAYOUTS
from segmentation.masks import find_masks
from segmentation.rates import OPTIMIZERS
from segmentation.registry import NETWORKS, at_size, build, load_network
from segmentation.scores import count, scores
from shell import SHARED, in_a_shell, needs_shared
from utils import ROOT, UserError

train = with_defaults("train", module.train, "data", "model")
QUICK = {"size": 32, "epochs": 2, "batch_size": 8, "precision": "float32", "learning_rate": 0.003, "augment": "off"}
QUICK["network"] = "conv_deconv"  # the quickest one
UNET = {"network": "unet", "base": 2}
PEOPLE = LAYOUTS["people"]
AUGMENTED = QUICK | UNET | {"augment": "on"}  # where the draws matter, those of dropout too
DRAW_CURVES = runs.draw_curves


@pytest.fixture(autouse=True)
def no_curves(monkeypatch):
    """Draw no curves after each epoch: that takes longer than the epoch."""
    monkeypatch.setattr(runs, "draw_curves", lambda *given: None)


def log(model):
    with open(model.with_suffix(".run") / "log.csv", newline="") as file:
        return [{name: value for name, value in row.items() if name != "seconds"} for row in csv.DictReader(file)]


def weights(model):
    return [weight.tobytes() for weight in load_network(model)[0].get_weights()]


@pytest.mark.long
def test_the_unet_learns_drawn_figures(tmp_path):
    data = draw_set(tmp_path / "set", 160, width=64, height=64)
    model = tmp_path / "m.keras"
    train(data, model, **QUICK | {"network": "unet", "base": 8, "epochs": 6, "batch_size": 4})
    network, record = load_network(model)
    total = 0
    for stem, files in find_pairs(data, PEOPLE)[0].items():
        if is_held_back(stem, 0.2):
            picture, figure = read_pair(*files, PEOPLE)
            total = total + count(np.asarray(figure) > 0, find_masks(network, record, [picture])[0] > 0.5)
    assert scores(total)["iou"] >= 0.90
    assert record["metrics"]["val_iou"] >= 0.90


@pytest.mark.usefixtures("eager")
def test_a_run_leaves_a_network_its_record_its_log_and_its_curves(people, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(runs, "draw_curves", DRAW_CURVES)
    model = tmp_path / "m.keras"
    train(people, model, **AUGMENTED)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["m.json", "m.keras", "m.run"]
    record = read_json(tmp_path / "m.json")
    rows = log(model)
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert {"loss", "iou", "f1", "val_loss", "val_iou", "val_f1", "learning_rate"} <= rows[0].keys()
    best = max(rows, key=lambda row: float(row["val_iou"]))
    assert record["metrics"]["val_iou"] == float(best["val_iou"])
    assert record["options"]["seed"] == 2022 and record["class_names"] == ["person"] and record["epochs"] == 2
    assert record["network_options"] == {"size": 32, "base": 2, "classes": 1}
    assert record["versions"]["backend"] == keras.backend.backend()
    assert str(tmp_path) not in json.dumps(record)  # folders of the user are nobody's business
    assert record["command"].startswith("train.py --data=people --layout=auto --model=m.keras --network=unet")
    with Image.open(tmp_path / "m.run" / "curves.png") as curves:
        assert curves.width > 500
    said = capsys.readouterr().out
    assert "waited for input" in said and "IoU" in said and "left out" not in said


@pytest.mark.usefixtures("eager")
def test_a_network_learns_that_there_may_be_nobody(people, tmp_path, capsys):
    (tmp_path / "rooms").mkdir()
    for number in range(8):
        Image.new("RGB", (64, 64), (30 * number, 90, 60)).save(tmp_path / "rooms" / f"{number}.png")
    train(people, tmp_path / "m.keras", nobody=[tmp_path / "rooms"], **QUICK)
    held_back = sum(is_held_back(stem, 0.2) for stem in [f"{n:04}" for n in range(24)] + [str(n) for n in range(8)])
    assert f"{32 - held_back} pictures to train on, {held_back} held back" in capsys.readouterr().out
    record = read_json(tmp_path / "m.json")
    assert "--nobody=rooms" in record["command"] and record["data"]["pictures"] == 32


@pytest.mark.usefixtures("eager")
def test_the_saved_network_is_that_of_the_best_epoch(people, tmp_path, monkeypatch):
    model = tmp_path / "m.keras"
    kept = {}
    save = module.Run.save

    def remember(run, network, row):
        save(run, network, row)
        kept[len(run.history)] = [weight.copy() for weight in network.get_weights()]

    monkeypatch.setattr(module.Run, "save", remember)
    train(people, model, **QUICK | {"epochs": 4, "learning_rate": 0.02})
    best = kept[read_json(tmp_path / "m.json")["metrics"]["epoch"]]
    saved = load_network(model)[0].get_weights()  # in half of the bytes; the layer of the scores keeps all
    rounded = [weight.astype(np.float16).astype(np.float32) for weight in best[:-2]] + best[-2:]
    assert all((a == b).all() for a, b in zip(rounded, saved, strict=True))


@pytest.mark.usefixtures("eager")
def test_same_seed_same_bytes_and_other_seed_others(people, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        train(people, tmp_path / f"{name}.keras", **QUICK | {"augment": "on", "epochs": 1, "seed": seed})
    assert weights(tmp_path / "a.keras") == weights(tmp_path / "b.keras") != weights(tmp_path / "c.keras")


class Stop:
    """A callback of Keras that breaks off a run at one batch of one epoch, as Ctrl-C would."""

    def __init__(self, monkeypatch, epoch, batch):
        begin = keras.callbacks.CallbackList.on_train_batch_begin
        seen = itertools.count()

        def on_train_batch_begin(callbacks, place, logs=None):
            if next(seen) == epoch * 2 + batch:
                raise KeyboardInterrupt
            begin(callbacks, place, logs)

        monkeypatch.setattr(keras.callbacks.CallbackList, "on_train_batch_begin", on_train_batch_begin)


@pytest.mark.usefixtures("eager")
def test_an_interrupted_run_goes_on_as_if_nothing_had_been(people, tmp_path, monkeypatch, capsys):
    options = QUICK | {"augment": "on", "epochs": 3}
    train(people, tmp_path / "whole.keras", **options)
    model = tmp_path / "broken.keras"
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt, match=r"--resume continues"):
        Stop(patch, epoch=1, batch=1)
        train(people, model, **options)
    assert len(log(model)) == 1 and load_network(model)  # what there is can be used
    train(people, model, **options, resume=True)
    assert "after epoch 1" in capsys.readouterr().out
    assert log(model) == log(tmp_path / "whole.keras")
    assert weights(model) == weights(tmp_path / "whole.keras")


@pytest.mark.long
def test_a_killed_run_goes_on(people, tmp_path):
    """SIGKILL in the middle, twice, in processes of their own; then the same result as undisturbed in this one."""
    options = AUGMENTED | {"epochs": 4}
    train(people, tmp_path / "whole/m.keras", **options)
    command = [ROOT / "src/train.py", f"--data={people}", f"--model={tmp_path}/killed/m.keras"]
    command += [f"--{name}={value}" for name, value in options.items()]
    state = tmp_path / "killed" / "m.run" / "run.json"
    for epochs in (1, 2):
        process = subprocess.Popen([sys.executable, *map(str, command), "--resume"], stdout=subprocess.DEVNULL)
        while process.poll() is None and not (state.exists() and len(read_json(state)["history"]) >= epochs):
            time.sleep(0.005)
        time.sleep(0.05 * epochs)  # somewhere in the next epoch, or in the writing of its files
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert len(read_json(state)["history"]) >= epochs
    assert in_a_shell(*command, "--resume").returncode == 0
    assert log(tmp_path / "killed/m.keras") == log(tmp_path / "whole/m.keras")
    assert weights(tmp_path / "killed/m.keras") == weights(tmp_path / "whole/m.keras")


@pytest.mark.usefixtures("eager")
def test_an_unfinished_run_is_not_thrown_away(people, tmp_path, monkeypatch):
    model = tmp_path / "m.keras"
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        Stop(patch, epoch=1, batch=0)
        train(people, model, **QUICK)
    with pytest.raises(UserError, match=r"--resume .* or delete"):
        train(people, model, **QUICK)
    with pytest.raises(UserError, match=r"--batch_size=8.* same options"):
        train(people, model, **QUICK | {"batch_size": 4}, resume=True)
    with pytest.raises(UserError, match="changed"):
        train(draw_set(tmp_path / "other", 12, width=64, height=64), model, **QUICK, resume=True)
    train(people, model, **QUICK, resume=True)
    train(people, model, **QUICK)  # a finished run makes room for another


@pytest.mark.usefixtures("eager")
def test_a_finished_run_can_be_made_longer(people, tmp_path):
    model = tmp_path / "m.keras"
    train(people, model, **QUICK)
    train(people, model, **QUICK | {"epochs": 3}, resume=True)
    assert len(log(model)) == 3
    train(people, model, **QUICK | {"epochs": 3}, resume=True)  # nothing left to do
    assert len(log(model)) == 3


@pytest.mark.usefixtures("eager")
def test_resume_with_nothing_to_resume_begins(people, tmp_path):
    train(people, tmp_path / "m.keras", **QUICK, resume=True)
    assert len(log(tmp_path / "m.keras")) == 2


@pytest.mark.usefixtures("eager")
def test_training_ends_early_when_nothing_improves(people, tmp_path):
    model = tmp_path / "m.keras"
    options = QUICK | {"epochs": 30, "learning_rate": 1e-8, "schedule": "constant", "patience": 2}
    train(people, model, **options)
    assert len(log(model)) < 30


@pytest.mark.usefixtures("eager")
def test_a_loss_that_is_no_number_ends_the_run_and_keeps_the_last_good_state(people, tmp_path, monkeypatch):
    model = tmp_path / "m.keras"
    train(people, model, **QUICK)
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    broken = lambda labels, logits, *_: keras.ops.mean(logits) * float("nan")  # noqa: E731
    monkeypatch.setitem(module.losses.LOSSES, "both", broken)
    with pytest.raises(UserError, match=r"epoch 3; epochs 1 to 2 are kept in .*--learning_rate"):
        train(people, model, **QUICK | {"epochs": 4}, resume=True)
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before


def test_running_out_of_memory_is_said_in_one_line(people, tmp_path, monkeypatch):
    def make(batches, epoch, index):
        raise MemoryError("Unable to allocate 3 TiB")

    monkeypatch.setattr(module.Batches, "_make", make)
    with pytest.raises(UserError, match=r"out of memory at --batch_size=8 --size=32"):
        train(people, tmp_path / "m.keras", **QUICK)


@pytest.mark.long  # TensorFlow waits for ten seconds; test_process.py has the names of the errors
def test_the_backend_says_that_memory_ran_out():
    """A true allocation of an exabyte, refused by the backend itself."""
    with pytest.raises(Exception) as caught:
        keras.ops.sum(keras.ops.ones((2**20, 2**20, 2**18), "float32"))
    assert is_out_of_memory(caught.value) and not is_out_of_memory(ValueError("a bug"))


def test_a_bug_keeps_its_own_face(people, tmp_path, monkeypatch):
    monkeypatch.setattr(module.Augmentation, "__call__", lambda *batch: 1 / 0)
    with pytest.raises(Exception, match="division by zero"):
        train(people, tmp_path / "m.keras", **AUGMENTED)


def test_holding_everything_back_is_refused(tmp_path):
    data = draw_set(tmp_path / "set", 1, width=64, height=64)
    share = next(share for share in (0.2, 0.5, 0.9, 0.9999) if is_held_back("0000", share))
    with pytest.raises(UserError, match="--validation"):
        train(data, tmp_path / "m.keras", **QUICK, validation=share)


@pytest.mark.usefixtures("eager")
def test_training_without_a_held_back_part(people, tmp_path):
    train(people, tmp_path / "m.keras", **QUICK, validation=0)
    assert "val_iou" not in read_json(tmp_path / "m.json")["metrics"]


@pytest.mark.usefixtures("eager")
def test_a_set_that_comes_split_can_go_unscored(tmp_path):
    data = draw_layout(tmp_path / "set", "helen")
    train(data, tmp_path / "m.keras", **QUICK | {"epochs": 1, "validation": 0})
    record = read_json(tmp_path / "m.json")
    assert "val_iou" not in record["metrics"] and record["data"]["pictures"] == 10


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("schedule", ["cosine", pytest.param("constant", marks=pytest.mark.long)])
def test_the_learning_rate_follows_its_schedule(people, tmp_path, schedule):
    train(people, tmp_path / "m.keras", **QUICK | {"epochs": 3}, schedule=schedule)
    rates = [float(row["learning_rate"]) for row in log(tmp_path / "m.keras")]
    by_hand = [0.003 * (0.01 + 0.99 * (1 + np.cos(np.pi * done / 3)) / 2) for done in (1, 2, 3)]
    assert np.allclose(rates, by_hand if schedule == "cosine" else [0.003] * 3, rtol=0.01)


@pytest.mark.long
@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("loss", ["cross_entropy", "dice"])
def test_the_other_losses_train_too(people, tmp_path, loss):
    train(people, tmp_path / "m.keras", **QUICK, loss=loss)
    assert float(log(tmp_path / "m.keras")[-1]["loss"]) > 0


def test_bfloat16_trains_and_float32_is_saved(people, tmp_path):
    train(people, tmp_path / "m.h5", **QUICK | {"precision": "bfloat16"})
    network, record = load_network(tmp_path / "m.h5")
    assert record["precision"] == "bfloat16" and network.compute_dtype == "float32"
    assert all(np.isfinite(weight).all() for weight in network.get_weights())


def test_precision_is_measured_only_when_asked():
    assert choose_precision("float32") == "float32" and choose_precision("bfloat16") == "bfloat16"


@pytest.mark.parametrize(("seconds", "best"), [(0.5, "bfloat16"), (0.99, "float32"), (2.0, "float32")])
def test_the_faster_precision_is_chosen(monkeypatch, seconds, best):
    monkeypatch.setattr(hardware, "_step_seconds", {"float32": 1.0, "mixed_bfloat16": seconds}.get)
    assert choose_precision("auto") == best


@pytest.mark.long
def test_the_precisions_are_measured():
    assert choose_precision("auto") in ("float32", "bfloat16")


@pytest.mark.skipif(not importlib.util.find_spec("tensorflow"), reason="TensorBoard logs need TensorFlow")
@pytest.mark.usefixtures("eager")
def test_logs_for_tensorboard(people, tmp_path):
    train(people, tmp_path / "m.keras", **QUICK, tensorboard=tmp_path / "logs")
    assert {file.parent.name for file in (tmp_path / "logs").rglob("events.*")} == {"train", "validation"}


@needs_shared
@pytest.mark.long
def test_a_few_steps_on_real_photos(tmp_path):
    real = SHARED / "data" / "people_segmentation"
    for part in ("images", "masks"):
        (tmp_path / "set" / part).mkdir(parents=True)
    for picture in sorted((real / "images").iterdir())[::90]:
        shutil.copy(picture, tmp_path / "set" / "images")
        shutil.copy(real / "masks" / f"{picture.stem}.png", tmp_path / "set" / "masks")
    train(tmp_path / "set", tmp_path / "m.keras", **QUICK | UNET | {"size": 64, "base": 4, "epochs": 8})
    rows = log(tmp_path / "m.keras")
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"]) and float(rows[-1]["val_iou"]) > 0.2


OTHERS = [name for name in ("jax", "torch") if name != keras.backend.backend()]


@pytest.mark.long
@pytest.mark.parametrize("backend", OTHERS)
def test_the_same_command_trains_and_predicts_under_another_backend(people, tmp_path, backend):
    pytest.importorskip(backend, reason=f"{backend} is not installed")
    options = [f"--{name}={value}" for name, value in (QUICK | UNET).items()]
    model = tmp_path / "m.keras"
    trained = in_a_shell(ROOT / "src/train.py", f"--data={people}", f"--model={model}", *options, KERAS_BACKEND=backend)
    assert trained.returncode == 0, trained.stderr
    assert read_json(tmp_path / "m.json")["versions"]["backend"] == backend
    assert load_network(model)  # and what it wrote is good for this one
    picture = shutil.copy(people / "images" / "0000.jpg", tmp_path)
    found = in_a_shell(ROOT / "src/predict.py", f"--file_path={picture}", f"--model={model}", KERAS_BACKEND=backend)
    assert found.returncode == 0, found.stderr
    assert os.path.exists(tmp_path / "0000_mask.jpeg")


# ---------------------------------------------------------------- beginnings and sources


@pytest.mark.long
@pytest.mark.usefixtures("eager")
def test_a_network_begins_as_another_wherever_layers_agree(people, tmp_path, capsys):
    options = QUICK | {"network": "thin_unet", "epochs": 1, "base": 2}
    train(people, tmp_path / "a.keras", **options)
    train(people, tmp_path / "b.keras", **options | {"init": tmp_path / "a.keras", "learning_rate": 1e-8})
    first, second = (load_network(tmp_path / f"{name}.keras")[0].get_weights() for name in "ab")
    assert all(np.allclose(one, other, atol=1e-3) for one, other in zip(first, second, strict=True))
    train(people, tmp_path / "c.keras", **options | {"seed": 5, "learning_rate": 1e-8})
    assert not np.allclose(first[0], load_network(tmp_path / "c.keras")[0].get_weights()[0], atol=1e-3)
    assert "24 layers start with the weights of a.keras" in capsys.readouterr().out


def test_the_encoder_begins_as_a_distilled_network(people, tmp_path, capsys):
    source = thin((2, 4, 8, 16, 32), ["block4_conv2", "block5_conv1"])
    options = {"widths": [2, 4, 8, 16, 32], "layers": ["block4_conv2", "block5_conv1"]}
    save_network(tmp_path / "thin.keras", source, {"network": "thin", "network_options": options})
    network = build({"network": "thin_unet", "network_options": {"size": 32, "base": 2, "classes": 1}})
    copy_layers(network, "--init", tmp_path / "thin.keras", THIN)
    assert "13 layers start" in capsys.readouterr().out
    one, other = (np.asarray(part.get_layer("block3_conv2").kernel) for part in (source, network))
    assert (one == other).all()


def test_a_beginning_that_fits_nowhere_is_refused(trained, tmp_path):
    other = build({"network": "thin_unet", "network_options": {"size": 32, "base": 7, "classes": 1}})
    with pytest.raises(UserError, match=r"--init=.*tiny\.keras"):
        copy_layers(other, "--init", trained, NETWORKS)


def test_sources_are_balanced_by_the_root_of_their_numbers():
    stems = [f"a_{n}" for n in range(16)] + [f"ab_{n}" for n in range(4)] + ["c"]
    shares = balanced(stems, ["a_", "ab_"])
    assert shares.sum() == pytest.approx(1)
    assert [shares[:16].sum() / shares[20], shares[16:20].sum() / shares[20]] == pytest.approx([4, 2])
    heavier = balanced(stems, ["a_", "ab_:3"])
    assert heavier[16:20].sum() / heavier[:16].sum() == pytest.approx(3 * shares[16:20].sum() / shares[:16].sum())
    assert source_of("ab_1", ["a", "ab"]) == "ab" and source_of("x", ["a"]) == "other"


@pytest.mark.usefixtures("eager")
def test_training_draws_by_the_shares(people, tmp_path):
    pairs = decoded(people, 32)
    shares = np.array([0.7] + [0.3 / 23] * 23)
    batches = Batches(pairs, range(24), 8, shuffle=True, shares=shares)
    first = pairs.pictures[0].astype(np.float32) / 255
    seen = [
        np.allclose(picture, first)
        for epoch in range(4)
        for index in range(3)
        for picture in batches._make(epoch, index)[0]
    ]
    assert 0.5 < np.mean(seen) < 0.9
    train(people, tmp_path / "m.keras", **QUICK | {"sources": ("000", "001")})
    assert read_json(tmp_path / "m.json")["options"]["sources"] == ["000", "001"]


# ---------------------------------------------------------------- several classes


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("name", ["pets", "ade20k", "helen", "voc"])
def test_the_record_tells_of_the_classes(tmp_path, name):
    data = draw_layout(tmp_path / "set", name)
    train(data, tmp_path / "m.keras", **QUICK | {"epochs": 1})
    layout, record = LAYOUTS[name], read_json(tmp_path / "m.json")
    assert record["class_names"] == list(layout.classes) and record["figure"] == list(layout.figure)
    assert record["data"]["layout"] == name and record["data"]["ignored"] == list(layout.ignored)
    assert record["network_options"]["classes"] == layout.outputs
    assert {"iou", "accuracy"} <= record["metrics"].keys()


@pytest.mark.parametrize("loss", ["both", pytest.param("focal", marks=pytest.mark.long)])
def test_several_classes_are_learnt(tmp_path, loss):
    """Stripes whose colour tells their class, so that a small network learns them in a few steps."""
    data = draw_layout(tmp_path / "set", "pets", count=16)
    options = QUICK | {"epochs": 12, "learning_rate": 0.02, "validation": 0.0}
    train(data, tmp_path / "m.keras", **options | {"loss": loss, "batch_size": 4, "patience": 99})
    assert read_json(tmp_path / "m.json")["metrics"]["accuracy"] > 0.9


@pytest.mark.long
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_learns(optimizer):
    keras.utils.set_random_seed(0)
    network = NETWORKS["conv_deconv"](size=32)
    options = {"optimizer": optimizer, "learning_rate": 0.003, "schedule": "constant", "loss": "cross_entropy"}
    options["encoder_rate"] = 1.0
    module.compile_network(network, options, steps=1)
    pictures = np.random.default_rng(0).random((2, 32, 32, 3), np.float32)
    losses = [float(network.train_on_batch(pictures, pictures[..., :1] > 0.5)[0]) for _ in range(6)]
    assert losses[-1] < losses[0]


@pytest.mark.usefixtures("eager")
def test_weights_of_classes_come_from_the_training_part(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(
        module.losses, "loss", lambda name, weights, _: seen.append(weights) or module.losses.LOSSES[name]
    )
    data = draw_layout(tmp_path / "set", "pets", count=12)
    quick = QUICK | {"epochs": 1, "class_weights": "auto"}
    train(data, tmp_path / "m.keras", **quick)
    assert len(seen[0]) == 3 and seen[0].max() / seen[0].min() < 1.2  # its stripes are of one width


def test_a_base_for_a_network_without_is_named(people, tmp_path):
    with pytest.raises(UserError, match="--base=2 has no effect on --network=conv_deconv"):
        train(people, tmp_path / "m.keras", **QUICK | {"base": 2})


# ---------------------------------------------------------------- labels of some classes only, and initial weights


@pytest.mark.usefixtures("eager")
def test_sets_that_label_some_classes_only_are_learnt_from_as_well(people, tmp_path):
    data = draw_layout(tmp_path / "set", "voc")
    options = QUICK | {"partial": [(people, ("person",))], "nobody_share": 0.25, "steps": 3, "epochs": 1}
    train(data, tmp_path / "m.keras", **options)
    record = read_json(tmp_path / "m.json")
    assert "--partial=people:person --" in record["command"] and "--steps=3" in record["command"]
    assert record["data"]["pictures"] == 29 and {"iou", "class_iou", "accuracy"} <= record["metrics"].keys()


def test_pictures_of_nobody_get_their_share(people, tmp_path):
    pairs = decoded(draw_layout(tmp_path / "set", "voc"), 32, partial=[(people, ("person",))])
    empty = module._of_nobody(pairs, list(pairs.rows.values()))
    shares = with_share(np.full(29, 1 / 29), np.arange(29) < 5, 0.25)
    assert not empty.any()  # in all of the drawn ones there is a person
    assert shares[:5].sum() == pytest.approx(0.25) and shares.sum() == pytest.approx(1)
    assert (with_share(shares, empty, 0.25) == shares).all()  # where there are none, none can be drawn


@pytest.mark.usefixtures("eager")
def test_steps_make_an_epoch_longer_or_shorter(people):
    batches = Batches(decoded(people, 32), range(24), 8, shuffle=True, steps=7)
    assert len(batches) == 7 and len(batches[6][0]) == 8
    batches.epoch = 1
    again = Batches(decoded(people, 32), range(24), 8, shuffle=True, steps=7)
    again.epoch = 1
    assert (again[2][0] == batches[2][0]).all()


@pytest.mark.usefixtures("eager")
def test_a_blend_lies_between_the_initial_and_the_trained_weights(people, tmp_path):
    """Also after the training, with --resume."""
    options = QUICK | {"epochs": 1}
    found = {}
    for share in (1.0, 0.0, 0.25):
        train(people, tmp_path / "m.keras", **options | {"blend": share, "resume": share < 1})
        found[share] = load_network(tmp_path / "m.keras")[0].get_weights()
        assert read_json(tmp_path / "m.json")["options"]["blend"] == share
    keras.utils.set_random_seed(2022)
    initial = NETWORKS["conv_deconv"](size=32).get_weights()
    for start, end, none, quarter in zip(initial, found[1.0], found[0.0], found[0.25], strict=True):
        assert np.allclose(none, start, atol=1e-3) and np.allclose(quarter, start + (end - start) / 4, atol=1e-3)
    assert any(not np.allclose(one, other, atol=1e-3) for one, other in zip(initial, found[1.0], strict=True))


@pytest.mark.usefixtures("eager")
def test_the_network_may_look_again_at_another_size(people, tmp_path):
    """It is named in the record, also after the training, with --resume; the weights stay the same."""
    options = QUICK | {"epochs": 1}
    found = {}
    for size in (None, 48):
        train(people, tmp_path / "m.keras", **options | {"second_size": size, "resume": bool(size)})
        found[size], record = load_network(tmp_path / "m.keras")
        assert record["network_options"]["size"] == 32 and record["second_size"] == size
    closer, about = at_size(found[48], record, 48)
    assert closer.input_shape[1] == about["network_options"]["size"] == 48
    assert at_size(found[48], record, 48)[0] is closer
    for one, other in zip(found[None].get_weights(), closer.get_weights(), strict=True):
        assert (one == other).all()


FROZEN = ("Conv", "expanded_conv_16-project", "logits")


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize(
    ("changed", "kept"),
    [({"encoder_rate": 0.0}, [True, True, True]), ({"encoder_frozen": 3}, [True, False, False])],
)
def test_an_encoder_is_frozen_whole_or_in_its_first_layers(people, tmp_path, changed, kept):
    options = QUICK | {"network": "deeplab", "encoder_weights": "none", "learning_rate": 0.01, "epochs": 1} | changed
    options |= {"steps": 1, "validation": 0.0}
    train(people, tmp_path / "m.keras", **options)
    keras.utils.set_random_seed(2022)
    initial, (network, _) = NETWORKS["deeplab"](size=32), load_network(tmp_path / "m.keras")
    trained = {layer.name: layer.get_weights() for layer in network.layers}

    def same(name):
        before = initial.get_layer(name).get_weights()
        return all(np.allclose(one, other, atol=1e-3) for one, other in zip(before, trained[name], strict=True))

    assert [same(name) for name in FROZEN] == kept
    assert not same("logits_detail")
