"""The networks that judge paintings: VGG19 (Simonyan and Zisserman), and a thin one that learnt from it."""

import keras
import numpy as np

from networks.decoder import CELL
from networks.saved import give_weights, load_network, published
from networks.vgg import THIN, vgg
from style.matching import LAYERS as MATCHED
from utils import ROOT, UserError, shown

STYLE_LAYERS = tuple(f"block{block}_conv1" for block in (1, 2, 3, 4, 5))
CONTENT_LAYER = "block4_conv2"
LAYERS = (*STYLE_LAYERS, CONTENT_LAYER)
MINI = ROOT / "model/mini.keras"
LEAST_SIDE = 16  # px, of a picture; four times its size is halved before the last layer
WEIGHTS_FILE = "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"  # what Keras downloads


def vgg19(weights=None, dtype="float32"):
    """A frozen VGG19; `weights` is a file of them, or None for those that Keras downloads once."""
    network = vgg(LAYERS, dtype)
    give_weights(network.layers, published("--vgg_weights", "VGG19", weights, WEIGHTS_FILE))
    network.trainable = False  # as an argument of keras.Model this would not freeze anything
    return network


def mini(weights=None, dtype="float32"):
    """A frozen thin network; `weights` is a file that distill.py wrote, or None for the one that ships with us."""
    network = _thin(weights, dtype)
    return keras.Model(network.inputs[0], {layer: network.output[layer] for layer in LAYERS})


def instant(weights=None, dtype="float32"):
    """A frozen thin network, and the decoder that learnt with it; `weights` as for `mini`.

    The network gives its features as float32, averaged over the cells of the grid. The decoder takes vectors
    (n, h, w, numbers) and sketches (n, 4 h, 4 w, 3), and gives pictures (n, 4 h, 4 w, 3).
    """
    network = _thin(weights, dtype)
    if "drawn" not in network.output:
        raise UserError(f"--vgg_weights={shown(weights)} has no decoder; name a network that distill.py taught to draw")
    encoder = _on_grid(seen_by(network, MATCHED))
    decoder = keras.Model(network.inputs[1:], network.output["drawn"])
    if keras.backend.backend() == "tensorflow":
        _compile(encoder, decoder)
    return encoder, decoder


def _compile(encoder, decoder):
    """Let both networks compute two sizes, and so every other size in the same way.

    TensorFlow compiles once for the first size and once more for all others, which differs in rounding. A painting
    would depend on what was painted before.
    """
    for cells in (8, 16):
        picture = np.zeros((1, CELL * cells, CELL * cells, 3), np.float32)
        encoder.predict_on_batch(picture)
        vectors = np.zeros((1, cells, cells, decoder.inputs[0].shape[-1]), np.float32)
        decoder.predict_on_batch([vectors, picture])


def _on_grid(network):
    """The network with features that are averaged where there are several cells for a cell of the grid."""
    found = {}
    for layer, (cells, _) in MATCHED.items():
        pool = keras.layers.AveragePooling2D(max(1, int(cells)), name=f"{layer}_on_grid", dtype="float32")
        found[layer] = pool(network.output[layer])
    return keras.Model(network.inputs[0], found)


def _thin(weights, dtype):
    network, _ = load_network("--vgg_weights", weights or MINI, THIN, dtype)
    if lacking := set(LAYERS) - set(network.output):
        raise UserError(f"--vgg_weights={shown(weights)} has no layer {min(lacking)}; name one that distill.py wrote")
    network.trainable = False
    return network


NETWORKS = {"vgg19": vgg19, "mini": mini}


def seen_by(network, layers):
    """A network that shares the layers of another one, and gives the features of `layers` alone.

    Those of the layers themselves: what `thin` puts behind some of them serves their statistics only.
    """
    if set(layers) <= set(network.output):
        return network
    return keras.Model(network.inputs[0], {layer: network.get_layer(layer).output for layer in layers})
