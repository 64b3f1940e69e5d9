"""Distilling: the data, the canvases, the losses, the run, and the network at the end."""

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from defaults import with_defaults
from distilling import distillation
from distilling.crops import Crops, hold_back, pictures_in
from distilling.lesson import Lesson, folded
from drawn import draw_set
from files.whole import read_json
from gradients import gradients
from networks.vgg import Preprocessing, encoder, thin_vgg
from style.canvas import bounded, join
from style.features import LAYERS, STYLE_LAYERS, mini
from style.objective import gram
from utils import UserError

distill = with_defaults("distill", distillation.distill, "photos", "paintings")
WIDTHS = (2, 3, 4, 5, 6)
MASTER = ((4, 2), (6, 2), (8, 4), (10, 4), (8, 4))
QUICK = {"widths": WIDTHS, "size": 32, "batch_size": 2, "canvases": 2, "steps": 3, "epochs": 2, "precision": "float32"}


def pieces(count=2, seed=0):
    return np.random.default_rng(seed).random((count, 32, 32, 3), np.float32)


def lesson_of(canvases=2):
    keras.utils.set_random_seed(4)
    master = encoder(MASTER, LAYERS, Preprocessing(dtype="float32"))
    lesson = Lesson(master, thin_vgg(WIDTHS, LAYERS), canvases, 32)
    lesson.begin(pieces())
    if canvases:
        lesson.set_easel(pieces(canvases, 1), pieces(canvases, 2), 0.001)
    lesson.compile(keras.optimizers.Adam(0.001), run_eagerly=keras.backend.backend() != "jax")
    return lesson, master


@pytest.fixture
def photos(tmp_path):
    return draw_set(tmp_path / "set", 24, width=48, height=40) / "images"


@pytest.fixture
def master(monkeypatch, eager):
    """Let a small random network be VGG19, and few pictures judge what is learnt of it."""
    monkeypatch.setattr("distilling.distillation.JUDGED", 2)
    monkeypatch.setattr(
        "distilling.distillation.vgg19", lambda *_: encoder(MASTER, LAYERS, Preprocessing(dtype="float32"))
    )


# ---------------------------------------------------------------- the crops


def test_crops_depend_on_seed_epoch_and_place_alone(photos):
    files = pictures_in("--photos", [photos])
    one, two = (Crops(files, files, 32, 3, 4, seed=5) for _ in range(2))
    one.on_epoch_end()
    two.epoch = 1
    two[3]
    assert (one[2][0] == two[2][0]).all() and (one[2][0] != one[1][0]).any()
    batch = one[0][0]
    assert batch.shape == (3, 32, 32, 3) and batch.dtype == np.float32 and batch.min() >= 0 and batch.max() <= 1


def test_fixed_crops_are_those_of_every_epoch(photos):
    files = pictures_in("--photos", [photos])
    crops = Crops(files, files, 32, 2, 1, fixed=True)
    before = crops[0][0]
    crops.on_epoch_end()
    assert (crops[0][0] == before).all()


@pytest.mark.parametrize("one_in, count", [(20, 2), (10, 3), (1, 24)])
def test_one_in_so_many_is_held_back(photos, one_in, count):
    files = pictures_in("--photos", [photos])
    learnt, held_back = hold_back(files, one_in)
    assert len(held_back) == count and len(learnt) == 24 - count and not set(learnt) & set(held_back)


# ---------------------------------------------------------------- the lesson


def test_errors_against_numpy():
    lesson, master = lesson_of(0)
    x = pieces()
    guesses, truth = lesson(x), master(x)
    wanted = 0.0
    for layer in LAYERS:
        guess, true = (np.float64(convert_to_numpy(seen[layer])) for seen in (guesses, truth))
        wanted += np.mean(((guess - true) ** 2).sum((1, 2, 3)) / (true**2).sum((1, 2, 3)))
        if layer in STYLE_LAYERS:
            one, other = (np.einsum("nhwa,nhwb->nab", y, y) / np.prod(y.shape[1:3]) for y in (guess, true))
            wanted += np.mean(((one - other) ** 2).sum((1, 2)) / (other**2).sum((1, 2)))
    loss = lesson.compute_loss(x, None, guesses, training=False)
    assert float(loss) == pytest.approx(wanted, rel=1e-4)
    assert float(lesson.means["likeness"].result()) == pytest.approx(1 - wanted / 11, rel=1e-3)


