"""Weights in NumPy's .npz format: <layer>/kernel and <layer>/bias of each layer, read without trusting the file."""

import zipfile
import zlib

import numpy as np

from utils import UserError, shown

UNREADABLE = (OSError, ValueError, LookupError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error, SyntaxError)
KINDS = ("kernel", "bias")
HEADER = 4096  # bytes in a member besides its numbers
READERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


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
        reader = READERS[np.lib.format.read_magic(content)]
        found, by_columns, kind = reader(content, max_header_size=HEADER)
        # NumPy itself would make room for whatever the header promises, before it looks whether it is there.
        fits = found == shape and kind.kind == "f"
        numbers = np.frombuffer(content.read(), kind) if fits else np.array([np.nan])
    if not np.isfinite(numbers).all():
        raise ValueError(f"{name} is not {' x '.join(map(str, shape))} finite numbers")
    return numbers.astype(np.float32).reshape(shape, order="F" if by_columns else "C")
