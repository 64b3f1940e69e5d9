"""The segmentation networks by name: describe, build and read them, and give them a pretrained encoder."""

import inspect
from typing import NamedTuple
from weakref import WeakKeyDictionary

import keras

from networks import saved
from networks.folded import give_folded_weights
from networks.hub import is_preset, preset_folder
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
from segmentation.deeplab import LAST, deeplab
from segmentation.layouts import LAYOUTS, stored_layout
from segmentation.presets import load_segmenter
from utils import UserError, shown

BUILDERS = (unet, thin_unet, unet_large, fcn_vgg16, mobilenetv2_unet, conv_deconv, deeplab)
NETWORKS = {function.__name__: function for function in BUILDERS}


class Encoder(NamedTuple):
    """The part of a network for which Keras publishes weights."""

    application: str  # its name in keras.applications
    last: str  # its last layer
    file: str  # what Keras downloads, for pictures of `side`
    frozen: bool = False  # whether the published network keeps it frozen
    blue_first: str | None = None  # the layer whose published kernel expects blue, green and red


ENCODERS = {
    "fcn_vgg16": Encoder(
        "VGG16", POOLS[-1], "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5", blue_first="block1_conv1"
    ),
    "mobilenetv2_unet": Encoder(
        "MobileNetV2", MOBILE_LAST, "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_{side}_no_top.h5", frozen=True
    ),
}
PUBLISHED_CLASSES = len(LAYOUTS["voc"].classes)  # of FOLDED weights
FOLDED = {"deeplab": LAST}  # networks whose weights come as a .npz file, and the last layer that it fills
MOMENTUM = 0.9  # of the batch normalisations of an encoder that starts without weights
SIDES = (96, 128, 160, 192, 224)  # px for which Keras has weights of MobileNetV2; those of VGG16 fit any size


def describe(network, **options):
    """Describe a network for its record, {"network", "network_options"}, by its name and the options that it takes.

    An option that is None gets the network's own default.
    """
    takes = inspect.signature(NETWORKS[network]).parameters
    given = {name: value for name, value in options.items() if name in takes}
    own = {name: takes[name].default if value is None else value for name, value in given.items()}
    return {"network": network, "network_options": own}


def build(record, dtype="float32"):
    """Build the untrained network that a record describes."""
    return saved.build_network(NETWORKS, record, dtype)


RESIZED = WeakKeyDictionary()  # of each network, the same one at other sizes: {network: {size: network}}


def find_model(model):
    """The file of our network that --model names, or the folder of a preset of KerasHub, downloaded if need be."""
    return preset_folder("--model", model) if is_preset(model) else model


def sent_files(model):
    """The files of our network that --model names, for the workers of a cluster."""
    if is_preset(model):
        raise UserError(f"--model={shown(model)} is a preset, and --cluster sends none; leave one of them out")
    return model, saved.record_path(model)


def load_network(model):
    """Read the network that --model names, and its record: (keras.Model or Preset, dict)."""
    if is_preset(model):
        return load_segmenter("--model", find_model(model))
    network, record = saved.load_network("--model", model, NETWORKS)
    layout = stored_layout(record.get("data", {}).get("layout"), record.get("class_names", ()))
    if layout and layout.outputs != network.output_shape[-1]:  # the layout's swap of left and right must fit the logits
        record_name = shown(saved.record_path(model).name)
        raise UserError(f"--model={shown(model)}: {record_name} names a layout with other classes; copy both again")
    return network, record


def at_size(network, record, size):
    """The same network for squares of another side, and its record. It is built once."""
    record = record | {"network_options": record["network_options"] | {"size": size}}
    sizes = RESIZED.setdefault(network, {})
    if size not in sizes:
        sizes[size] = build(record)
        sizes[size].set_weights(network.get_weights())
    return sizes[size], record


# ---------------------------------------------------------------- encoders


def load_encoder(network, weights="imagenet"):
    """Give the encoder of an untrained network published weights, and then `freeze_encoder`.

    weights: "imagenet" (Keras downloads them once), "none", or a file of Keras's weights without the top. A network
    without such an encoder stays as it is. Building or reading a network never needs these weights.
    """
    encoder = ENCODERS.get(network.name)
    if network.name in FOLDED:
        _load_folded(network, weights)
    elif encoder and str(weights) != "none":
        source = _published(encoder, network, None if str(weights) == "imagenet" else weights)
        saved.give_weights(encoder_layers(network), source)
        if encoder.blue_first:
            _turn_colours(network.get_layer(encoder.blue_first))
    elif not encoder and str(weights) not in ("imagenet", "none"):
        raise UserError(
            f"--encoder_weights={shown(weights)} is for {' or '.join((*ENCODERS, *FOLDED))}; leave it out with "
            f"--network={network.name}"
        )
    freeze_encoder(network, weights)


def freeze_encoder(network, weights="imagenet"):
    """Freeze the encoder if the published network does, unless it starts without `weights` and must learn.

    In that case its batch normalisations get a shorter memory. With the momentum meant for ImageNet, their averages
    would hardly move during our short trainings, and the network would work in training mode only.
    Call this before compile, also for a run that continues.
    """
    encoder = ENCODERS.get(network.name)
    if encoder and encoder.frozen:
        for layer in encoder_layers(network):
            layer.trainable = str(weights) == "none"
            if layer.trainable and isinstance(layer, keras.layers.BatchNormalization):
                layer.momentum = MOMENTUM


def _published(encoder, network, file):
    """The encoder as keras.applications has it, with the weights in a file, or ImageNet's if that is None."""
    side = next((side for side in SIDES if side >= network.input_shape[1]), SIDES[-1])
    try:
        return saved.published("--encoder_weights", encoder.application, file, encoder.file.format(side=side), side)
    except UserError as error:
        if file:
            raise
        raise UserError(f"--encoder_weights=imagenet: {error}, or --encoder_weights=none") from None


def encoder_layers(network):
    """All layers up to the encoder's last: those that published weights fill. [] if the network has no encoder."""
    lasts = {name: encoder.last for name, encoder in ENCODERS.items()} | FOLDED
    if network.name not in lasts:
        return []
    return keras.Model(network.input, network.get_layer(lasts[network.name]).output).layers


def _load_folded(network, weights):
    """Give the encoder the weights in a .npz file; if the classes are others than in the file, all but the last layer.

    weights: the file, or "none".
    """
    if str(weights) == "imagenet":
        raise UserError(f"--encoder_weights=imagenet is not for --network={network.name}; name its .npz file, or none")
    if str(weights) != "none":
        layers = [layer for layer in encoder_layers(network) if layer.weights]
        *others, last = layers
        own = others if last.output.shape[-1] != PUBLISHED_CLASSES else layers
        give_folded_weights(own, "--encoder_weights", weights)


def _turn_colours(convolution):
    """Turn a kernel for BGR input into one for RGB input."""
    kernel, *rest = convolution.get_weights()
    convolution.set_weights([kernel[:, :, ::-1], *rest])
