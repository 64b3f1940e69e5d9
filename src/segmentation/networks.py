"""The segmentation networks by name: how a record's network is built and read."""

import saved
from segmentation.architectures import thin_unet, unet

NETWORKS = {"unet": unet, "thin_unet": thin_unet}


def build(record, dtype="float32"):
    """The untrained network that a record describes."""
    return saved.build_network(NETWORKS, record, dtype)


def load_network(model):
    """Read the network that --model names, and its record: (keras.Model, dict)."""
    return saved.load_network("--model", model, NETWORKS)
