"""Networks on disk: ours, weights in a .keras or .h5 file and beside it the record that explains them, and Keras's."""

import math
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
    """The record of a network lies beside it, with the ending .json."""
    return Path(model).with_suffix(".json")


def reserve(place, variables):
    """Let the disk say now that it has no room for some variables: if HDF5 hears it, the whole process dies of it."""
    try:
        with open(place, "wb") as file:
            for variable in variables:
                file.write(bytes(4096 + 4 * math.prod(variable.shape)))
    finally:
        Path(place).unlink(missing_ok=True)


def save_network(target, network, record):
    """Write a network and its record, each whole; the record comes last, so that it never describes an older file."""
    with whole_file(target) as temporary:
        reserve(temporary, network.weights)
        network.save(temporary)
    write_json(record_path(target), record)


def build_network(networks, record, dtype="float32"):
    """The untrained network that a record describes, of {name: function that builds it}."""
    return networks[record["network"]](dtype=dtype, **record["network_options"])


def load_network(option, model, networks, dtype="float32"):
    """Read the network that an option names, and its record: (keras.Model, dict).

    The network is built by our own code from what the record says, and the file gives numbers only: whatever
    else a stranger's file holds is never run.
    """
    model = Path(model)
    if not model.is_file():
        raise UserError(f"{option}={shown(model)} does not exist; train one or name another")
    record = read_record(option, model, networks)
    try:
        network = build_network(networks, record, dtype)
        fill(network, model)
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


def fill(network, file):
    """Give a network the numbers in a file, and take nothing else from it."""
    check_weights(Path(file), network)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # Keras only warns of layers that it leaves untrained
        network.load_weights(file)


def short_reason(error):
    """What an error says, short enough to be part of our line."""
    return shown(str(error).partition("\n")[0] or type(error).__name__, 60)


def copy_layers(network, option, model, networks):
    """Give a network the weights of the one that an option names, wherever layers have the same name and shape."""
    other, _ = load_network(option, model, networks)
    layers = {layer.name: layer for layer in other.layers if layer.weights}
    taken = 0
    for layer in network.layers:
        source = layers.get(layer.name)
        if source and [weight.shape for weight in source.weights] == [weight.shape for weight in layer.weights]:
            layer.set_weights(source.get_weights())
            taken += 1
    if not taken:
        raise UserError(f"{option}={shown(model)} has no layer of this network; leave it out, or name another")
    print(f"{taken} layers begin as in {shown(Path(model).name)}")


def published(option, name, weights, file, side=None):
    """Keras's own network of that name in keras.applications, without its top, with the weights it is published with.

    weights: a file of them that the option names, or None: Keras downloads `file` once. side: of the square pictures
    that the weights are for; None: any.
    """
    if weights and not Path(weights).is_file():
        raise UserError(f"{option}={shown(weights)} does not exist; name a file of the weights of {name}")
    shape = side and (side, side, 3)
    try:
        application = getattr(keras.applications, name)
        network = application(weights=None if weights else "imagenet", include_top=False, input_shape=shape)
        if weights:
            fill(network, weights)
        return network
    except Refused as error:
        raise UserError(
            f"{option}={shown(weights)} is refused: it {error}; name a file of the weights of {name}"
        ) from None
    except Exception as error:  # of no narrower kind where a download fails
        said = short_reason(error)
    if weights:
        raise UserError(f"{option}={shown(weights)} holds no weights of {name} without its top ({said}); name another")
    raise UserError(
        f"the weights of {name} could not be downloaded; copy ~/.keras/models/{file} from a machine where "
        f"Keras could, and give {option}=<that file>"
    )


def give_weights(layers, source):
    """Give each of some layers the weights that the layer of its name has in another network."""
    for layer in layers:
        if layer.weights:
            layer.set_weights(source.get_layer(layer.name).get_weights())


def read_record(option, model, networks):
    """The record beside a network that is one of {name: ...}."""
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
