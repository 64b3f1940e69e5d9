"""The network that a painting is judged by: VGG19 (Simonyan and Zisserman), cut after the last layer that is needed."""

import keras
import numpy as np

from utils import UserError, shown

STYLE_LAYERS = tuple(f"block{block}_conv1" for block in (1, 2, 3, 4, 5))
CONTENT_LAYER = "block4_conv2"
PLAN = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))  # the channels of each block and how many convolutions it has
MEANS = (103.939, 116.779, 123.68)  # ImageNet's mean blue, green and red, which these weights were trained without
UNREADABLE = (OSError, ValueError, LookupError, TypeError, EOFError, AttributeError)


def vgg19(weights=None, dtype="float32"):
    """A frozen VGG19: pictures (n, H, W, 3) in 0..1 to {layer: features after ReLU (n, h, w, channels)}.

    `weights` is a file of them, or None for those that Keras downloads once. The pictures are at least 16 px wide and high.
    """
    source = _with_weights(weights)
    picture = keras.Input((None, None, 3), dtype="float32")
    x, found = _Preprocessing(dtype="float32")(picture), {}
    for block, (channels, count) in enumerate(PLAN, 1):
        for number in range(1, count + 1):
            name = f"block{block}_conv{number}"
            x = keras.layers.Conv2D(channels, 3, padding="same", activation="relu", name=name, dtype=dtype)(x)
            if name in (*STYLE_LAYERS, CONTENT_LAYER):
                found[name] = x
            if len(found) == len(STYLE_LAYERS) + 1:
                return _freeze(keras.Model(picture, found, name="vgg19"), source)
        x = keras.layers.MaxPooling2D(dtype=dtype)(x)


def _freeze(network, source):
    """Take the weights from another network's layers of the same names, for good."""
    for layer in network.layers:
        if layer.weights:
            layer.set_weights(source.get_layer(layer.name).get_weights())
    network.trainable = False  # as an argument of keras.Model this would not freeze anything
    return network


def _with_weights(weights):
    """Keras's own VGG19 with the weights of a file or with the downloaded ones."""
    try:
        return keras.applications.VGG19(weights=str(weights or "imagenet"), include_top=False)
    except UNREADABLE as error:
        said = shown(str(error).partition("\n")[0] or type(error).__name__, 100)
        if weights:
            raise UserError(
                f"--vgg_weights={shown(weights)} holds no weights of VGG19 without its top ({said})"
            ) from None
        raise UserError(
            "the weights of VGG19 could not be downloaded; fetch Keras's vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5 "
            "elsewhere and name it with --vgg_weights=<file>, or put it into ~/.keras/models"
        ) from None


@keras.saving.register_keras_serializable("nst")
class _Preprocessing(keras.layers.Layer):
    """RGB in 0..1 as the blue, green and red in 0..255, less their means, that VGG19 was trained on."""

    def call(self, picture):
        return picture[..., ::-1] * 255.0 - np.float32(MEANS)


NETWORKS = {"vgg19": vgg19}
