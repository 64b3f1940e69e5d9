"""Batches for training: from the decoded cache, augmented alike in picture and mask, made before they are needed."""

import os
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from keras import layers, ops, utils

AHEAD = 4  # batches made in advance: enough to ride out a slow one, little memory
PASTED = 0.3  # the share of pictures that get another picture's figure


class Batches(utils.PyDataset):
    """Batches (pictures (B, size, size, 3) float32 0..1, masks (B, size, size, 1) float32 0 or 1) of a DecodedSet.

    A batch depends on the seed, the epoch and its place in the epoch alone, so that a resumed run sees what
    an undisturbed one would have seen. `waited` sums the seconds for which a batch was asked for but not ready.
    """

    def __init__(self, decoded, rows, batch_size, augment=None, seed=0, shuffle=False, shares=None):
        """shares: how often each of `rows` is drawn, adding up to 1; None: all once an epoch."""
        super().__init__(workers=1)  # the threads below keep order and measure the waiting, which Keras's do not
        self.decoded, self.rows = decoded, np.asarray(rows)
        self.augment, self.seed, self.shuffle, self.shares = augment, seed, shuffle, shares
        self.batch_size = min(batch_size, len(self.rows))
        self.epoch, self.waited = 0, 0.0
        self._coming = {}
        self._threads = ThreadPoolExecutor(min(AHEAD, os.cpu_count() or 1))

    def __len__(self):
        # In training the odd pictures at the end wait for another epoch: a batch of another shape is compiled anew.
        full, odd = divmod(len(self.rows), self.batch_size)
        return full if self.shuffle or not odd else full + 1

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

    def _make(self, epoch, index):
        order = self.rows
        if self.shuffle:
            random = np.random.default_rng((self.seed, epoch))
            order = (
                random.permutation(order) if self.shares is None else random.choice(order, len(order), p=self.shares)
            )
        rows = np.sort(order[index * self.batch_size : (index + 1) * self.batch_size])
        pictures = self.decoded.pictures[rows].astype(np.float32) / 255
        masks = self.decoded.masks[rows].astype(np.float32)[..., None]
        if self.augment:
            pictures, masks = self.augment(pictures, masks, np.random.default_rng((self.seed, epoch, index)))
        return pictures, masks


class Augmentation:
    """Keras's own layers, drawn anew for each picture; its mask moves with it."""

    def __init__(self):
        black = {"fill_mode": "constant", "fill_value": 0.0}
        self.places = [
            layers.RandomFlip("horizontal"),
            # Down more than up, then closer, from the full figure to a portrait, or further away.
            layers.RandomTranslation((-0.05, 0.2), 0.12, **black),
            layers.RandomZoom((-0.6, 0.3), **black),
            layers.RandomRotation(0.03, **black),
        ]
        self.colours = [
            layers.RandomBrightness((-0.4, 0.25), value_range=(0, 1)),
            layers.RandomContrast(0.3, value_range=(0, 1)),
            layers.RandomSaturation((0.2, 0.8), value_range=(0, 1)),
            layers.RandomHue(0.03, value_range=(0, 1)),
        ]

    def __call__(self, pictures, masks, random):
        """Augment a batch: arrays as in Batches; every draw comes from the NumPy generator `random`."""
        pictures, masks = ops.convert_to_tensor(pictures), ops.convert_to_tensor(masks)
        for layer in self.places:
            draw = layer.get_random_transformation(pictures, training=True, seed=_seed(random))
            pictures = layer.transform_images(pictures, draw)
            masks = layer.transform_segmentation_masks(masks, draw)
        pictures, masks = ops.convert_to_numpy(pictures), ops.convert_to_numpy(masks)
        masks = (masks > 0.5).astype(np.float32)  # older versions of Keras blend masks as they do pictures
        pictures, masks = paste_figures(pictures, masks, random.random(len(masks)) < PASTED)
        pictures = ops.convert_to_tensor(pictures)
        for layer in self.colours:
            draw = layer.get_random_transformation(pictures, training=True, seed=_seed(random))
            pictures = layer.transform_images(pictures, draw)
        return ops.convert_to_numpy(pictures), masks


def _seed(random):
    return int(random.integers(2**31))


def paste_figures(pictures, masks, chosen):
    """Paste into each chosen picture (B bools) the figure of its neighbour in the batch; masks add up."""
    others, figures = np.roll(pictures, 1, axis=0), np.roll(masks, 1, axis=0)
    figures = figures * chosen[:, None, None, None]
    return pictures * (1 - figures) + others * figures, np.maximum(masks, figures)
