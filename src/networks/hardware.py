"""The machine: its devices, its faster precision, its free memory, and the versions of what runs on it."""

import math
import platform
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import keras
import numpy as np
import psutil

from utils import UserError, shown

POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}  # what Keras calls each precision in training
# Bytes for each pixel painted. At 1344 x 895 px, matching, which takes most, took 8,950, 4,900, 2,330 and 1,280.
# Painting without steps took 1.4 GiB in all at 512 x 384 px. At 8660 x 5767 px, in tiles, it took 3.4 GiB.
PAINTING_BYTES = {
    "vgg19": {"float32": 9600, "bfloat16": 5300},
    "mini": {"float32": 2500, "bfloat16": 1400},
    "instant": {"float32": 2200, "bfloat16": 1600},
}
# Bytes for each pixel of a painting of which the network sees a tile at a time, beside the tile; and how much of
# PAINTING_BYTES a pixel of the tile takes.
CANVAS_BYTES = {"vgg19": 165, "mini": 155, "instant": 28}
IN_TILE = 0.6
SEEN_BYTES, IN_SIGHT = 24, 0.4  # the same where it is only seen, without steps,
AT_A_TIME = 2  # while the features of another picture of its kind are kept
INSTANT_TILE = 960**2  # pixels that painting without steps sees or draws at a time
LEAST_TILE = 288**2  # pixels; smaller tiles would be little more than margin
RESERVED = 0.9  # the share of a GPU's memory that TensorFlow can use; it takes it all at the start
# Bytes for each pixel of the photo itself: to put the painting into it, and to find and write a mask. At 54 megapixels.
PHOTO_BYTES = {"painting": 40, "mask": 24}
BASE_BYTES = 1 << 30  # memory that painting takes regardless of the size
TILED_BYTES = 3 << 27  # the same, where it is painted tile by tile
GROUP = Path("/sys/fs/cgroup")  # where Linux describes containers and their limits
OWN_GROUP = Path("/proc/self/cgroup")  # the container of this process
GAIN = 1.2  # bfloat16 must be this much faster than float32 to be worth its rounding errors


def accelerators():
    """The names of the GPUs and TPUs that the backend sees: a list, which may be empty."""
    return [name for kind in ("gpu", "tpu") for name in _devices(kind)]


def _devices(kind):
    if keras.backend.backend() == "torch":  # Keras cannot list torch's devices
        import torch

        return [f"gpu:{number}" for number in range(torch.cuda.device_count())] if kind == "gpu" else []
    try:
        return keras.distribution.list_devices(kind)
    except (RuntimeError, NotImplementedError):  # JAX raises if it has no such device
        return []


def use_xla():
    """Whether to compile with XLA: yes on accelerators and with JAX; on a CPU it makes TensorFlow slower."""
    return bool(accelerators()) or keras.backend.backend() == "jax"


def choose_precision(wanted):
    """The precision to use, float32 or bfloat16. For "auto", measure for a second which one trains faster here."""
    return _faster(_step_seconds) if wanted == "auto" else wanted


def choose_quickly(wanted):
    """As `choose_precision`, but measure for a moment which one computes faster without training."""
    return _faster(_pass_seconds) if wanted == "auto" else wanted


def _faster(seconds_of):
    """The faster precision; seconds_of(policy) measures one."""
    seconds = {precision: seconds_of(policy) for precision, policy in POLICIES.items()}
    return "bfloat16" if seconds["float32"] > GAIN * seconds["bfloat16"] else "float32"


def _pass_seconds(dtype):
    """The shortest of a few times for one small convolution."""
    layer, seconds = keras.layers.Conv2D(128, 3, padding="same", dtype=dtype), []
    batch = np.zeros((1, 96, 96, 128), np.float32)
    for _ in range(4):  # the first pass builds the layer
        started = time.perf_counter()
        float(keras.ops.sum(keras.ops.cast(layer(batch), "float32")))
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def _step_seconds(dtype):
    """The shortest of a few times for one training step of three small convolutions."""
    layers = [keras.layers.Conv2D(64, 3, padding="same", activation="relu", dtype=dtype) for _ in range(3)]
    network = keras.Sequential([keras.Input((64, 64, 64)), *layers])
    network.compile("sgd", "mse", jit_compile=use_xla())
    batch = np.zeros((4, 64, 64, 64), np.float32)
    seconds = []
    for _ in range(4):  # the first step compiles
        started = time.perf_counter()
        network.train_on_batch(batch, batch)
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def free_memory():
    """The bytes of memory that are free: the least that the machine, this process and its containers allow."""
    free = psutil.virtual_memory().available
    with suppress(AttributeError, OSError):  # not all systems have this limit
        process = psutil.Process()
        limit, _ = process.rlimit(psutil.RLIMIT_AS)  # ulimit -v
        free = min(free, limit - process.memory_info().vms if limit >= 0 else free)
    return min([free, *map(_free_in, _groups())])


