"""Check files of weights from strangers: refuse all that hold more than a network's numbers, before Keras reads them.

Our own code builds every network, so a file needs no layers, functions or links. Whoever adds some wants Keras to run
them, to read other files of ours, or to use up our memory.
"""

import io
import json
import math
import re
import stat
import zipfile
from contextlib import contextmanager
from itertools import islice

import h5py
import keras

from utils import shown

MEMBERS = ("metadata.json", "config.json", "model.weights.h5")  # all that Keras writes into a .keras archive
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
FILTERS = {1, 2, 3, 32000}  # gzip, shuffle, checksums, LZF; for any other, HDF5 would load a library of this machine
NUMBER = 32  # bytes in a file for each number of a network: float64, and three times that for Adam's state
ROOM = 2**24  # bytes for everything but the numbers
MOST_INFLATED = 200  # times the packed size; numbers hardly shrink in an archive, a bomb grows a thousandfold
MOST_PLACES = 20_000  # groups and datasets; MobileNetV2 with its optimizer has a thousand
MOST_ATTRIBUTES = 1000  # of each group or dataset
MOST_TEXT = 2**30  # bytes of memory for reading attributes

# What a configuration may name besides the network's layers: none of it does anything before training.
PARTS = (keras.initializers, keras.regularizers, keras.constraints, keras.optimizers, keras.losses, keras.metrics)
HARMLESS = {name for part in (*PARTS, keras.optimizers.schedules) for name in dir(part)}
HARMLESS |= {"Model", "Functional", "Policy", "DTypePolicy", "__keras_tensor__"}


class Refused(Exception):
    """The file is refused. The message says why and follows the file's name."""


def check_weights(file, network):
    """Refuse a file that holds, or claims to hold, anything but numbers for a network."""
    room = ROOM + NUMBER * sum(math.prod(weight.shape) for weight in network.weights)
    with _plain_words():
        size = file.stat().st_size
        if size > room:
            raise Refused(f"is {size:,} bytes long, far more than its network has numbers for")
        if file.suffix == ".keras":
            _check_archive(file, network, room)
        elif file.suffix in (".h5", ".hdf5"):
            _check_numbers(file, size, network, room)
        else:
            raise Refused("ends neither in .keras nor in .h5")


@contextmanager
def _plain_words():
    """Turn the many kinds of errors that zipfile and h5py raise for a malicious file into our own."""
    try:
        yield
    except (Refused, MemoryError):
        raise
    except Exception as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise Refused(f"is damaged ({shown(reason, 70)})") from None


def _check_kind(start, kind):
    """Refuse content whose first bytes do not fit its kind, "zip archive" or "HDF5 file"."""
    if re.match(rb"\x80[\x00-\x05]", start):
        raise Refused("is pickled content, which could run code")
    if not start.startswith({"zip archive": b"PK", "HDF5 file": b"\x89HDF"}[kind]):
        raise Refused(f"is not the {kind} that its name promises")


# ---------------------------------------------------------------- .keras


def _check_archive(file, network, room):
    with open(file, "rb") as content:
        _check_kind(content.read(4), "zip archive")
    with zipfile.ZipFile(file) as bundle:
        entries = {}
        for entry in bundle.infolist():
            if wrong := _wrong_member(entry, entries, room):
                raise Refused(f"holds {shown(entry.orig_filename, 40)}, {wrong}")
            entries[entry.orig_filename] = entry
        if "model.weights.h5" not in entries:
            raise Refused("holds no model.weights.h5")
        if "config.json" in entries:
            _check_config(bundle.read("config.json"), network)
        numbers = io.BytesIO(bundle.read("model.weights.h5"))
    _check_numbers(numbers, entries["model.weights.h5"].file_size, network, room, legacy=False)


def _wrong_member(entry, earlier, room):
    """Describe what is wrong with a member of the archive, or return None."""
    name, size = entry.orig_filename, entry.file_size
    wrong = {
        "which Keras never writes": name not in MEMBERS,
        "which is there twice": name in earlier,
        "which is a link": stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG),
        "which needs a password": entry.flag_bits & 1,
        "which is packed in a way that Keras does not use": entry.compress_type not in PACKINGS,
        f"which would grow to {size:,} bytes": size > min(room, MOST_INFLATED * entry.compress_size),
        f"which has {size:,} bytes": name.endswith(".json") and size > ROOM,
    }
    return next((words for words, is_so in wrong.items() if is_so), None)


# ---------------------------------------------------------------- configurations


def _check_config(text, network):
    """Refuse a configuration (JSON) that names anything the network does not have: layers, functions, classes."""
    try:
        waiting = [json.loads(text)]
    except RecursionError:
        raise Refused("nests its layers too deeply") from None
    own = HARMLESS | {type(layer).__name__ for layer in network.layers}
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict) and "class_name" in part and not _is_known(part, own):
            named = shown(part["class_name"], 40)
            raise Refused(f"holds {named}, which its network does not have and which could run code")
        waiting += part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()


