"""The network that a painting is judged by: VGG19 (Simonyan and Zisserman), cut after the last layer that is needed."""

import warnings

import keras

from utils import UserError, shown

STYLE_LAYERS = tuple(f"block{block}_conv1" for block in (1, 2, 3, 4, 5))
CONTENT_LAYER = "block4_conv2"
LEAST_SIDE = 16  # px, of a picture; four times its size is halved before the last layer
PLAN = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))  # the channels of each block and how many convolutions it has
MEANS = (103.939, 116.779, 123.68)  # ImageNet's mean blue, green and red, which these weights were trained without
WEIGHTS_FILE = "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"  # what Keras downloads


def vgg19(weights=None, dtype="float32"):
    """A frozen VGG19; `weights` is a file of them, or None for those that Keras downloads once."""
    network, source = encoder(PLAN, dtype), _with_weights(weights)
    for layer in network.layers:
        if layer.weights:
            layer.set_weights(source.get_layer(layer.name).get_weights())
    network.trainable = False  # as an argument of keras.Model this would not freeze anything
    return network


def encoder(plan, dtype="float32"):
    """An untrained network of VGG's kind: (n, H, W, 3) in 0..1 to {layer: features after ReLU, (n, h, w, channels)}.

    Pictures have LEAST_SIDE pixels or more each way. It ends with the last layer that style and content need.
    """
    picture = keras.Input((None, None, 3), dtype="float32")
    x, found = Preprocessing(dtype="float32")(picture), {}
    for block, (channels, count) in enumerate(plan, 1):
        for number in range(1, count + 1):
            name = f"block{block}_conv{number}"
            x = keras.layers.Conv2D(channels, 3, padding="same", activation="relu", name=name, dtype=dtype)(x)
            if name in (*STYLE_LAYERS, CONTENT_LAYER):
                found[name] = x
            if len(found) == len(STYLE_LAYERS) + 1:
                return keras.Model(picture, found)
        x = keras.layers.MaxPooling2D(dtype=dtype)(x)


def _with_weights(weights):
    """Keras's own VGG19 with the weights of a file or with the downloaded ones."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # Keras only warns of layers that it leaves untrained
            return keras.applications.VGG19(weights=str(weights or "imagenet"), include_top=False)
    except Exception as error:  # of no narrower kind where a download fails
        said = shown(str(error).partition("\n")[0] or type(error).__name__, 100)
    if weights:
        raise UserError(f"--vgg_weights={shown(weights)} holds no weights of VGG19 without its top ({said})")
    raise UserError(
        "the weights of VGG19 could not be downloaded; on a machine that is online let Keras do it, "
        f"copy ~/.keras/models/{WEIGHTS_FILE} from there and give --vgg_weights=<that file>"
    )


class Preprocessing(keras.layers.Layer):
    """RGB in 0..1 as the blue, green and red in 0..255, less their means, that VGG19 was trained on."""

    def call(self, picture):
        return keras.ops.flip(picture, axis=-1) * 255.0 - keras.ops.convert_to_tensor(MEANS, "float32")


NETWORKS = {"vgg19": vgg19}
