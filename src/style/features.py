"""The networks that a painting is judged by: VGG19 (Simonyan and Zisserman), cut after the last layer that is needed,
and a thin one that has learnt from it to see the same.
"""

import warnings

import keras

from saved import load_network
from utils import ROOT, UserError, shown
from vgg import THIN, vgg

STYLE_LAYERS = tuple(f"block{block}_conv1" for block in (1, 2, 3, 4, 5))
CONTENT_LAYER = "block4_conv2"
LAYERS = (*STYLE_LAYERS, CONTENT_LAYER)
MINI = ROOT / "model/mini.keras"
LEAST_SIDE = 16  # px, of a picture; four times its size is halved before the last layer
WEIGHTS_FILE = "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"  # what Keras downloads


def vgg19(weights=None, dtype="float32"):
    """A frozen VGG19; `weights` is a file of them, or None for those that Keras downloads once."""
    network, source = vgg(LAYERS, dtype), _with_weights(weights)
    for layer in network.layers:
        if layer.weights:
            layer.set_weights(source.get_layer(layer.name).get_weights())
    network.trainable = False  # as an argument of keras.Model this would not freeze anything
    return network


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


def mini(weights=None, dtype="float32"):
    """A frozen thin network; `weights` is a file that distill.py wrote, or None for the one that ships with us."""
    network, _ = load_network("--vgg_weights", weights or MINI, THIN, dtype)
    network.trainable = False
    return network


NETWORKS = {"vgg19": vgg19, "mini": mini}
