"""The machine: its devices, the precision that is faster on it, its memory, and the versions of what runs on it."""

import platform
import time
from contextlib import suppress
from pathlib import Path

import keras
import numpy as np
import psutil

from utils import UserError

POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}  # what Keras calls each precision in training
# For each pixel; at 2048 x 1364 3,560, 3,280, 900 and 700 were seen.
PAINTING_BYTES = {"vgg19": {"float32": 4000, "bfloat16": 3600}, "mini": {"float32": 1000, "bfloat16": 800}}
BASE_BYTES = 1 << 30  # that it takes besides
GROUP = Path("/sys/fs/cgroup")  # where Linux tells of this container
GAIN = 1.2  # bfloat16 must be this much faster than float32 to be worth its rounding


def accelerators():
    """The names of the GPUs and TPUs that the backend sees, a list that may be empty."""
    return [name for kind in ("gpu", "tpu") for name in _devices(kind)]


def _devices(kind):
    if keras.backend.backend() == "torch":  # which Keras does not ask for its devices
        import torch

        return [f"gpu:{number}" for number in range(torch.cuda.device_count())] if kind == "gpu" else []
    try:
        return keras.distribution.list_devices(kind)
    except (RuntimeError, NotImplementedError):  # JAX raises where it has no such device
        return []


def use_xla():
    """Whether to compile by XLA: it gains on accelerators and is how JAX works; TensorFlow is slower by it on a CPU."""
    return bool(accelerators()) or keras.backend.backend() == "jax"


def choose_precision(wanted):
    """The precision wanted, float32 or bfloat16; for "auto" the one that trains faster here, measured in a second."""
    if wanted != "auto":
        return wanted
    seconds = {precision: _step_seconds(policy) for precision, policy in POLICIES.items()}
    return "bfloat16" if seconds["float32"] > GAIN * seconds["bfloat16"] else "float32"


def _step_seconds(dtype):
    """The least of a few times of one training step of three small convolutions."""
    layers = [keras.layers.Conv2D(64, 3, padding="same", activation="relu", dtype=dtype) for _ in range(3)]
    network = keras.Sequential([keras.Input((64, 64, 64)), *layers])
    network.compile("sgd", "mse", jit_compile=use_xla())
    batch = np.zeros((4, 64, 64, 64), np.float32)
    seconds = []
    for _ in range(4):  # the first one compiles
        started = time.perf_counter()
        network.train_on_batch(batch, batch)
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def is_out_of_memory(error):
    """Whether an exception of any backend says that memory ran out."""
    text = f"{type(error).__name__} {error}"
    return any(
        sign in text
        for sign in ("MemoryError", "ResourceExhausted", "RESOURCE_EXHAUSTED", "OutOfMemory", "out of memory")
    )


def free_memory():
    """The bytes of memory that may still be taken, here and in this container."""
    free = psutil.virtual_memory().available
    with suppress(OSError, ValueError):  # "max" where there is no limit
        limit, used = (int((GROUP / f"memory.{name}").read_text()) for name in ("max", "current"))
        told = dict(line.split() for line in (GROUP / "memory.stat").read_text().splitlines())
        # Files that were read or written count as used until something else needs the room.
        files = int(told["inactive_file"]) + int(told["active_file"])
        free = min(free, limit - used + files)
    return free


def check_memory(pixels, network, precision, side):
    """Refuse to paint so many pixels with a network where they do not fit, before the machine is on its knees."""
    if accelerators():
        return  # they say themselves that they are full, and at once
    need, free = BASE_BYTES + PAINTING_BYTES[network][precision] * pixels, free_memory()
    if need > free:
        fits = int(side * max(0, (free - BASE_BYTES) / (need - BASE_BYTES)) ** 0.5) // 32 * 32
        raise UserError(
            f"--size={side} needs {need / 2**30:.1f} GiB of memory and {free / 2**30:.1f} are free; "
            + (f"--size={fits} fits" if fits >= 64 else "close other programs")
        )


def versions():
    """What made a network or a painting: the versions that could explain a difference."""
    return {
        "python": platform.python_version(),
        "keras": keras.version(),
        "backend": keras.backend.backend(),
        "numpy": np.__version__,
    }
