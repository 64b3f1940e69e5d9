"""The methods of painting: J of matching computed by hand, and the effect of each setting."""

import keras
import numpy as np
import pytest
from keras import ops
from PIL import Image

import stylize
from by_hand import vectors_by_hand
from style import matching
from style.canvas import Canvas
from style.methods import CONTENT_LAYERS, METHODS, MIXES, MOMENT_LAYERS, Match
from style.objective import Objective
from style.painting import Painter
from style.styles import Style, Styles
from style.windows import all_of

RANDOM = np.random.default_rng(0)
PLAN = ((4, 2), (6, 2), (8, 4), (8, 4))


@pytest.fixture(scope="module")
def network():
    """A network of VGG19's plan with few channels and random weights, which gives what matching compares."""
    from networks.vgg import Preprocessing, encoder

    keras.utils.set_random_seed(3)
    network = encoder(PLAN, Match.layers, Preprocessing(dtype="float32"))
    network.trainable = False
    return network


@pytest.fixture
def see(network):
    return lambda picture: network(matching.pad(ops.convert_to_tensor(picture[None])))


def target_of(objective, see, photo, visible, *styles):
    """What a painting of a photo, which is not cut into tiles, is compared with."""
    target = objective.target(see, photo, photo, visible, [Style(1.0, style) for style in styles])
    return objective.cut(target, all_of(*(-(-length // 8) * 8 for length in photo.shape[:2])))


def drawn(height, width, seed):
    small = np.random.default_rng(seed).integers(0, 256, (6, 9, 3), np.uint8)
    image = Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)
    return np.float32(image) / 255


def test_the_registry_is_what_the_script_takes():
    assert set(stylize.OPTIONS["--method"].names) == set(METHODS) and all(
        isinstance(make(), Objective) and make("style", 2.0, 3.0, 4.0).tv_weight == 4 for make in METHODS.values()
    )
    assert set(stylize.OPTIONS["--similarity"].each.names) == set(MIXES)


def joined(layers):
    """The vectors of layers (1, h, w, channels): (positions, numbers) float32."""
    joined = np.concatenate(list(layers.values()), axis=-1)
    return np.float32(joined).reshape(-1, joined.shape[-1])


def test_j_against_numpy(see):
    objective = Match("balanced", content_weight=2.0, style_weight=7.0, tv_weight=0.5)
    photo, style, painting = drawn(32, 48, 1), drawn(40, 40, 2), drawn(32, 48, 3)
    target = target_of(objective, see, photo, None, style)
    features = see(painting)
    parts = [float(part) for part in objective.parts(painting[None], features, target)]
    factors = target["factors"]
    wanted, found = joined(target["match"]), vectors_by_hand(features, factors)
    match = np.mean(1 - np.sum(found * wanted, axis=1) / np.linalg.norm(found, axis=1))
    one, other = (
        np.concatenate([np.asarray(each[layer])[0] * factors[layer] for layer in CONTENT_LAYERS], axis=-1)
        for each in (features, see(photo))
    )
    lengths = np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1)
    content = np.mean(1 - np.sum(one * other, axis=-1) / lengths)
    errors = []
    for layer in MOMENT_LAYERS:
        one, other = (np.asarray(each[layer]).reshape(-1, each[layer].shape[-1]) for each in (features, see(style)))
        for found, true in ((one.mean(0), other.mean(0)), (np.cov(one.T, ddof=0), np.cov(other.T, ddof=0))):
            errors.append(np.sum((found - true) ** 2) / np.sum(true**2))
    mix = MIXES["balanced"]
    np.testing.assert_allclose(parts[:2], [mix.content * content, match + mix.moments * np.mean(errors)], rtol=5e-3)
    total = 2 * parts[0] + 7 * parts[1] + 0.5 * parts[2]
    assert float(objective.total(*parts)) == pytest.approx(total, rel=1e-5)


def test_the_neighbours_are_those_of_the_style_by_brute_force(see):
    photo, style = drawn(32, 32, 1), drawn(32, 48, 2)
    target = target_of(Match(turns=False), see, photo, None, style)
    one, other = (vectors_by_hand(see(picture), target["factors"]) for picture in (photo, style))
    centred = [each - each.mean(axis=0) for each in (one, other)]
    queries, keys = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in centred)
    cosines = queries @ keys.T
    found = joined(target["match"])
    unit = other / np.linalg.norm(other, axis=1, keepdims=True)
    taken = np.argmax(found @ unit.T, axis=1)
    reached = cosines[np.arange(64), taken]
    assert reached.mean() > 0.995 * cosines.max(axis=1).mean()


def test_gradients_by_finite_differences(check_gradients):
    """J of a tiny smooth network."""
    keras.utils.set_random_seed(0)
    entry = keras.Input((None, None, 3))
    outputs = {
        layer: keras.layers.Conv2D(4, 3, strides=int(4 / cells), padding="same", activation="tanh")(entry)
        for layer, (cells, _) in matching.LAYERS.items()
    }
    tiny, objective = keras.Model(entry, outputs), Match(tv_weight=1.0)
    tiny_see = lambda picture: tiny(matching.pad(ops.convert_to_tensor(picture[None])))  # noqa: E731
    photo, weights = drawn(24, 20, 1), np.ones((24, 20), np.float32)
    weights[:, :8] = 0
    target = target_of(objective, tiny_see, photo, weights, drawn(32, 24, 2))
    canvas = Canvas(0.3 + 0.4 * drawn(24, 20, 3)[None], tiny, objective, target)
    check_gradients(canvas)


def test_what_has_no_weight_has_no_influence_on_j(see):
    objective, visible = Match(), np.zeros((32, 48), np.float32)
    visible[:, :16] = 1
    photo = drawn(32, 48, 1)
    target = target_of(objective, see, photo, visible, drawn(32, 32, 2))
    features = see(drawn(32, 48, 3))
    changed = {
        layer: ops.concatenate([values[:, :, : values.shape[2] // 2], 3 - values[:, :, values.shape[2] // 2 :]], axis=2)
        for layer, values in features.items()
    }
    one, two = (objective.parts(photo[None], each, target)[:2] for each in (features, changed))
    assert [float(part) for part in one] == [float(part) for part in two]


# ---------------------------------------------------------------- paintings


@pytest.fixture
def paint(network, eager):
    """Paint a photo in a style with a few steps: paint(similarity="style") gives the picture (64, 96, 3)."""

    def call(
        styles=(2,),
        blend=(1.0,),
        visible=None,
        photo=1,
        style_scale=1.0,
        parts=None,
        start=None,
        steps=3,
        scales=5,
        **own,
    ):
        images = [Image.fromarray(np.uint8(drawn(64, 80, seed) * 255)) for seed in styles]
        content = Image.fromarray(np.uint8(drawn(64, 96, photo) * 255)) if isinstance(photo, int) else photo
        painter = Painter(lambda _: network, "float32", Match(**own), Styles(images, blend, parts, style_scale))
        return painter.paint(content, visible, steps=steps, scales=scales, start=start).picture

    return call


def test_the_same_again_is_the_same_to_the_bit(paint):
    np.testing.assert_array_equal(paint(), paint())


@pytest.mark.parametrize(
    "setting",
    [
        {"similarity": "content"},
        {"similarity": "style"},
        {"style_weight": 1.0},
        {"content_weight": 20.0},
        {"tv_weight": 100.0},
        {"style_scale": 0.5},
        {"turns": False},
        {"colours": False},
        {"styles": (2, 3), "blend": (0.5, 0.5)},
        {"parts": [np.pad(np.ones((64, 30), np.float32), [(0, 0), (0, 50)])]},
        {"start": lambda size: drawn(*size[::-1], 9)},
    ],
    ids=lambda setting: next(iter(setting)),
)
def test_a_setting_makes_a_difference(paint, setting):
    assert np.abs(paint(**setting) - paint()).mean() > 1e-3


def test_more_content_stays_closer_to_the_photo(paint, see):
    """Closer in its features: what the content weight weighs."""
    photo = np.float32(np.uint8(drawn(64, 96, 1) * 255)) / 255
    target = target_of(Match(), see, photo, None, drawn(64, 80, 2))
    near, far = (
        float(Match().parts(painting[None], see(painting), target)[0])
        for painting in (paint(steps=10, colours=False, content_weight=weight) for weight in (100.0, 0.0))
    )
    assert near < 0.5 * far


def test_colours_are_those_of_the_style_unless_the_photo_keeps_its_own(paint):
    style, photo = drawn(64, 80, 2).mean(axis=(0, 1)), drawn(64, 96, 1).mean(axis=(0, 1))
    assert np.abs(paint().mean(axis=(0, 1)) - style).max() < 0.05
    kept = paint(colours=False).mean(axis=(0, 1))
    assert np.abs(kept - photo).max() < np.abs(style - photo).max()


def test_blending_everything_into_one_is_that_one(paint):
    one, both = paint(styles=(2,)), paint(styles=(2, 3), blend=(1.0, 0.0))
    assert np.abs(one - both).mean() < 0.02


def test_what_is_not_visible_gives_nothing(paint):
    """Other pixels under the kept part, far from the rest: the same painting."""
    visible = np.zeros((64, 256), np.float32)
    visible[:, :64] = 1
    pictures = []
    for seed in (5, 6):
        photo = drawn(64, 256, 4)
        photo[:, 192:] = drawn(64, 64, seed)
        image = Image.fromarray(np.uint8(photo * 255))
        pictures.append(paint(photo=image, visible=visible, scales=1)[:, :64])
    np.testing.assert_allclose(*pictures, atol=2e-3)


@pytest.mark.parametrize("colour", [(0, 0, 0), (200, 60, 40)])
def test_a_style_of_one_colour_gives_a_picture(network, eager, colour):
    styles = [Image.new("RGB", (40, 40), colour)]
    photo = Image.fromarray(np.uint8(drawn(32, 40, 1) * 255))
    picture = Painter(lambda _: network, "float32", Match(), Styles(styles)).paint(photo, steps=2).picture
    assert np.isfinite(picture).all()
    np.testing.assert_allclose(picture.mean(axis=(0, 1)), np.array(colour) / 255, atol=0.05)