def test_a_step_changes_apprentice_heads_and_canvases_and_not_the_master():
    lesson, master = lesson_of()
    kept = [weight.copy() for weight in master.get_weights()]
    before = [np.array(weight) for weight in lesson.trainable_variables]
    assert len(before) == 2 * 13 + len(LAYERS) + len(lesson.levels)
    lesson.train_on_batch(pieces(seed=3))
    assert all((a == b).all() for a, b in zip(kept, master.get_weights(), strict=True))
    moved = [np.any(a != np.array(b)) for a, b in zip(before, lesson.trainable_variables, strict=True)]
    assert np.mean(moved) > 0.8 and all(moved[-len(lesson.levels) :])


def test_the_apprentice_does_not_learn_to_please_itself():
    """What J of the canvases asks for changes the canvases alone."""
    lesson, _ = lesson_of()

    def score():
        return lesson._painting(bounded(join([level * lesson.stroke for level in lesson.levels])))

    own = lesson.apprentice.trainable_variables + [head.kernel for head in lesson.heads.values()]
    *found, coarsest = gradients(score, [*own, lesson.levels[-1]])
    assert coarsest.any() and not any(gradient.any() for gradient in found)
    assert float(score()) > 0


@pytest.mark.long
def test_canvases_come_closer_to_their_styles():
    lesson, _ = lesson_of()
    lesson.apprentice.trainable = False

    def score():
        return float(lesson._painting(bounded(join([level * lesson.stroke for level in lesson.levels]))))

    before = score()
    for step in range(20):
        lesson.train_on_batch(pieces(seed=step))
    assert score() < 0.8 * before


def test_the_folded_network_keeps_lengths_angles_and_gram_distances():
    lesson, _ = lesson_of()
    network = folded(lesson, WIDTHS)
    one, other = pieces(1, 5), pieces(1, 6)
    for layer in LAYERS:
        kernel = np.float64(convert_to_numpy(lesson.kernel(layer)))
        found = [convert_to_numpy(keras.ops.cast(network(x)[layer], "float32")) for x in (one, other)]
        wanted = [np.float64(convert_to_numpy(lesson.apprentice(x)[layer])) @ kernel for x in (one, other)]
        assert np.linalg.norm(found[0] - found[1]) == pytest.approx(np.linalg.norm(wanted[0] - wanted[1]), rel=0.02)
        grams = [[convert_to_numpy(gram(np.float32(x))[0]) for x in side] for side in (found, wanted)]
        near, far = (np.linalg.norm(a - b) for a, b in grams)
        assert near == pytest.approx(far, rel=0.03)


# ---------------------------------------------------------------- the run


@pytest.mark.usefixtures("eager")
def test_a_run_leaves_a_network_that_paints_and_its_record(master, photos, tmp_path):
    model = tmp_path / "m.keras"
    distill([photos], [photos], model=model, **QUICK)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["m.json", "m.keras", "m.run", "set"]
    record = read_json(tmp_path / "m.json")
    assert record["network"] == "thin" and record["network_options"]["widths"] == list(WIDTHS)
    assert record["command"].startswith("distill.py --teach=encoder --photos=images --paintings=images --model=m.keras")
    assert str(tmp_path) not in str(record) and record["metrics"]["val_loss"] > 0
    features = mini(model)(pieces(1))
    assert features["block4_conv2"].shape == (1, 4, 4, 5) and mini(model).trainable_variables == []


@pytest.mark.long
@pytest.mark.usefixtures("eager")
def test_what_was_interrupted_goes_on_as_if_nothing_had_been(master, photos, tmp_path, after_an_epoch):
    distill([photos], [photos], model=tmp_path / "whole.keras", **QUICK)
    after_an_epoch(distill, [photos], [photos], model=tmp_path / "parts.keras", **QUICK)
    distill([photos], [photos], model=tmp_path / "parts.keras", **QUICK, resume=True)
    one, other = (mini(tmp_path / f"{name}.keras").get_weights() for name in ("whole", "parts"))
    assert all((a == b).all() for a, b in zip(one, other, strict=True))


@pytest.mark.long
def test_it_goes_on_from_another_network(master, photos, tmp_path, capsys):
    distill([photos], [photos], model=tmp_path / "a.keras", **QUICK)
    distill(
        [photos], [photos], model=tmp_path / "b.keras", init=tmp_path / "a.keras", **QUICK | {"learning_rate": 1e-8}
    )
    one, other = (mini(tmp_path / f"{name}.keras") for name in "ab")
    kernels = [np.asarray(network.get_layer("block3_conv2").kernel) for network in (one, other)]
    assert np.allclose(*kernels, atol=1e-3) and "13 layers start with the weights of a.keras" in capsys.readouterr().out


def test_folders_without_pictures_are_named(tmp_path):
    (tmp_path / "none").mkdir()
    with pytest.raises(UserError, match=r"--photos=.*none"):
        distill([tmp_path / "none"], [tmp_path], model=tmp_path / "m.keras", **QUICK)