def _is_known(part, own):
    """Whether an object's class is one of those in `own`, and Keras's own."""
    name, module = part["class_name"], part.get("module") or "keras"  # older files name no module
    is_keras = isinstance(module, str) and module.split(".")[0] == "keras"
    return isinstance(name, str) and name in own and is_keras and part.get("registered_name") in (None, name)


# ---------------------------------------------------------------- HDF5


def _check_numbers(content, size, network, room, legacy=None):
    """Check an HDF5 file: a path, or bytes in memory.

    legacy: whether it may have the layout of Keras 2; None: its name decides.
    """
    if isinstance(content, io.BytesIO):
        _check_kind(content.getvalue()[:4], "HDF5 file")
    else:
        legacy = not content.name.endswith("weights.h5")
        with open(content, "rb") as start:
            _check_kind(start.read(4), "HDF5 file")
    with h5py.File(content, "r") as file:
        claimed = stored = strings = 0
        for place in _places(file):
            strings = max(strings, _strings(place))
            if isinstance(place, h5py.Dataset):
                claimed += _claimed(place)
                stored += place.id.get_storage_size()
        # All strings of an attribute may be the same one of many megabytes, which would be read again for each.
        if strings * (size - stored) > MOST_TEXT:
            raise Refused("holds attributes that would fill the memory")
        if max(claimed, _read_by_names(file) if legacy else 0) > room:
            raise Refused(f"claims {claimed:,} bytes, far more than its network has numbers for")
        for name in ("model_config", "training_config"):
            if name in file.attrs:
                _check_config(file.attrs[name], network)


def _places(file):
    """Yield all groups and datasets once each; refuse links that lead out of the file or in a circle."""
    seen, waiting = set(), [file["/"]]
    while waiting:
        place = waiting.pop()
        address = h5py.h5o.get_info(place.id).addr
        if address in seen:
            raise Refused(f"holds {shown(place.name, 40)} a second time, through a link")
        seen.add(address)
        inside = len(place) if isinstance(place, h5py.Group) else 0
        if len(seen) + len(waiting) + inside > MOST_PLACES:
            raise Refused(f"holds more than {MOST_PLACES:,} groups and datasets")
        yield place
        waiting += [_child(place, name) for name in place] if inside else []


def _child(group, name):
    """The member of a group with that name, which must not be a link."""
    if group.get(name, getclass=True, getlink=True) is not h5py.HardLink:
        raise Refused(f"holds {shown(name, 40)}, a link")
    child = group[name]
    if not isinstance(child, (h5py.Group, h5py.Dataset)):
        raise Refused(f"holds {shown(name, 40)}, which is not numbers")
    return child


def _claimed(data):
    """How many bytes reading a dataset takes. It must be plain numbers that lie in the file itself."""
    plan = data.id.get_create_plist()
    filters = {plan.get_filter(place)[0] for place in range(plan.get_nfilters())}
    wrong = {
        "which lies in another file": data.is_virtual or data.external,
        "which is not numbers": data.shape is None or not (data.dtype.kind in "fiub" or data.dtype == "V2"),  # bfloat16
        "which is packed in a way that Keras does not use": filters - FILTERS,
    }
    for words, is_so in wrong.items():
        if is_so:
            raise Refused(f"holds {shown(data.name, 40)}, {words}")
    # Packed data is unpacked by whole chunks, which may be larger than the dataset.
    return max(math.prod(data.shape), math.prod(data.chunks or ())) * data.dtype.itemsize


def _strings(place):
    """The most strings in one attribute of a group or dataset. Attributes may hold text and numbers only."""
    names = place.attrs if len(place.attrs) <= MOST_ATTRIBUTES else None
    if names is None:
        raise Refused(f"holds {shown(place.name, 40)}, which has more than {MOST_ATTRIBUTES:,} attributes")
    kinds = [names.get_id(name) for name in names]
    for kind in kinds:
        if not (kind.dtype.kind in "fiubSU" or h5py.check_string_dtype(kind.dtype)):
            raise Refused(f"holds {shown(place.name, 40)}, which has an attribute that is neither text nor number")
    return max((math.prod(kind.shape or ()) for kind in kinds if kind.dtype.kind == "O"), default=0)


def _read_by_names(file):
    """How many bytes Keras reads from a file in Keras 2's layout, which lists what to read, perhaps many times."""
    top = file["model_weights"] if "layer_names" not in file.attrs and "model_weights" in file else file
    groups = [top[name] for name in _listed(top, "layer_names")]
    groups += [top["top_level_model_weights"]] if "top_level_model_weights" in top else []
    numbers = ((group, name) for group in groups for name in _listed(group, "weight_names"))
    return sum(_claimed(group[name]) for group, name in islice(numbers, MOST_PLACES))


def _listed(group, kind):
    """The names that a group lists in the attribute `kind`, or, if there are many, in <kind>0, <kind>1 and so on."""
    pieces = [name for name in group.attrs if re.fullmatch(rf"{kind}\d*", name)]
    names = [name for piece in pieces for name in group.attrs[piece]]
    if len(set(names)) < len(names):
        raise Refused("lists the same numbers many times")
    return names
