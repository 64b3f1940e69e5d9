"""The ways to paint, by the names of --method."""

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from keras import ops

from style import matching
from style.colours import match_colours
from style.objective import Objective, Statistics, blended, layer_weights, moments, relative, variation
from style.palette import Palette

CONTENT_LAYERS = ("block4_conv1", "block4_conv2")
MOMENT_LAYERS = ("block3_conv1", "block4_conv1")
TINY = 1e-12


class Mix(NamedTuple):
    """The settings of matching that a similarity stands for."""

    painted: float  # the share of the painting so far in the picture whose neighbours are searched; the rest: the photo
    content: float  # the weight of the content
    moments: float  # the weight of the moments in J_style, beside the matching


MIXES = {
    "content": Mix(0.2, 5.0, 0.1),
    "balanced": Mix(0.4, 1.0, 0.3),
    "style": Mix(0.5, 0.2, 0.6),
}


@dataclass(frozen=True)
class Match(Objective):
    """Give each position of the photo the style's features that resemble it most (Kolkin et al., 2022)."""

    turns: bool = True  # whether turned copies of the style may be chosen as well
    colours: bool = True  # whether the painting gets the style's colours at the end

    layers = tuple(matching.LAYERS)
    init, scales_left = "instant", 1
    more_steps = 1.25
    most_steps = 20
    rate, last_rate = 0.008, 0.2
    memory = {"beta_2": 0.99}  # noqa: RUF012

    def prepare(self, pictures):
        return matching.pad(pictures)

    def target(self, see, photo, painting, visible, styles):
        """What `parts` compares with; the arguments are those of `Statistics.target`.

        {"match": {layer: (1, h, w, channels)}, on the grid, together vectors with the length 1, "content": the same of
        the photo's deepest layers, "moments": {layer: statistics}, "factors": {layer: float},
        "weights": {layer: weights}}.
        """
        mix, palette = MIXES[self.similarity], Palette(see, styles, self.turns)
        features = see(photo)
        if visible is not None:
            visible = np.pad(visible, [(0, -length % matching.STEP) for length in visible.shape], mode="symmetric")
        weights = layer_weights(features, visible, MOMENT_LAYERS)
        grid = layer_weights({"grid": np.empty((1, *matching.grid_size(features), 1))}, visible, ["grid"])
        query = features if painting is photo else see((1 - mix.painted) * photo + mix.painted * painting)
        return {
            "match": _chosen(palette, query, grid.get("grid")),
            "content": _deepest(features, palette.factors),
            "moments": blended(styles, palette.features, _moments, MOMENT_LAYERS),
            "factors": palette.factors,
            "weights": weights | grid,
        }

    def parts(self, picture, features, target):
        """(J_content, J_style, J_variation) of a picture (1, H, W, 3) with these features, float32 scalars."""
        factors, weights = target["factors"], target["weights"]
        on_grid = {
            layer: matching.on_grid(features[layer], cells) for layer, cells in matching.cells_of(features).items()
        }
        match = _distance(on_grid, target["match"], factors, weights.get("grid"))
        content = _distance(features, target["content"], factors, weights.get("block4_conv1"))
        errors = [
            relative(found, wanted)
            for layer, values in _moments(features, weights).items()
            for found, wanted in zip(values, target["moments"][layer], strict=True)
        ]
        mix = MIXES[self.similarity]
        return mix.content * content, match + mix.moments * sum(errors) / len(errors), variation(picture)

    def finish(self, picture, visible, styles):
        return match_colours(picture, visible, styles) if self.colours else picture


def _chosen(palette, query, weights):
    """The styles' vectors that resemble those of a picture most: {layer: (1, h, w, channels) float16}."""
    vectors = palette.take("vectors", *palette.choose([(query, None if weights is None else weights.ravel())]))
    ends = np.cumsum([query[layer].shape[-1] for layer in matching.LAYERS])[:-1]
    parts = np.split(vectors.reshape(1, *matching.grid_size(query), -1), ends, axis=-1)
    return dict(zip(matching.LAYERS, parts, strict=True))


def _moments(features, weights):
    """{layer: its moments} of a picture's features."""
    return {layer: moments(features[layer], weights.get(layer)) for layer in MOMENT_LAYERS}


def _deepest(features, factors):
    """The vectors of the deepest layers, divided by their lengths: {layer: (1, h, w, channels) float16}."""
    values = [ops.cast(features[layer], "float32") * factors[layer] for layer in CONTENT_LAYERS]
    joined = ops.cast(matching.unit(ops.concatenate(values, axis=-1)), "float16")
    return dict(zip(CONTENT_LAYERS, map(ops.convert_to_numpy, ops.split(joined, 2, axis=-1)), strict=True))


def _distance(features, wanted, factors, weights):
    """The mean of 1 - cosine between the vectors of a picture and those `wanted`, which have the length 1.

    wanted: {layer: (1, h, w, channels)}. The vectors are not joined, which would take longer.
    """
    dots = squares = 0.0
    for layer, goal in wanted.items():
        values, goal = ops.cast(features[layer], "float32"), ops.cast(goal, "float32")
        dots += factors[layer] * ops.sum(values * goal, axis=-1, keepdims=True)
        squares += factors[layer] ** 2 * ops.sum(ops.square(values), axis=-1, keepdims=True)
    cosines = dots / ops.sqrt(squares + TINY)
    if weights is None:
        return 1 - ops.mean(cosines)
    return ops.sum(ops.multiply(weights, 1 - cosines)) / ops.sum(weights)


METHODS = {"match": Match, "moments": Statistics, "gram": partial(Statistics, statistic="gram")}