def _groups():
    """The folders in which Linux describes the containers that this process is in."""
    own = GROUP
    with suppress(OSError, ValueError):
        lines = [line.split(":", 2) for line in OWN_GROUP.read_text().splitlines()]
        own = GROUP / next((path.lstrip("/") for number, _, path in lines if number == "0"), "")
    return [folder for folder in (own, *own.parents) if folder.is_relative_to(GROUP)]


def _free_in(group):
    """The bytes that are free in a container; infinity if it has no limit."""
    try:  # without a limit the file says "max", and int() fails
        limit, used = (int((group / f"memory.{name}").read_text()) for name in ("max", "current"))
        state = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        return math.inf
    # The cache of files counts as used, but Linux frees it as soon as something else needs the memory.
    return limit - used + int(state["inactive_file"]) + int(state["active_file"])


def check_photo(source, pixels, work):
    """Refuse a photo of so many pixels if the work on it, "mask" or "painting", does not fit into memory."""
    need, free = PHOTO_BYTES[work] * pixels, free_memory()
    if need > free:
        fits = int(free / PHOTO_BYTES[work] / 1e6)
        raise UserError(
            f"{shown(source)} needs {need / 2**30:.1f} GiB of memory and {max(0, free) / 2**30:.1f} are free; "
            + (f"make it smaller, {fits} megapixels fit" if fits else "close other programs")
        )


def painting_memory():
    """The bytes that painting may take: those that are free on the accelerator if there is one, or else here."""
    return accelerator_memory() if accelerators() else free_memory()


def accelerator_memory():
    """The bytes that are free on the first accelerator; infinity if it does not say."""
    backend = keras.backend.backend()
    if backend == "torch":
        import torch

        return torch.cuda.mem_get_info()[0]
    if backend == "jax":
        import jax

        told = jax.local_devices()[0].memory_stats() or {}
        return told.get("bytes_limit", math.inf) - told.get("bytes_in_use", 0)
    ask = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    with suppress(OSError, ValueError, IndexError):
        told = subprocess.run(ask, capture_output=True, text=True).stdout.split()
        return RESERVED * int(told[0]) * 2**20
    return math.inf


def painting_room(network):
    """How many pixels a network may see at a time, by the memory that is free now: a function.

    room(pixels, precision): for a painting of so many pixels, all of them, or as many as a tile may have, or 0 if not
    even a small tile fits. room(pixels, precision, steps=False): for a picture that is seen and not painted.
    """
    free = painting_memory()

    def room(pixels, precision, steps=True):
        each = PAINTING_BYTES[network][precision]
        whole, tile, beside = (1, IN_TILE, CANVAS_BYTES[network]) if steps else (IN_SIGHT, IN_SIGHT, SEEN_BYTES)
        most = free if steps else free / AT_A_TIME
        if BASE_BYTES + whole * each * pixels <= most:
            return pixels
        fits = (most - TILED_BYTES - beside * pixels) / (tile * each)
        if steps and fits < LEAST_TILE:
            return 0
        # Few different sizes, so that a little more or less memory gives the same tiles and the same picture.
        return max(LEAST_TILE, int(2 ** (math.floor(4 * math.log2(max(1, fits))) / 4)))

    return room


def check_memory(pixels, network, precision, side):
    """Refuse to paint so many pixels with a network if they do not fit into memory, before the machine swaps.

    At the least they need memory for one small tile beside the canvas.
    """
    each, free = PAINTING_BYTES[network][precision], painting_memory()
    # At once or in tiles: what does not depend on the pixels, and what each takes.
    tile = BASE_BYTES + each * INSTANT_TILE if network == "instant" else TILED_BYTES + IN_TILE * each * LEAST_TILE
    ways = [(BASE_BYTES, each), (tile, CANVAS_BYTES[network])]
    need = min(base + more * pixels for base, more in ways)
    if need > free:
        fits = max(0, *((free - base) / more for base, more in ways))
        fits = int(side * (fits / pixels) ** 0.5) // 32 * 32
        raise UserError(
            f"--size={side} needs {need / 2**30:.1f} GiB of memory and {free / 2**30:.1f} are free; "
            + (f"--size={fits} fits" if fits >= 64 else "close other programs")
        )


def versions():
    """The versions that could explain why two networks or paintings differ."""
    return {
        "python": platform.python_version(),
        "keras": keras.version(),
        "backend": keras.backend.backend(),
        "numpy": np.__version__,
    }
