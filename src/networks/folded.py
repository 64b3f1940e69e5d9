"""Weights in NumPy's .npz format: <layer>/kernel and <layer>/bias of each layer, read without trusting the file."""

import zipfile
import zlib

import numpy as np

from utils import UserError, shown

UNREADABLE = (OSError, ValueError, LookupError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error, SyntaxError)
KINDS = ("kernel", "bias")
HEADER = 4096  # bytes in a member besides its numbers


def give_folded_weights(layers, option, file):
    """Give layers with a kernel and a bias the weights that an option's file holds for their names, as float32.

    Nothing else in the file is read, and no pickled content.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            for layer in layers:
                layer.set_weights([_numbers(archive, layer, kind) for kind in KINDS])
    except FileNotFoundError:
        raise UserError(f"{option}={shown(file)} does not exist; name the .npz file of the network's weights") from None
    except UNREADABLE as error:
        reason = shown(str(error).partition("\n")[0], 90)
        raise UserError(
            f"{option}={shown(file)} does not hold the network's weights ({reason}); name another file, or none"
        ) from None


def _numbers(archive, layer, kind):
    """The array of one weight, as float32; its size is checked before it is unpacked."""
    name, shape = f"{layer.name}/{kind}", tuple(getattr(layer, kind).shape)
    try:
        member = archive.getinfo(f"{name}.npy")
    except KeyError:
        raise ValueError(f"it has no {name}") from None
    if member.file_size > HEADER + 8 * np.prod(shape):
        raise ValueError(f"{name} has {member.file_size:,} bytes, far too many")
    with archive.open(member) as content:
        numbers = np.lib.format.read_array(content, allow_pickle=False, max_header_size=HEADER)
    if numbers.shape != shape or numbers.dtype.kind != "f" or not np.isfinite(numbers).all():
        raise ValueError(f"{name} is not {' x '.join(map(str, shape))} finite numbers")
    return numbers.astype(np.float32)
