"""What a good painting is: J, a number that falls as a picture nears the content of one and the style of others.

Each term is divided by the energy of its target, so that the weights mean what they say: the raw errors of Gatys et
al. differ by orders of magnitude from layer to layer. Features are (n, h, w, channels), n mostly 1; where a region is
painted, `weights` (1, h, w, 1) say how much each position counts, and nothing outside of it has any influence.
"""

from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from style.features import CONTENT_LAYER, STYLE_LAYERS

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
    # How the mean moves does not move the covariance, so no gradient goes that way.
    return [mean, _products(flat - ops.stop_gradient(mean), weights)]


def _flat(features, weights):
    """Features as (n, positions, channels) and weights, where given, as (1, positions, 1) with the sum 1, float32."""
    flat = ops.reshape(ops.cast(features, "float32"), (ops.shape(features)[0], -1, features.shape[-1]))
    if weights is not None:
        weights = ops.reshape(weights, (1, -1, 1)) / ops.sum(weights)
    return flat, weights


def _products(flat, weights):
    if weights is None:  # then the features need not be gone over once more: at full size it is felt
        return ops.matmul(_turned(flat), flat) / ops.cast(ops.shape(flat)[1], "float32")
    return ops.matmul(_turned(flat * weights), flat)


def _turned(flat):
    return ops.transpose(flat, (0, 2, 1))


STATISTICS = {"gram": gram, "moments": moments}


@dataclass(frozen=True)
class Objective:
    """J = content_weight * J_content + style_weight * J_style + tv_weight * J_variation."""

    statistic: str = "moments"
    similarity: str = "balanced"
    content_weight: float = 1.0
    style_weight: float = 10.0
    tv_weight: float = 0.0

    def style_of(self, features, weights=None):
        """{layer: its statistics} of a picture's features."""
        return {layer: STATISTICS[self.statistic](features[layer], weights) for layer in STYLE_LAYERS}

    def parts(self, picture, features, target):
        """(J_content, J_style, J_variation) of pictures (n, H, W, 3) with these features, their means, float32 scalars.

        target: {"content": features, "style": {layer: statistics}, "weights": {layer: (1, h, w, 1)}}.
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

    def total(self, content, style, variation):
        """J of its parts."""
        return self.content_weight * content + self.style_weight * style + self.tv_weight * variation


def relative(found, wanted, weights=1.0):
    """The squared error of `found`, (n, ...), over the energy of `wanted`; the mean of the n, a float32 scalar."""
    axes = tuple(range(1, len(wanted.shape)))
    energy = ops.sum(weights * ops.square(wanted), axis=axes)
    return ops.mean(ops.sum(weights * ops.square(found - wanted), axis=axes) / (energy + keras.config.epsilon()))


def variation(picture):
    """The mean squared difference of pixels to the one below and to the one on the right, of pictures (n, H, W, 3)."""
    return 2 * ops.mean(ops.square(ops.conv(picture, _neighbours(), padding="valid")))


def _neighbours():
    """The kernel that makes the differences; as a convolution they take a sixth of the time that slices take."""
    kernel = np.zeros((2, 2, 3, 6), np.float32)
    for channel in range(3):
        kernel[0, 0, channel, [channel, 3 + channel]] = -1
        kernel[1, 0, channel, channel] = kernel[0, 1, channel, 3 + channel] = 1
    return kernel
