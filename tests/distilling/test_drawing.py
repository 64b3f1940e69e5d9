"""Teaching the decoder: what it gets, its loss, and its run."""

import keras
import numpy as np
import pytest
from keras import ops

from by_hand import vectors_by_hand
from defaults import with_defaults
from distilling import distillation
from distilling.crops import Pairs, pictures_in
from distilling.drawing import MOMENT_LAYERS, MOMENTS, OWN, PIXELS, Drawing
from drawn import draw_set
from eager import compile_nothing
from files.whole import read_json
from networks.decoder import STROKE, decoder, sketch_of, strokes_of
from networks.vgg import Preprocessing, encoder
from style import features
from style.features import instant, mini
from style.matching import LAYERS, factors_of
from utils import UserError

pytestmark = pytest.mark.xdist_group("decoder")  # whose lesson and run the tests share
distill = with_defaults("distill", distillation.distill, "photos", "paintings")
PLAN = ((4, 2), (6, 2), (8, 4), (8, 4), (8, 4))
WIDTHS = (2, 3, 4, 5, 6)
QUICK = {"size": 32, "batch_size": 2, "steps": 3, "epochs": 2, "precision": "float32", "learning_rate": 0.001}
QUICK |= {"teach": "decoder", "decoder": (8, 6, 4)}


def pieces(count=4, seed=0):
    return np.random.default_rng(seed).random((count, 32, 32, 3), np.float32)


@pytest.fixture(scope="module")
def lesson():
    """A lesson after its first step."""
    keras.utils.set_random_seed(4)
    master, eyes = (encoder(PLAN, LAYERS, Preprocessing(dtype="float32")) for _ in range(2))
    hand = decoder(sum(x.shape[-1] for x in eyes.output.values()), (8, 6, 4))
    lesson = Drawing(master, eyes, hand)
    lesson.compile(keras.optimizers.Adam(0.003))
    lesson.train_on_batch(pieces(seed=9))
    lesson.reset_metrics()
    return lesson


def single(found, place):
    """The features of one of several pictures."""
    return {layer: ops.convert_to_numpy(values)[place : place + 1] for layer, values in found.items()}


