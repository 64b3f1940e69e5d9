"""The segmentation networks by name: how a record describes one, how it is built, read, and given a learnt encoder."""

import inspect
from typing import NamedTuple

import keras

from networks import saved
from segmentation.architectures import (
    MOBILE_LAST,
    POOLS,
    conv_deconv,
    fcn_vgg16,
    mobilenetv2_unet,
    thin_unet,
    unet,
    unet_large,
)
from segmentation.layouts import LAYOUTS
from utils import UserError, shown

NETWORKS = {
    function.__name__: function for function in (unet, thin_unet, unet_large, fcn_vgg16, mobilenetv2_unet, conv_deconv)
}


class Encoder(NamedTuple):
    """The part of a network that Keras has weights for."""

    application: str  # whose it is: a name in keras.applications
    last: str  # the layer that it ends with
    file: str  # what Keras downloads, for pictures of `side`
    frozen: bool = False  # whether the published network does not train it
    blue_first: str | None = None  # the layer whose kernel Keras has for blue, green and red


ENCODERS = {
    "fcn_vgg16": Encoder(
        "VGG16", POOLS[-1], "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5", blue_first="block1_conv1"
    ),
    "mobilenetv2_unet": Encoder(
        "MobileNetV2", MOBILE_LAST, "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_{side}_no_top.h5", frozen=True
    ),
}
MOMENTUM = 0.9  # of what a batch normalisation remembers, step by step, where an encoder begins without weights
MOST_SIDE = 4096  # px; what says that it sees more is no network of ours
SIDES = (96, 128, 160, 192, 224)  # px, that Keras has weights of MobileNetV2 for; VGG16's are for any


def describe(network, **options):
    """What a record says of a network, {"network", "network_options"}: its name and those options that it has.

    An option that is None gets the network's own default.
    """
    takes = inspect.signature(NETWORKS[network]).parameters
    given = {name: value for name, value in options.items() if name in takes}
    own = {name: takes[name].default if value is None else value for name, value in given.items()}
    return {"network": network, "network_options": own}


def build(record, dtype="float32"):
    """The untrained network that a record describes."""
    return saved.build_network(NETWORKS, record, dtype)


def load_network(model):
    """Read the network that --model names, and its record: (keras.Model, dict)."""
    network, record = saved.load_network("--model", model, NETWORKS)
    layout = LAYOUTS.get(record.get("data", {}).get("layout"))
    if layout and layout.outputs != network.output_shape[-1]:  # or the mirror of that layout would not fit its scores
        record_name = shown(saved.record_path(model).name)
        raise UserError(f"--model={shown(model)}: {record_name} names a layout of other classes; copy both again")
    return network, record


# ---------------------------------------------------------------- encoders


def load_encoder(network, weights="imagenet"):
    """Let the encoder of an untrained network begin with what it learnt elsewhere; then `freeze_encoder`.

    weights: "imagenet", which Keras downloads once; "none"; or a file of Keras's own, without the top. A network
    without such an encoder stays as it is. Building a network never asks for these, so that reading one does not.
    """
    encoder = ENCODERS.get(network.name)
    if encoder and str(weights) != "none":
        source = _published(encoder, network, None if str(weights) == "imagenet" else weights)
        saved.give_weights(_encoder_layers(network), source)
        if encoder.blue_first:
            _turn_colours(network.get_layer(encoder.blue_first))
    elif not encoder and str(weights) not in ("imagenet", "none"):
        raise UserError(
            f"--encoder_weights={shown(weights)} is for {' or '.join(ENCODERS)}; leave it out with "
            f"--network={network.name}"
        )
    freeze_encoder(network, weights)


def freeze_encoder(network, weights="imagenet"):
    """Say whether the encoder trains: not where the published one does not, unless it begins without `weights`.

    Then its batch normalisations have hundreds of steps to learn what they see: at the pace that was made for ImageNet
    they would be at their beginning still when the training ends, and the network would be right in training alone.
    It is for a run that goes on, whose weights come from its own files; a network is built as it was published.
    Call it before compile.
    """
    encoder = ENCODERS.get(network.name)
    if encoder and encoder.frozen:
        for layer in _encoder_layers(network):
            layer.trainable = str(weights) == "none"
            if layer.trainable and isinstance(layer, keras.layers.BatchNormalization):
                layer.momentum = MOMENTUM


def _published(encoder, network, file):
    """The encoder as Keras has it, with the weights of a file or, where that is None, with those of ImageNet."""
    side = next((side for side in SIDES if side >= network.input_shape[1]), SIDES[-1])
    try:
        return saved.published("--encoder_weights", encoder.application, file, encoder.file.format(side=side), side)
    except UserError as error:
        if file:
            raise
        raise UserError(f"--encoder_weights=imagenet: {error}, or --encoder_weights=none") from None


def _encoder_layers(network):
    """All layers up to the encoder's last."""
    last = network.get_layer(ENCODERS[network.name].last)
    return keras.Model(network.input, last.output).layers


def _turn_colours(convolution):
    """Turn a kernel for blue, green and red into one for red, green and blue."""
    kernel, *rest = convolution.get_weights()
    convolution.set_weights([kernel[:, :, ::-1], *rest])
