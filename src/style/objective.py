"""J measures how far a picture is from the content of a photo and from the style of other pictures.

Each term is divided by the energy of its target, so that the weights mean what they say: the raw errors of Gatys et
al. differ by orders of magnitude from layer to layer. Features are (n, h, w, channels), n mostly 1; where a region is
painted, `weights` (1, h, w, 1) say how much each position counts, and nothing outside of it has any influence. All
terms are sums over positions, or statistics of such sums. So J and its gradient add up over the tiles of a picture.
"""

from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from networks.vgg import side_of
from style.features import CONTENT_LAYER, LAYERS, STYLE_LAYERS
from style.seen import counts_of, gathered, parts, size_of, weights_of

# What --similarity names: the weights of the five style layers, fine to coarse.
SIMILARITIES = {
    "content": (0.02, 0.08, 0.2, 0.3, 0.4),
    "balanced": (0.2, 0.2, 0.2, 0.2, 0.2),
    "style": (0.4, 0.3, 0.2, 0.08, 0.02),
}


def sums(features, weights=None, totals=None):
    """What statistics are made of: the mean of every channel and of the products of every two.

    [(n, 1, channels), (n, channels, channels)] float32. weights: (1, h, w, 1) with the sum 1. totals: of features that
    are a part of a picture, the sums of all parts; then these are returned, with the gradient that this part has.
    """
    flat = ops.reshape(ops.cast(features, "float32"), (ops.shape(features)[0], -1, features.shape[-1]))
    weights = None if weights is None else ops.reshape(weights, (1, -1, 1))
    mean = ops.mean(flat, axis=1, keepdims=True) if weights is None else ops.matmul(_turned(weights), flat)
    own = [mean, _products(flat, weights)]
    if totals is None:
        return own
    return [total + value - ops.stop_gradient(value) for total, value in zip(totals, own, strict=True)]


def _products(flat, weights):
    weighted = flat if weights is None else flat * weights
    found = ops.matmul(_turned(ops.stop_gradient(weighted)), flat)
    if weights is None:  # dividing the products is quicker than dividing the features
        found /= ops.cast(ops.shape(flat)[1], "float32")
    # What compares the products is symmetric, so both factors have the same gradient: compute one, and count it twice.
    return 2 * found - ops.stop_gradient(found)


def _turned(flat):
    return ops.transpose(flat, (0, 2, 1))


def gram_of(mean, products):
    """The mean products of every two channels: [(n, channels, channels)] float32."""
    return [products]


def moments_of(mean, products):
    """The mean of every channel and the covariance of every two: [(n, 1, channels), (n, channels, channels)] float32.

    A departure from Gatys et al.: what a Gram matrix mixes is matched apart, and the style's own colours come out.
    """
    return [mean, products - ops.matmul(_turned(mean), mean)]


def gram(features, weights=None):
    """The Gram matrix of features; see `gram_of`."""
    return gram_of(*sums(features, weights))


def moments(features, weights=None):
    """The moments of features; see `moments_of`."""
    return moments_of(*sums(features, weights))


STATISTICS = {"gram": gram_of, "moments": moments_of}


