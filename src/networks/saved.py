"""Networks on disk: our own, as a file of weights with a record beside it, and those that Keras publishes."""

import math
import os
import warnings
import zipfile
import zlib
from pathlib import Path

import keras

from files.whole import read_json, whole_file, write_json
from networks.records import MOST_RECORD, find_damage
from networks.trust import Refused, check_weights
from utils import UserError, shown

UNREADABLE = (
    *(OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError, EOFError),
    *(UserWarning, zipfile.BadZipFile, zlib.error),
)


def record_path(model):
    """The path of a network's record: beside it, with the ending .json."""
    return Path(model).with_suffix(".json")


def check_space(place, variables):
    """Fail now if the disk has no room for some variables: if it filled up inside HDF5, the process would crash."""
    try:
        with open(place, "wb") as file:
            for variable in variables:
                file.write(bytes(4096 + 4 * math.prod(variable.shape)))
    finally:
        Path(place).unlink(missing_ok=True)


def save_network(target, network, record):
    """Write a network and then its record, each whole; in this order a record never describes an older file."""
    with whole_file(target) as temporary:
        check_space(temporary, network.weights)
        network.save(temporary)
    write_json(record_path(target), record)


def build_network(networks, record, dtype="float32"):
    """Build the untrained network that a record describes. networks: {name: its builder}."""
    return networks[record["network"]](dtype=dtype, **record["network_options"])


def load_network(option, model, networks, dtype="float32"):
    """Read the network that an option names, and its record: (keras.Model, dict).

    Our own code builds the network from the record, and the file contributes only numbers: whatever else a
    stranger's file holds is never run.
    """
    model = Path(model)
    if not model.is_file():
        raise UserError(f"{option}={shown(model)} does not exist; train one or name another")
    record = read_record(option, model, networks)
    try:
        network = build_network(networks, record, dtype)
        read_weights(network, model)
    except Refused as error:
        raise UserError(
            f"{option}={shown(model)} is refused: it {error}; copy it again from where it was trained, or name another"
        ) from None
    except UNREADABLE as error:
        raise UserError(
            f"{option}={shown(model)} does not fit its record {shown(record_path(model).name, 40)} "
            f"({short_reason(error)}); copy both again from where they were trained"
        ) from None
    return network, record


def read_weights(network, file):
    """Give a network the weights in a file, and take nothing else from it."""
    check_weights(Path(file), network)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # Keras only warns about layers that stay without weights
        network.load_weights(file)


def short_reason(error):
    """The first line of an error, short enough to be part of our own."""
    return shown(str(error).partition("\n")[0] or type(error).__name__, 60)


def copy_layers(network, option, model, networks):
    """Copy weights from the network that an option names into all layers with the same name and shape."""
    other, _ = load_network(option, model, networks)
    layers = {layer.name: layer for layer in other.layers if layer.weights}
    taken = 0
    for layer in network.layers:
        source = layers.get(layer.name)
        if source and [weight.shape for weight in source.weights] == [weight.shape for weight in layer.weights]:
            layer.set_weights(source.get_weights())
            taken += 1
    if not taken:
        raise UserError(f"{option}={shown(model)} shares no layer with this network; leave it out, or name another")
    print(f"{taken} layers start with the weights of {shown(Path(model).name)}")


def published(option, name, weights, file, side=None):
    """A network of keras.applications, without its top, with its published weights.

    weights: a file of weights, named by the option, or None to let Keras download `file` once. side: the side of the
    square pictures that the weights are meant for; None if any size will do.
    """
    if weights and not Path(weights).is_file():
        raise UserError(f"{option}={shown(weights)} does not exist; name a file of the weights of {name}")
    shape = side and (side, side, 3)
    try:
        application = getattr(keras.applications, name)
        network = application(weights=None if weights else "imagenet", include_top=False, input_shape=shape)
        if weights:
            read_weights(network, weights)
        return network
    except Refused as error:
        raise UserError(
            f"{option}={shown(weights)} is refused: it {error}; name a file of the weights of {name}"
        ) from None
    except Exception as error:  # a failed download may raise anything
        reason = short_reason(error)
    if weights:
        raise UserError(
            f"{option}={shown(weights)} holds no weights of {name} without its top ({reason}); name another"
        )
    raise UserError(
        f"the weights of {name} could not be downloaded; copy ~/.keras/models/{file} from a machine where "
        f"Keras could, and give {option}=<that file>"
    )


def downloaded(file):
    """The path of a file of weights that Keras has downloaded, or None."""
    place = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "models" / file
    return place if place.is_file() else None


def between(one, other, share):
    """The weights, [array], that lie `share` of the way from those of one network to those of another."""
    return [start + share * (end - start) for start, end in zip(one, other, strict=True)]


def give_weights(layers, source):
    """Give each layer the weights of the layer with the same name in another network."""
    for layer in layers:
        if layer.weights:
            layer.set_weights(source.get_layer(layer.name).get_weights())


def read_record(option, model, networks):
    """Read and check the record beside a network. networks: {name: its builder}."""
    try:
        record = read_json(record_path(model), MOST_RECORD)
        reason = find_damage(record, networks)
        if not reason:
            return record
    except FileNotFoundError:
        reason = "it is not there"
    except (OSError, ValueError):
        reason = "it is damaged"
    raise UserError(
        f"{option}={shown(model)} needs its record {shown(record_path(model).name, 40)} beside it, and {reason}; "
        "copy it from where the network was trained"
    )
