"""Train over several devices: each takes its share of every batch, and their gradients are averaged (JAX only)."""

import os
from contextlib import nullcontext

import keras

from utils import UserError

# Set where several processes train one network, together with KERAS_DISTRIBUTION_JOB_ADDRESSES.
PROCESSES, PROCESS = "KERAS_DISTRIBUTION_NUM_PROCESSES", "KERAS_DISTRIBUTION_PROCESS_ID"


class Devices:
    """The devices that --devices names."""

    def __init__(self, wanted, batch_size, precision="float32"):
        """wanted: a number, "all", or None for a single device. batch_size: of all devices together."""
        self.names, self.process, self.processes = [], 0, 1
        if wanted is None:
            return
        backend = keras.backend.backend()
        if backend != "jax":
            raise UserError(
                f"--devices={wanted} needs JAX, and this is {backend}; set KERAS_BACKEND=jax, or leave it out"
            )
        if int(os.environ.get(PROCESSES, 1)) > 1:
            self._join(precision)
        found = keras.distribution.list_devices()
        self.names = found if wanted == "all" else found[:wanted]
        if wanted != "all" and wanted > len(found):
            raise UserError(f"--devices={wanted} are not here; there are {len(found)}: {', '.join(found[:8])}")
        if self.processes > 1 and len(self.names) < len(found):
            raise UserError(f"--devices={wanted} leaves out some of the processes; give --devices=all")
        if batch_size % len(self.names):
            fits = batch_size // len(self.names) * len(self.names) or len(self.names)
            raise UserError(
                f"--batch_size={batch_size} cannot be shared by {len(self.names)} devices; --batch_size={fits} can"
            )

    def _join(self, precision):
        """Meet the other processes. Where they are, Keras reads from the environment."""
        if precision == "auto":
            raise UserError("--precision=auto could differ between processes; choose float32 or bfloat16")
        keras.distribution.initialize()
        self.process, self.processes = int(os.environ[PROCESS]), int(os.environ[PROCESSES])

    def __len__(self):
        return max(1, len(self.names))

    def scope(self):
        """A block in which networks are built and trained on all devices."""
        if not self.names:
            return nullcontext()
        # Each process reads its own part of a batch, see `own`, so that Keras need not share it out.
        return keras.distribution.DataParallel(devices=self.names, auto_shard_dataset=False).scope()

    def shared_out(self, pictures):
        """How many of so many pictures can be shared out evenly."""
        return pictures - pictures % len(self)

    def own(self, rows):
        """Those of the rows of a batch that this process reads."""
        size = len(rows) // self.processes
        return rows[self.process * size : (self.process + 1) * size]

    @property
    def place(self):
        """Where several processes draw random numbers, what tells theirs apart: a tuple of whole numbers."""
        return (self.process + 1,) if self.processes > 1 else ()


ONE = Devices(None, batch_size=1)