@dataclass(frozen=True)
class Objective:
    """J = content_weight * J_content + style_weight * J_style + tv_weight * J_variation, and how to make it fall."""

    similarity: str = "balanced"
    content_weight: float = 1.0
    style_weight: float = 10.0
    tv_weight: float = 0.0
    # For methods that choose pieces of the style:
    turns: bool = True  # whether turned copies of the style may be chosen as well
    colours: bool = True  # whether the painting gets the style's colours at the end

    layers = LAYERS  # of the network, whose features it compares
    summed = STYLE_LAYERS  # of these, whose statistics it compares
    counted = {layer: side_of(layer) for layer in LAYERS}  # what has weights, and the side of its cells  # noqa: RUF012
    step = 16  # px; tiles begin at multiples of it
    init = "content"  # what the canvas shows first, if the user does not say
    scales_left = None  # how many scales are left to paint after an instant painting; None: all
    enlarged = None  # how many times its own size a style has at most; None: no limit
    coarsest = 96  # px; no scale has a smaller long side, unless the picture has
    more_steps = 1.6  # each scale takes so many times the steps of the next finer one, which costs four times as much
    most_steps = None  # of a scale, on average; None: no limit
    rate, last_rate = 0.01, 0.1  # Adam's learning rate at the start of a scale, and how much of it is left at the end
    memory = {"beta_1": 0.8, "beta_2": 0.8}  # shorter than usual: a hundred steps are all there is  # noqa: RUF012

    def most(self, steps, scales):
        """The most steps that painting takes at a number of scales, if `steps` are allowed."""
        return min(steps, (self.most_steps or steps) * scales)

    def prepare(self, pictures):
        """Pictures (n, H, W, 3) as the network is to see them."""
        return pictures

    def sums(self, features, weights):
        """{layer: `sums`} of the features of a picture or a tile. weights: {layer: (1, h, w, 1)}."""
        return {layer: sums(features[layer], weights.get(layer)) for layer in self.summed}

    def weights(self, target, tile):
        """How much each position of a tile counts: {name: (1, h, w, 1)}; {} if it is whole and all count the same."""
        return weights_of(tile, target["counts"], self.counted) | variation_weights(tile, target["size"])

    def total(self, content, style, variation):
        """J of its parts."""
        return self.content_weight * content + self.style_weight * style + self.tv_weight * variation

    def finish(self, picture, visible, styles):
        """The painting (H, W, 3), when all steps are done."""
        return picture


@dataclass(frozen=True)
class Statistics(Objective):
    """Let the statistics of the painting's features equal those of the style's (Gatys et al., 2015)."""

    statistic: str = "moments"

    def target(self, see, photo, painting, visible, styles):
        """What a painting is compared with, as `cut` takes it.

        see(picture) gives the features of a picture. photo, painting: (H, W, 3), 0..1; visible: (H, W), how much each
        pixel counts, or None; styles: [Style].
        """
        features = see(photo)
        counts = counts_of(visible, size_of(features), self.counted)
        content = gathered(features, lambda part: {CONTENT_LAYER: ops.cast(part[CONTENT_LAYER], "float32")})
        seen = (see(style.picture) for style in styles)
        return {
            "content": content[CONTENT_LAYER],
            "energy": _energy(content[CONTENT_LAYER], counts.get(CONTENT_LAYER)),
            "style": blended(styles, seen, STATISTICS[self.statistic], STYLE_LAYERS),
            "counts": counts,
            "size": photo.shape[:2],
        }

    def cut(self, target, tile):
        """The part of a target that a tile is compared with: what `parts` takes."""
        rows, columns = tile.window.cells(side_of(CONTENT_LAYER))
        weights = self.weights(target, tile)
        part = {"content": target["content"][:, rows, columns], "style": target["style"], "weights": weights}
        return part | ({"energy": target["energy"]} if weights else {})

    def style_of(self, features, weights=None):
        """{layer: its statistics} of the features of pictures. weights: {layer: how much each position counts}."""
        return {layer: STATISTICS[self.statistic](*each) for layer, each in self.sums(features, weights or {}).items()}

    def parts(self, picture, features, target):
        """(J_content, J_style, J_variation) of pictures (n, H, W, 3) with these features, their means, float32 scalars.

        target: as `cut` gives it; of a tile, with "totals", the sums of all tiles, and its "share" of what they have
        together.
        """
        weights, totals = target["weights"], target.get("totals", {})
        found = ops.cast(features[CONTENT_LAYER], "float32")
        content = relative(found, target["content"], weights.get(CONTENT_LAYER, 1.0), target.get("energy"))
        style = 0.0
        for layer, layer_weight in zip(STYLE_LAYERS, SIMILARITIES[self.similarity], strict=True):
            found = STATISTICS[self.statistic](*sums(features[layer], weights.get(layer), totals.get(layer)))
            errors = [relative(one, wanted) for one, wanted in zip(found, target["style"][layer], strict=True)]
            style += layer_weight * sum(errors) / len(errors)
        return content, in_shares(style, target), variation(picture, weights.get("variation"))