def normal(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_each_position_gets_the_nearest_of_its_style_by_brute_force(lesson):
    pictures = pieces()
    drawn, own, places = (ops.convert_to_numpy(part) for part in lesson(pictures))
    assert drawn.shape == (2, 32, 32, 3) and own.shape == (OWN, 32, 32, 3) and places.shape == (2, 64)
    seen = lesson.see(pictures)
    for number in range(2):
        content, style = (single(seen, place) for place in (number, 2 + number))
        factors = factors_of(style)
        one, other = vectors_by_hand(content, factors), vectors_by_hand(style, factors)
        cosines = normal(one - one.mean(axis=0)) @ normal(other - other.mean(axis=0)).T
        chosen = cosines[np.arange(64), places[number]]
        np.testing.assert_allclose(chosen, cosines.max(axis=1), atol=1e-4)


def test_it_draws_from_the_chosen_vectors_and_strokes(lesson):
    pictures = pieces()
    drawn, _, places = (ops.convert_to_numpy(part) for part in lesson(pictures))
    style = single(lesson.see(pictures), 3)
    vectors = normal(vectors_by_hand(style, factors_of(style)))[places[1]]
    strokes = ops.convert_to_numpy(strokes_of(ops.convert_to_tensor(pictures[3:])))[0].reshape(64, STROKE)[places[1]]
    sketch = sketch_of(ops.convert_to_tensor(strokes.reshape(1, 8, 8, STROKE)))
    vectors = vectors.reshape(1, 8, 8, -1) * vectors.shape[-1] ** 0.5
    np.testing.assert_allclose(
        drawn[1], ops.convert_to_numpy(lesson.decoder([ops.convert_to_tensor(vectors), sketch]))[0], atol=1e-4
    )


def test_the_loss_against_numpy(lesson):
    pictures = pieces()
    drawn, own, places = (ops.convert_to_numpy(part) for part in lesson(pictures))
    truth, found = lesson.look(pictures[2:]), lesson.look(np.clip(drawn, 0, 1))
    match, moments = [], []
    for number in range(2):
        wanted, got = single(truth, number), single(found, number)
        factors = {  # from the energy in the chosen positions
            layer: (share / np.square(values_of(layer, wanted, places[number])).sum(axis=1).mean()) ** 0.5
            for layer, (_, share) in LAYERS.items()
        }
        one, other = vectors_by_hand(got, factors), vectors_by_hand(wanted, factors)[places[number]]
        match.append(1 - np.sum(normal(one) * normal(other), axis=1))
        for layer in MOMENT_LAYERS:
            moments.append((layer, values_of(layer, got), values_of(layer, wanted, places[number])))
    errors = [error for layer in MOMENT_LAYERS for error in [moment_error(moments, layer)]]
    parts = np.mean(match), np.mean(errors), np.abs(own - pictures[2 : 2 + OWN]).mean()
    wanted = parts[0] + MOMENTS * parts[1] + PIXELS * parts[2]
    loss = lesson.compute_loss(pictures, None, lesson(pictures), training=False)
    assert float(loss) == pytest.approx(wanted, rel=1e-3)


def values_of(layer, found, places=None):
    """All values of a layer in the chosen positions of the grid: (values, channels)."""
    values, cells = found[layer][0], LAYERS[layer][0]
    if cells < 1:
        values, cells = values.repeat(2, axis=0).repeat(2, axis=1), 1
    side = values.shape[0] // cells
    cut = values.reshape(side, cells, side, cells, -1).transpose(0, 2, 1, 3, 4).reshape(side**2, cells**2, -1)
    return (cut if places is None else cut[places]).reshape(-1, cut.shape[-1])


def moment_error(moments, layer):
    """The mean error of mean and covariance, relative to what is wanted."""
    errors = []
    for name, got, wanted in moments:
        if name == layer:
            for function in (lambda x: x.mean(axis=0), lambda x: np.cov(x.T, ddof=0)):
                one, other = function(got), function(wanted)
                errors.append(np.square(one - other).sum() / np.square(other).sum())
    return np.mean(errors)


def test_a_step_changes_the_decoder_alone_and_steps_help(lesson):
    assert {id(weight) for weight in lesson.trainable_variables} == {id(weight) for weight in lesson.decoder.weights}
    before = lesson.decoder.get_weights()
    losses = [lesson.train_on_batch(pieces(), return_dict=True)["loss"] for _ in range(20)]
    lesson.decoder.set_weights(before)
    assert losses[-1] < 0.9 * losses[0]


def test_a_batch_is_photos_and_then_paintings(tmp_path):
    photos = pictures_in("--photos", [draw_set(tmp_path / "one", 3, width=48, height=40) / "images"])
    paintings = pictures_in("--paintings", [draw_set(tmp_path / "two", 3, width=48, height=40) / "images"])
    pairs = Pairs(photos, paintings, 32, 2, 4, seed=5)
    drawn = []
    pairs.draw_from = lambda files, random: drawn.append(files) or np.zeros((32, 32, 3), np.float32)
    assert pairs[0][0].shape == (4, 32, 32, 3) and drawn == [photos, photos, paintings, paintings]


# ---------------------------------------------------------------- the run


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return draw_set(tmp_path_factory.mktemp("photos") / "set", 24, width=48, height=40) / "images"


@pytest.fixture(scope="module")
def quickly():
    """Let a small random network be VGG19, and few pictures judge."""
    with pytest.MonkeyPatch.context() as patch:
        compile_nothing(patch)
        patch.setattr(distillation, "JUDGED", 1)
        patch.setattr(
            distillation, "vgg19", lambda *_: encoder(PLAN, {*features.LAYERS, *LAYERS}, Preprocessing(dtype="float32"))
        )
        yield


@pytest.fixture(scope="module")
def seeing(tmp_path_factory, photos, quickly):
    """A thin network without a decoder, on disk."""
    model = tmp_path_factory.mktemp("seeing") / "eyes.keras"
    own = {"widths": WIDTHS, "size": 32, "batch_size": 2, "canvases": 0, "steps": 1, "epochs": 1}
    distill([photos], [photos], model=model, precision="float32", **own)
    return model


@pytest.fixture(scope="module")
def taught(tmp_path_factory, seeing, photos):
    """What a run leaves."""
    model = tmp_path_factory.mktemp("taught") / "m.keras"
    distill([photos], [photos], model=model, init=seeing, **QUICK)
    return model


def test_a_run_leaves_a_network_that_draws_and_its_record(seeing, taught):
    record = read_json(taught.with_suffix(".json"))
    assert record["network_options"]["decoder"] == [8, 6, 4] and record["metrics"]["val_loss"] > 0
    before, (eyes, hand) = mini(seeing), instant(taught)
    for layer in LAYERS:
        np.testing.assert_array_equal(*(ops.convert_to_numpy(each.get_layer(layer).kernel) for each in (before, eyes)))
    assert eyes.trainable_variables == hand.trainable_variables == []
    assert np.ptp(ops.convert_to_numpy(hand([np.ones((1, 4, 4, 36)), np.ones((1, 16, 16, 3))]))) > 0
    with pytest.raises(UserError, match=r"--vgg_weights=.*eyes.keras has no decoder"):
        instant(seeing)


def test_it_goes_on_from_a_network_with_a_decoder(taught, photos, tmp_path, capsys):
    slow = QUICK | {"learning_rate": 1e-8, "epochs": 1}
    distill([photos], [photos], model=tmp_path / "further.keras", init=taught, **slow)
    assert "layers start with the weights of m.keras" in capsys.readouterr().out
    one, other = (instant(model)[1].get_weights() for model in (taught, tmp_path / "further.keras"))
    assert all(np.allclose(a, b, atol=1e-3) for a, b in zip(one, other, strict=True))


def test_what_was_interrupted_goes_on_as_if_nothing_had_been(seeing, taught, photos, tmp_path, after_an_epoch):
    after_an_epoch(distill, [photos], [photos], model=tmp_path / "parts.keras", init=seeing, **QUICK)
    distill([photos], [photos], model=tmp_path / "parts.keras", init=seeing, **QUICK, resume=True)
    one, other = (instant(model)[1].get_weights() for model in (taught, tmp_path / "parts.keras"))
    assert all((a == b).all() for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--size=100", "--init=model/mini.keras"], "--size=100 must be a multiple of 8"),
        ([], "give --init=<file>"),
        (["--decoder=8,4", "--init=model/mini.keras"], "--decoder=8,4 must have 3 numbers"),
    ],
)
def test_what_the_decoder_cannot_learn_from_is_named(script, more, words):
    status, _, err = script("distill.py", "--teach=decoder", *more)
    assert status == 2 and err.count("\n") == 1 and words in err
