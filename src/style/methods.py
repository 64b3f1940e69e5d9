"""The ways to paint, by the names of --method."""

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from keras import ops

from style import matching
from style.colours import colours_of, match_colours
from style.objective import (
    Objective,
    Statistics,
    blended,
    in_shares,
    moments_of,
    relative,
    sides,
    sums,
    variation,
)
from style.palette import Palette
from style.seen import channels_of, core_of, counts_of, gathered, parts, size_of, tiles_of
from style.styles import ENLARGED

CONTENT_LAYERS = ("block4_conv1", "block4_conv2")
MOMENT_LAYERS = ("block3_conv1", "block4_conv1")
TINY = 1e-12


class Mix(NamedTuple):
    """The settings of matching that a similarity stands for."""

    painted: float  # the share of the painting so far in the picture whose neighbours are searched; the rest: the photo
    content: float  # the weight of the content
    moments: float  # the weight of the moments in J_style, beside the matching


MIXES = {
    "content": Mix(0.1, 8.0, 0.1),
    "balanced": Mix(0.2, 3.0, 0.3),
    "style": Mix(0.5, 0.2, 0.6),
}


@dataclass(frozen=True)
class Match(Objective):
    """Give each position of the photo the style's features that resemble it most (Kolkin et al., 2022)."""

    layers = tuple(matching.LAYERS)
    summed = MOMENT_LAYERS
    counted = sides(MOMENT_LAYERS) | {"grid": matching.GRID}
    step = matching.STEP
    init, scales_left = "instant", 1
    enlarged = ENLARGED
    more_steps = 1.25
    most_steps = 20
    rate, last_rate = 0.008, 0.2
    memory = {"beta_2": 0.99}  # noqa: RUF012

    def prepare(self, pictures):
        return matching.pad(pictures)

    def target(self, see, photo, painting, visible, styles):
        """What a painting is compared with, as `cut` takes it; the arguments are those of `Statistics.target`."""
        mix, wholes = MIXES[self.similarity], [see(style.picture) for style in styles]
        palette = Palette(see, styles, self.turns, wholes=wholes)
        wanted = blended(styles, wholes, moments_of, MOMENT_LAYERS)
        del wholes  # they are as large as the painting
        features = see(photo)
        query = features if painting is photo else see((1 - mix.painted) * photo + mix.painted * painting)
        counts = counts_of(visible, size_of(features), self.counted)
        chosen = _in_place(query, palette.choose(_Counted(query, counts.get("grid"))))
        return {
            "palette": palette,
            "chosen": chosen,
            "channels": channels_of(features),
            "content": gathered(features, lambda part: _deepest(part, palette.factors)),
            "moments": wanted,
            "counts": counts,
            "size": photo.shape[:2],
        }

    def cut(self, target, tile):
        """The part of a target that a tile is compared with: what `parts` takes.

        {"match": {layer: (1, h, w, channels)}, on the grid, together vectors with the length 1, "content": the same of
        the photo's deepest layers, "moments": {layer: statistics}, "factors": {layer: float},
        "weights": {layer: weights}}.
        """
        rows, columns = tile.window.cells(matching.STEP)
        palette, chosen = target["palette"], [each[tile.window.cells(matching.GRID)] for each in target["chosen"]]
        return {
            "match": _taken(palette, *chosen, target["channels"]),
            "content": {layer: values[:, rows, columns] for layer, values in target["content"].items()},
            "moments": target["moments"],
            "factors": palette.factors,
            "weights": self.weights(target, tile),
        }

    def parts(self, picture, features, target):
        """(J_content, J_style, J_variation) of a picture (1, H, W, 3) with these features, float32 scalars.

        target: see `Statistics.parts`.
        """
        factors, weights, totals = target["factors"], target["weights"], target.get("totals", {})
        on_grid = {
            layer: matching.on_grid(features[layer], cells) for layer, cells in matching.cells_of(features).items()
        }
        match = _distance(on_grid, target["match"], factors, weights.get("grid"))
        content = _distance(features, target["content"], factors, weights.get("block4_conv1"))
        errors = [
            relative(found, wanted)
            for layer in MOMENT_LAYERS
            for found, wanted in zip(
                moments_of(*sums(features[layer], weights.get(layer), totals.get(layer))),
                target["moments"][layer],
                strict=True,
            )
        ]
        mix = MIXES[self.similarity]
        style = match + in_shares(mix.moments * sum(errors) / len(errors), target)
        return mix.content * content, style, variation(picture, weights.get("variation"))

    def finish(self, picture, visible, styles):
        return match_colours(picture, visible, colours_of(styles)) if self.colours else picture


class _Counted:
    """The features of a picture's tiles and how much their positions count, anew each time: [(features, (n,) or None)].

    The positions are those of the cores, one tile after another.
    """

    def __init__(self, features, counts):
        self.features, self.counts = features, counts

    def __iter__(self):
        for tile, part in parts(self.features):
            counts = None if self.counts is None else self.counts[tile.core.cells(matching.GRID)].ravel()
            yield {layer: core_of(tile, layer, part[layer]) for layer in matching.LAYERS}, counts


def _in_place(features, found):
    """Values for the positions of `_Counted`, (n,) each, on the grid of the picture: [(h, w)]."""
    grids, first = [np.empty(matching.grid_size(features), np.int32) for _ in found], 0
    for tile in tiles_of(features):
        cells = tile.core.cells(matching.GRID)
        last = first + grids[0][cells].size
        for grid, values in zip(grids, found, strict=True):
            grid[cells] = values[first:last].reshape(grid[cells].shape)
        first = last
    return grids


def _taken(palette, styles, places, channels):
    """The styles' vectors at chosen places (h, w): {layer: (1, h, w, channels) float16}."""
    ends = np.cumsum([channels[layer] for layer in matching.LAYERS])[:-1]
    vectors = palette.take("vectors", styles.ravel(), places.ravel())
    split = np.split(vectors.reshape(1, *places.shape, -1), ends, axis=-1)
    return dict(zip(matching.LAYERS, split, strict=True))


def _deepest(features, factors):
    """The vectors of the deepest layers, divided by their lengths: {layer: (1, h, w, channels) float16}."""
    values = [ops.cast(features[layer], "float32") * factors[layer] for layer in CONTENT_LAYERS]
    joined = ops.cast(matching.unit(ops.concatenate(values, axis=-1)), "float16")
    return dict(zip(CONTENT_LAYERS, map(ops.convert_to_numpy, ops.split(joined, 2, axis=-1)), strict=True))


def _distance(features, wanted, factors, weights):
    """The mean of 1 - cosine between the vectors of a picture and those `wanted`, which have the length 1.

    wanted: {layer: (1, h, w, channels)}. weights: (1, h, w, 1) with the sum 1, or None. The vectors are not joined,
    which would take longer.
    """
    dots = squares = 0.0
    for layer, goal in wanted.items():
        values, goal = ops.cast(features[layer], "float32"), ops.cast(goal, "float32")
        dots += factors[layer] * ops.sum(values * goal, axis=-1, keepdims=True)
        squares += factors[layer] ** 2 * ops.sum(ops.square(values), axis=-1, keepdims=True)
    cosines = dots / ops.sqrt(squares + TINY)
    if weights is None:
        return 1 - ops.mean(cosines)
    return ops.sum(ops.multiply(weights, 1 - cosines))


METHODS = {"match": Match, "moments": Statistics, "gram": partial(Statistics, statistic="gram")}
