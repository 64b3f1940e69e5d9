"""The segmentation networks by name: how a record describes one, how it is built and read."""

import inspect

import saved
from segmentation.architectures import conv_deconv, fcn_vgg16, mobilenetv2_unet, thin_unet, unet, unet_large

NETWORKS = {
    function.__name__: function for function in (unet, thin_unet, unet_large, fcn_vgg16, mobilenetv2_unet, conv_deconv)
}


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
    return saved.load_network("--model", model, NETWORKS)
