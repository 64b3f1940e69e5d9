"""J measures how far a picture is from the content of a photo and from the style of other pictures.

Each term is divided by the energy of its target, so that the weights mean what they say: the raw errors of Gatys et
al. differ by orders of magnitude from layer to layer. Features are (n, h, w, channels), n mostly 1; where a region is
painted, `weights` (1, h, w, 1) say how much each position counts, and nothing outside of it has any influence.
"""

from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from pictures.images import resize
from style.features import CONTENT_LAYER, LAYERS, STYLE_LAYERS

# What --similarity names: the weights of the five style layers, fine to coarse.
SIMILARITIES = {
    "content": (0.02, 0.08, 0.2, 0.3, 0.4),
    "balanced": (0.2, 0.2, 0.2, 0.2, 0.2),
    "style": (0.4, 0.3, 0.2, 0.08, 0.02),
}


def gram(features, weights=None):
    """The mean products of every two channels: [(n, channels, channels)] float32."""
    return [_products(*_flat(features, weights))]


def moments(features, weights=None):
    """The mean of every channel and the covariance of every two: [(n, 1, channels), (n, channels, channels)] float32.

    A departure from Gatys et al.: what a Gram matrix mixes is matched apart, and the style's own colours come out.
    """
    flat, weights = _flat(features, weights)
    mean = ops.mean(flat, axis=1, keepdims=True) if weights is None else ops.matmul(_turned(weights), flat)
    return [mean, _products(flat, weights) - ops.matmul(_turned(mean), mean)]


def _flat(features, weights):
    """Features as (n, positions, channels) and weights, where given, as (1, positions, 1) with the sum 1, float32."""
    flat = ops.reshape(ops.cast(features, "float32"), (ops.shape(features)[0], -1, features.shape[-1]))
    if weights is not None:
        weights = ops.reshape(weights, (1, -1, 1)) / ops.sum(weights)
    return flat, weights


def _products(flat, weights):
    weighted = flat if weights is None else flat * weights
    found = ops.matmul(_turned(ops.stop_gradient(weighted)), flat)
    if weights is None:  # dividing the products is quicker than dividing the features
        found /= ops.cast(ops.shape(flat)[1], "float32")
    # What compares the products is symmetric, so both factors have the same gradient: compute one, and count it twice.
    return 2 * found - ops.stop_gradient(found)


def _turned(flat):
    return ops.transpose(flat, (0, 2, 1))


STATISTICS = {"gram": gram, "moments": moments}


@dataclass(frozen=True)
class Objective:
    """J = content_weight * J_content + style_weight * J_style + tv_weight * J_variation, and how to make it fall."""

    similarity: str = "balanced"
    content_weight: float = 1.0
    style_weight: float = 10.0
    tv_weight: float = 0.0

    layers = LAYERS  # of the network, whose features it compares
    init = "content"  # what the canvas shows first, if the user does not say
    scales_left = None  # how many scales are left to paint after an instant painting; None: all
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
        """What `parts` compares with: {"content": features, "style": {layer: statistics}, "weights": {layer: weights}}.

        see(picture) gives the features of a picture. photo, painting: (H, W, 3), 0..1; visible: (H, W), how much each
        pixel counts, or None; styles: [Style].
        """
        features = see(photo)
        content = ops.convert_to_numpy(ops.cast(features[CONTENT_LAYER], "float32"))
        weights = layer_weights(features, visible, (*STYLE_LAYERS, CONTENT_LAYER))
        seen = (see(style.picture) for style in styles)
        return {"content": content, "style": blended(styles, seen, self.style_of, STYLE_LAYERS), "weights": weights}

    def style_of(self, features, weights=None):
        """{layer: its statistics} of the features of pictures. weights: {layer: how much each position counts}."""
        weights = weights or {}
        return {layer: STATISTICS[self.statistic](features[layer], weights.get(layer)) for layer in STYLE_LAYERS}

    def parts(self, picture, features, target):
        """(J_content, J_style, J_variation) of pictures (n, H, W, 3) with these features, their means, float32 scalars.

        target: as `target` gives it.
        """
        weights = target["weights"]
        content = relative(
            ops.cast(features[CONTENT_LAYER], "float32"), target["content"], weights.get(CONTENT_LAYER, 1.0)
        )
        style = 0.0
        for layer, layer_weight in zip(STYLE_LAYERS, SIMILARITIES[self.similarity], strict=True):
            found = STATISTICS[self.statistic](features[layer], weights.get(layer))
            errors = [relative(one, wanted) for one, wanted in zip(found, target["style"][layer], strict=True)]
            style += layer_weight * sum(errors) / len(errors)
        return content, style, variation(picture)


def layer_weights(features, visible, layers):
    """How much each position of some layers counts, {layer: (1, h, w, 1)}; {} if all count the same."""
    if visible is None:
        return {}
    return {layer: resize(visible, features[layer].shape[2:0:-1])[None, ..., None] for layer in layers}


def blended(styles, seen, statistics, layers):
    """The statistics of styles, blended by their shares: {layer: [arrays]}.

    seen: the features of each; statistics(features, weights) gives those of one.
    """
    found = {layer: [] for layer in layers}
    for style, features in zip(styles, seen, strict=True):
        for layer, values in statistics(features, layer_weights(features, style.part, layers)).items():
            found[layer].append([style.share * ops.convert_to_numpy(value) for value in values])
    return {layer: [sum(parts) for parts in zip(*values, strict=True)] for layer, values in found.items()}


def relative(found, wanted, weights=1.0):
    """The squared error of `found`, (n, ...), divided by the energy of `wanted`: the mean over n, a float32 scalar."""
    axes = tuple(range(1, len(wanted.shape)))
    energy = ops.sum(ops.multiply(weights, ops.square(wanted)), axis=axes)
    error = ops.sum(ops.multiply(weights, ops.square(ops.subtract(found, wanted))), axis=axes)
    return ops.mean(error / (energy + keras.config.epsilon()))


def variation(picture):
    """The mean squared difference of pixels to the one below and to the one on the right, of pictures (n, H, W, 3)."""
    return 2 * ops.mean(ops.square(ops.conv(picture, _neighbours(), padding="valid")))


def _neighbours():
    """The kernel that computes the differences; a convolution takes a sixth of the time of slices."""
    kernel = np.zeros((2, 2, 3, 6), np.float32)
    for channel in range(3):
        kernel[0, 0, channel, [channel, 3 + channel]] = -1
        kernel[1, 0, channel, channel] = kernel[0, 1, channel, 3 + channel] = 1
    return kernel
