"""Crops of photos and paintings at many scales and in many colours, for a network to learn from."""

import hashlib
from pathlib import Path

import keras
import numpy as np

from files.listing import find_pictures
from pictures.images import LANCZOS, flatten, open_picture, to_array

PAINTINGS = 0.4  # the share of paintings in a batch
CLOSEST = 2.5  # the short side of a picture is at most this many times the side of a crop
SWAPPED = 0.3  # the share of crops whose colour channels are permuted
PHOTOS_HELD_BACK, PAINTINGS_HELD_BACK = 20, 10  # one in so many is held back from training


class Crops(keras.utils.PyDataset):
    """Batches (n, side, side, 3) float32 0..1, which depend only on the seed, the epoch and their place in it.

    If `fixed`, every epoch has the same batches.
    """

    def __init__(self, photos, paintings, side, batch_size, steps, seed=0, fixed=False):
        super().__init__(workers=1)
        self.photos, self.paintings = photos, paintings
        self.side, self.batch_size, self.steps, self.seed = side, batch_size, steps, seed
        self.epoch, self.fixed = 0, fixed

    def __len__(self):
        return self.steps

    def __getitem__(self, index):
        random = self.random(self.epoch, index)
        return (np.stack([self.draw(random) for _ in range(self.batch_size)]),)

    def on_epoch_end(self):
        self.epoch += not self.fixed

    def random(self, *place):
        """A generator of random numbers that depends only on the seed and on `place`, whole numbers."""
        return np.random.default_rng((self.seed, *place))

    def draw(self, random):
        """A random crop of a photo or a painting, (side, side, 3)."""
        return self.draw_from(self.paintings if random.random() < PAINTINGS else self.photos, random)

    def draw_from(self, files, random):
        """A random crop of one of the files, (side, side, 3)."""
        picture = flatten(open_picture(files[random.integers(len(files))]))
        length = min(picture.size) / CLOSEST ** random.random()
        left, top = (random.random() * (whole - length) for whole in picture.size)
        box = (left, top, left + length, top + length)
        crop = to_array(picture.resize((self.side, self.side), LANCZOS, box))[:, :: random.choice((-1, 1))]
        if random.random() < SWAPPED:
            crop = crop[..., random.permutation(3)]
        contrast, brightness = random.uniform(0.6, 1.3), random.uniform(-0.15, 0.15)
        return np.clip((crop - 0.5) * contrast + 0.5 + brightness, 0, 1)


class Pairs(Crops):
    """Batches (2 n, side, side, 3) of n crops of photos, followed by n of paintings."""

    def __getitem__(self, index):
        random = self.random(self.epoch, index)
        files = [self.photos] * self.batch_size + [self.paintings] * self.batch_size
        return (np.stack([self.draw_from(each, random) for each in files]),)


def pictures_in(option, folders):
    """All pictures in some folders and the folders inside them."""
    return [file for folder in folders for file in find_pictures(option, str(Path(folder) / "**"))]


def hold_back(files, one_in):
    """Split files into those to learn from and one in so many that is held back."""
    return [file for place, file in enumerate(files) if place % one_in], files[::one_in]


def fingerprint(files):
    """A hash of the names and sizes of some files."""
    lines = [f"{file.name} {file.stat().st_size}" for file in files]
    return hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()
