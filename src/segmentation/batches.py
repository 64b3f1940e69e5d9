"""Batches for training: read from the decoded cache, augmented in picture and labels alike, and made in advance."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy

import numpy as np
from keras import layers, ops, utils

from networks.devices import ONE
from segmentation.layouts import VOID
from utils import UserError

AHEAD = 4  # batches made in advance: enough to bridge a slow one, at little memory


class Batches(utils.PyDataset):
    """Batches (pictures (B, size, size, 3) float32 0..1, labels (B, size, size, 1) float32) of a DecodedSet.

    A batch depends only on the seed, the epoch and its place in the epoch, so that a resumed run sees what an
    uninterrupted one would have seen. `waited` adds up the seconds spent waiting for batches.
    """

    def __init__(
        self,
        decoded,
        rows,
        batch_size,
        augment=None,
        seed=0,
        shuffle=False,
        shares=None,
        ignored=(),
        steps=None,
        devices=ONE,
    ):
        """shares: how often to draw each of `rows`, as shares of 1; None: each once an epoch.

        ignored: labels that do not count. steps: batches in an epoch of drawn pictures; None: enough for all.
        devices: the `Devices` that share each batch. Pictures that cannot be shared out evenly are left out.
        """
        super().__init__(workers=1)  # our own threads keep the order and measure the waiting
        self.decoded, self.rows = decoded, np.asarray(rows)
        self.augment, self.seed, self.shuffle, self.shares = augment, seed, shuffle, shares
        self.label_map = np.arange(VOID + 1, dtype=np.float32)  # from labels in the cache to labels in a batch
        self.label_map[list(ignored)] = VOID
        self.devices, self.steps = devices, steps
        self.batch_size = devices.shared_out(min(batch_size, len(self.rows)))
        if not self.batch_size:
            raise UserError(f"{len(devices)} devices cannot share {len(self.rows)} pictures; make --devices smaller")
        self.epoch, self.waited = 0, 0.0
        self._coming = {}
        self._threads = ThreadPoolExecutor(min(AHEAD, os.cpu_count() or 1))

    def __len__(self):
        # In training, skip an incomplete batch at the end: another shape would have to be compiled.
        if self.steps:
            return self.steps
        full, odd = divmod(len(self.rows), self.batch_size)
        return full if self.shuffle or not self.devices.shared_out(odd) else full + 1

    def __getitem__(self, index):
        for ahead in range(index, min(index + AHEAD, len(self))):
            place = (self.epoch, ahead)
            if place not in self._coming:
                self._coming[place] = self._threads.submit(self._make, *place)
        started = time.perf_counter()
        batch = self._coming.pop((self.epoch, index)).result()
        self.waited += time.perf_counter() - started
        return batch

    def on_epoch_end(self):
        self.epoch += 1
        self._coming.clear()

    def _order(self, random):
        if self.shares is None and not self.steps:
            return random.permutation(self.rows)
        return random.choice(self.rows, len(self) * self.batch_size, p=self.shares)

    def _make(self, epoch, index):
        order = self._order(np.random.default_rng((self.seed, epoch))) if self.shuffle else self.rows
        rows = order[index * self.batch_size : (index + 1) * self.batch_size]
        rows = self.devices.own(np.sort(rows[: self.devices.shared_out(len(rows))]))
        pictures = self.decoded.pictures[rows].astype(np.float32) / 255
        labels = self.label_map[self.decoded.labels[rows]][..., None]
        if self.augment:
            random = np.random.default_rng((self.seed, epoch, index, *self.devices.place))
            pictures, labels = self.augment(pictures, labels, random)
        return pictures, labels


class Augmentation:
    """Vary each picture at random by Keras's own layers. Its labels move along, without being blended."""

    def __init__(self, layout):
        self.pasted, around = layout.moves.pasted, 0.0 if layout.outputs == 1 else float(VOID)
        self.mirrored = layout.mirror.astype(np.float32)
        self.places = list(
            zip(_places(layout.moves, "bilinear", 0.0), _places(layout.moves, "nearest", around), strict=True)
        )
        self.colours = [
            layers.RandomBrightness(layout.moves.light, value_range=(0, 1)),
            layers.RandomContrast(0.3, value_range=(0, 1)),
            layers.RandomSaturation((0.2, 0.8), value_range=(0, 1)),
            layers.RandomHue(0.03, value_range=(0, 1)),
        ]

    def __call__(self, pictures, labels, random):
        """Augment a batch, arrays as in Batches. All random numbers come from the NumPy generator `random`."""
        pictures, labels = self.mirror(pictures, labels, random.random(len(pictures)) < 0.5)
        pictures, labels = ops.convert_to_tensor(pictures), ops.convert_to_tensor(labels)
        for move_picture, move_labels in self.places:
            draw = move_picture.get_random_transformation(pictures, training=True, seed=_seed(random))
            pictures, labels = (  # each with a copy, because under PyTorch Keras changes the matrix of a rotation
                move.transform_images(x, deepcopy(draw))
                for move, x in ((move_picture, pictures), (move_labels, labels))
            )
        pictures, labels = ops.convert_to_numpy(pictures), ops.convert_to_numpy(labels)
        if self.pasted:
            pictures, labels = paste_figures(pictures, labels, random.random(len(labels)) < self.pasted)
        pictures = ops.convert_to_tensor(pictures)
        for layer in self.colours:
            draw = layer.get_random_transformation(pictures, training=True, seed=_seed(random))
            pictures = layer.transform_images(pictures, draw)
        return ops.convert_to_numpy(pictures), labels

    def mirror(self, pictures, labels, chosen):
        """Mirror the pictures `chosen` (B bools), and swap the labels that mean left and right."""
        pictures, labels = pictures.copy(), labels.copy()
        pictures[chosen] = pictures[chosen, :, ::-1]
        labels[chosen] = self.mirrored[labels[chosen, :, ::-1].astype(int)]
        return pictures, labels


def _places(moves, interpolation, around):
    """The layers that shift, zoom and rotate; `around` fills what comes in at the edges."""
    given = {"fill_mode": "constant", "fill_value": around, "interpolation": interpolation}
    return [
        layers.RandomTranslation(moves.down, moves.aside, **given),
        layers.RandomZoom(moves.zoom, **given),
        layers.RandomRotation(moves.turn, **given),
    ]


def _seed(random):
    return int(random.integers(2**31))


def paste_figures(pictures, masks, chosen):
    """Paste the figure of the next picture in the batch into each chosen one (B bools), in picture and mask."""
    others, figures = np.roll(pictures, 1, axis=0), np.roll(masks, 1, axis=0)
    figures = figures * chosen[:, None, None, None]
    return pictures * (1 - figures) + others * figures, np.maximum(masks, figures)