def sides(layers):
    """{layer: the side of its cells in px}."""
    return {layer: side_of(layer) for layer in layers}


def in_shares(error, target):
    """The share that a tile has of an error of all tiles together. Its gradient is left as it is: that of the tile."""
    if "share" not in target:
        return error
    return error - (1 - target["share"]) * ops.stop_gradient(error)


def _energy(content, counts):
    """The mean square length of features (1, h, w, channels): float32. counts: (h, w), their weights, or None."""
    squares = np.einsum("nhwc,nhwc->hw", content, content, dtype=np.float64)
    return np.float32(squares.mean() if counts is None else (counts * squares).sum())


def blended(styles, seen, statistic, layers):
    """The statistics of styles, blended by their shares: {layer: [arrays]}.

    seen: the features of each; statistic(mean, products) makes one of `sums`.
    """
    found = {layer: [] for layer in layers}
    for style, features in zip(styles, seen, strict=True):
        for layer, total in total_sums(features, style.part, layers).items():
            found[layer].append([style.share * ops.convert_to_numpy(value) for value in statistic(*total)])
    return {layer: [sum(each) for each in zip(*values, strict=True)] for layer, values in found.items()}


def total_sums(features, visible, layers):
    """{layer: `sums`} of the features of a whole picture. visible: (H, W), how much each pixel counts, or None."""
    counts, totals = counts_of(visible, size_of(features), sides(layers)), {}
    for tile, part in parts(features):
        weights = weights_of(tile, counts, sides(layers))
        for layer in layers:
            found = sums(part[layer], weights.get(layer))
            before = totals.get(layer, (0.0, 0.0))
            totals[layer] = [one + other for one, other in zip(before, found, strict=True)]
    return totals


def relative(found, wanted, weights=1.0, energy=None):
    """The squared error of `found`, (n, ...), divided by the energy of `wanted`: the mean over n, a float32 scalar.

    energy: that of the picture of which `wanted` is a part; None: it is whole.
    """
    axes = tuple(range(1, len(wanted.shape)))
    if energy is None:
        energy = ops.sum(ops.multiply(weights, ops.square(wanted)), axis=axes)
    error = ops.sum(ops.multiply(weights, ops.square(ops.subtract(found, wanted))), axis=axes)
    return ops.mean(error / (energy + keras.config.epsilon()))


def variation(picture, weights=None):
    """The mean squared difference of pixels to the one below and to the one on the right, of pictures (n, H, W, 3).

    weights: (1, H - 1, W - 1, 1) with the sum 1, how much each pixel counts, or None.
    """
    squares = ops.square(ops.conv(picture, _neighbours(), padding="valid"))
    return 2 * (ops.mean(squares) if weights is None else ops.sum(weights * squares) / squares.shape[-1])


def variation_weights(tile, size):
    """The weights of a tile's `variation`, {"variation": (1, h, w, 1)}; {} if it is whole. size: without margins."""
    if tile.is_whole:
        return {}
    height, width = (length - 1 for length in size)
    found = np.zeros([length - 1 for length in tile.window.shape()], np.float32)
    core = tile.core._replace(bottom=min(tile.core.bottom, height), right=min(tile.core.right, width))
    found[core.within(tile.window).cells()] = 1 / (height * width)
    return {"variation": found[None, ..., None]}


def _neighbours():
    """The kernel that computes the differences; a convolution takes a sixth of the time of slices."""
    kernel = np.zeros((2, 2, 3, 6), np.float32)
    for channel in range(3):
        kernel[0, 0, channel, [channel, 3 + channel]] = -1
        kernel[1, 0, channel, channel] = kernel[0, 1, channel, 3 + channel] = 1
    return kernel
