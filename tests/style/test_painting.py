"""Painting: the plan, the steps, recovery from bad steps, and all backends."""

import importlib.util
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from shell import in_a_shell
from style import brush, painting
from style.brush import is_settled
from style.methods import METHODS, Match
from style.objective import Statistics
from style.painting import Painter, plan
from style.styles import Styles
from utils import UserError

STYLE = np.zeros((64, 64, 3), np.float32)
RANDOM = np.random.default_rng(0)
BACKENDS = [name for name in ("tensorflow", "jax", "torch") if importlib.util.find_spec(name)]


def picture(width, height, seed=0):
    small = np.random.default_rng(seed).integers(0, 256, (6, 9, 3), np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


@pytest.fixture
def painter(thin, eager):
    networks = {}

    def load(precision):
        return networks.setdefault(precision, thin(None, precision))

    def make(precision="float32", objective=None, averaging=0.0, **options):
        return Painter(load, precision, objective or Statistics(), Styles([picture(64, 64, 1)], **options), averaging)

    return make


def test_the_plan_is_coarse_to_fine_and_spends_all_steps():
    for side in (64, 191, 192, 384, 512, 2048):
        for steps in (1, 7, 500):
            scales = plan(side, steps, 5, Statistics())
            assert scales[-1][0] == side and sum(count for _, count in scales) == steps
            assert all(finer == 2 * coarser + finer % 2 for (coarser, _), (finer, _) in pairwise(scales))
            assert all(count > 0 for _, count in scales)
    assert plan(512, 500, 1, Statistics()) == [(512, 500)] and len(plan(512, 500, 2, Statistics())) == 2
    counts = [count for _, count in plan(512, 500, 5, Statistics())]
    assert counts == sorted(counts, reverse=True) and len(counts) > 1


def test_matching_needs_few_steps_however_many_it_may_take():
    assert plan(512, 500, 5, Match()) == [(128, 24), (256, 20), (512, 16)]
    assert plan(512, 40, 5, Match()) == [(128, 16), (256, 13), (512, 11)]
    assert plan(100, 500, 5, Match()) == [(100, 20)]


def test_j_falls_and_is_told(painter):
    seen = []
    result = painter().paint(picture(72, 64), steps=12, watch=lambda step, show: seen.append((step, show())))
    first, last = (np.abs(shown - np.asarray(picture(72, 64)) / 255).mean() for _, shown in (seen[0], seen[-1]))
    assert [step for step, _ in seen] == list(range(1, 13)) and result.steps == 12
    assert 0 < first < last and result.picture.shape == (64, 72, 3)
    assert result.picture.min() >= 0 and result.picture.max() <= 1
    objective = Statistics()
    again = painter(objective=objective).paint(picture(72, 64), steps=1)
    assert result.scores["J"] < 0.9 * again.scores["J"]
    parts = result.scores
    assert parts["J"] == pytest.approx(objective.total(parts["J_content"], parts["J_style"], 0), rel=1e-4)


def test_several_scales_end_at_the_photos_size(painter):
    sizes = []
    result = painter().paint(picture(200, 130), steps=6, watch=lambda _, show: sizes.append(show().shape[1]))
    assert sizes == [100] * 3 + [200] * 3 and result.picture.shape == (130, 200, 3)


@pytest.mark.long
def test_the_same_again_is_the_same_to_the_bit(painter):
    def start(size):
        return np.random.default_rng(5).random((*size[::-1], 3), np.float32)

    one, two = (painter("bfloat16").paint(picture(64, 48), steps=5, start=start).picture for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_only_what_is_visible_is_painted(painter):
    """The statistics are those of the visible part, so what is far from it feels no pull."""
    visible = np.zeros((64, 256), np.float32)
    visible[:, :64] = 1
    photo = picture(256, 64)
    result = painter().paint(photo, visible, steps=3, scales=1).picture
    change = np.abs(result - np.asarray(photo) / 255).mean(axis=(0, 2))
    assert change[:64].min() > 0.001 and change[240:].max() < 0.2 * change[:64].max()


def statistics_of(painter, side):
    return painter.objective.target(painter._see, STYLE, STYLE, None, painter.styles.at(side))["style"]


def test_blended_styles_lie_between_both(painter):
    one = painter()
    target = {}
    for blend in ([1.0, 0.0], [0.0, 1.0], [0.25, 0.75]):
        one.styles = Styles([picture(64, 64, 1), picture(64, 64, 2)], blend)
        target[tuple(blend)] = statistics_of(one, 64)
    for layer, values in target[(0.25, 0.75)].items():
        for both, first, second in zip(values, target[(1.0, 0.0)][layer], target[(0.0, 1.0)][layer], strict=True):
            np.testing.assert_allclose(both, 0.25 * first + 0.75 * second, rtol=1e-5)


def test_of_a_style_only_its_part_counts(painter):
    part = np.zeros((64, 64), np.float32)
    part[:, :32] = 1
    style = np.array(picture(64, 64, 1))
    style[:, 32:] = 255
    one, whole, half = painter(parts=[part]), painter(), painter()
    one.styles.images = whole.styles.images = [Image.fromarray(style)]
    half.styles.images = [picture(64, 64, 1).crop((0, 0, 32, 64))]
    found, without, wanted = (statistics_of(each, 64)["block1_conv1"][0] for each in (one, whole, half))
    assert np.abs(found - wanted).mean() < 0.2 * np.abs(without - wanted).mean()


def test_style_scale_changes_what_is_seen_of_the_style(painter):
    one, two = (statistics_of(painter(scale=scale), 64)["block1_conv1"][1] for scale in (1.0, 0.5))
    assert not np.allclose(one, two)
    np.testing.assert_array_equal(statistics_of(painter(), 32)["block1_conv1"][1], two)


def test_averaging_ends_between_the_last_steps(painter):
    shown = []
    result = painter(averaging=0.9).paint(picture(64, 64), steps=8, watch=lambda _, show: shown.append(show()))
    assert np.abs(result.picture - shown[-1]).mean() > 1e-4
    assert np.abs(result.picture - shown[0]).mean() < np.abs(shown[-1] - shown[0]).mean()


def test_it_stops_when_nothing_improves(painter, monkeypatch):
    monkeypatch.setattr(brush, "LEAST_GAIN", 0.9)
    assert painter().paint(picture(64, 64), steps=100).steps == 2 * brush.PATIENCE


def test_settled_means_that_j_falls_no_more():
    falling = list(np.geomspace(5, 1, 60))
    assert not is_settled(falling) and is_settled(falling + [1.0] * 30) and is_settled([1.0, 1.1] * 15)
    assert not is_settled([1.0] * (2 * brush.PATIENCE - 1))


def spoil(monkeypatch, canvases):
    """Let J be no number on the first canvases."""
    made = []

    class Sick(painting.Canvas):
        def __init__(self, *given):
            super().__init__(*given)
            self.factor = np.nan if len(made) < canvases else 1.0
            made.append(self)

        def call(self, inputs=None):
            return super().call(inputs) * self.factor

    monkeypatch.setattr(painting, "Canvas", Sick)


@pytest.mark.parametrize("canvases", [1, pytest.param(2, marks=pytest.mark.long)])
def test_a_step_without_a_number_is_done_again(painter, monkeypatch, canvases):
    spoil(monkeypatch, canvases)
    result = painter("bfloat16").paint(picture(64, 64), steps=4)
    assert len(result.troubles) == canvases and np.isfinite(result.picture).all() and result.steps == 4
    assert np.abs(result.picture - np.asarray(picture(64, 64)) / 255).mean() > 1e-4


def test_where_no_step_helps_the_run_ends_with_an_error(painter, monkeypatch):
    spoil(monkeypatch, 99)
    with pytest.raises(UserError, match="left no picture"):
        painter().paint(picture(64, 64), steps=4)


def test_a_blank_picture_is_no_result(painter, monkeypatch):
    blank = np.full((64, 64, 3), 0.5, np.float32)
    monkeypatch.setattr(painting.Canvas, "picture", lambda canvas: blank)
    with pytest.raises(UserError, match="left no picture"):
        painter().paint(picture(64, 64), steps=2)


def test_ctrl_c_gives_the_picture_so_far(painter):
    def stop(step, show):
        if step == 3:
            raise KeyboardInterrupt

    result = painter().paint(picture(64, 64), steps=9, watch=stop)
    assert result.stopped and result.steps == 3 and result.picture.shape == (64, 64, 3)


PAINT = """
import sys; sys.path[:0] = ["src", "tests", "tests/style"]
import keras, numpy as np
from test_painting import picture
from style.features import LAYERS
from style.methods import METHODS
from style.painting import Painter
from style.styles import Styles
from networks.vgg import Preprocessing, encoder
keras.utils.set_random_seed(3)
objective = METHODS[sys.argv[1]]()
network = encoder(((4, 2), (6, 2), (8, 4), (8, 4), (8, 4)), {*LAYERS, *objective.layers}, Preprocessing())
network.trainable = False
painter = Painter(lambda _: network, "float32", objective, Styles([picture(64, 64, 1)]))
scores, ranges = [], []
def watch(step, show):
    scores.append(show())
def noise(size):
    return np.random.default_rng(0).random((*size[::-1], 3), np.float32)
results = [painter.paint(picture(64, 48), steps=20, start=noise, watch=watch) for _ in range(2)]
print(keras.backend.backend(), results[0].losses[0], results[0].losses[-1])
print((results[0].picture == results[1].picture).all(), (scores[-1] == results[1].picture).all(),
      np.ptp(results[0].picture) > 0.3, np.ptp(scores[1] - scores[0]) > 0)
"""


@pytest.mark.long
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_loss_falls_on_every_backend(backend, method):
    done = in_a_shell("-c", PAINT, method, KERAS_BACKEND=backend)
    assert done.returncode == 0, done.stderr
    name, first, last, *true = done.stdout.split()
    assert name == backend and float(last) < 0.8 * float(first)
    assert true == ["True"] * 4
