"""A preset of KerasHub as a network of ours: squares of RGB 0..1 in, logits out, and a record with its classes."""

from pathlib import Path

import keras
import numpy as np

from networks.hub import load_preset
from segmentation.class_lists import LIST, MOST_CLASSES, read_classes
from segmentation.layouts import LAYOUTS, VOC, figure_of
from utils import UserError, shown

SIDE = 512  # px, where neither the network nor its preprocessing says how large pictures should be
CITYSCAPES = ("road", "sidewalk", "building", "wall", "fence", "pole", "traffic light", "traffic sign", "vegetation")
CITYSCAPES += ("terrain", "sky", "person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle")
# {part of a preset's name: its classes}
KNOWN = {"ade20k": LAYOUTS["ade20k"].classes[1:], "voc": VOC, "cityscapes": CITYSCAPES}
SMALLEST = 1e-7  # a probability that stands for none


class Preset:
    """A segmenter of KerasHub, with the one method of keras.Model that finding masks needs."""

    def __init__(self, segmenter):
        self.segmenter = segmenter
        converter = getattr(segmenter.preprocessor, "image_converter", None)
        sides = {*segmenter.input_shape[1:3], *((converter and converter.image_size) or ())} - {None}
        if len(sides) > 1:
            raise ValueError(f"it sees pictures of {' x '.join(map(str, sorted(sides)))} px, and no squares")
        self.side = sides.pop() if sides else SIDE
        self.classes = segmenter.output_shape[-1]

    def predict_on_batch(self, pictures):
        """Logits (N, side, side, classes) float32 for pictures (N, side, side, 3) float32 in 0..1."""
        scores = self.segmenter.predict_on_batch(np.float32(255) * pictures)
        scores = keras.ops.image.resize(scores, pictures.shape[1:3], interpolation="bilinear")
        return self._logits(np.asarray(keras.ops.convert_to_numpy(scores), np.float32))

    def _logits(self, scores):
        activation = "sigmoid" if self.classes == 1 else getattr(self.segmenter, "activation", None)
        if activation in (None, "linear"):
            return scores
        scores = np.clip(scores, SMALLEST, 1 - SMALLEST)
        return np.log(scores) if activation == "softmax" else np.log(scores / (1 - scores))


def load_segmenter(option, folder):
    """Read the preset in a folder: (Preset, record)."""
    segmenter = load_preset(option, folder)
    try:
        network = Preset(segmenter)
    except ValueError as error:
        raise UserError(f"{option}={shown(folder)} cannot be used: {error}; name another") from None
    names = class_names(option, folder, network.classes)
    return network, {
        "network_options": {"size": network.side},
        "class_names": list(names),
        "figure": list(figure_of(names)),
    }


def class_names(option, folder, count):
    """The names of a preset's classes: from a list in its folder, or known by its name, or else their numbers."""
    if not 1 <= count <= MOST_CLASSES:
        raise UserError(f"{option}={shown(folder)} has {count} classes, more than {MOST_CLASSES}; name another")
    if (Path(folder) / LIST).exists():
        names, _ = read_classes(option, folder)
        if len(names) != count:
            raise UserError(f"{option}={shown(folder)}: {LIST} names {len(names)} classes, and the network has {count}")
        return names
    where = "/".join(Path(folder).resolve().parts[-2:])  # a downloaded preset lies in <name>/<version>
    fitting = (names for part, names in KNOWN.items() if part in where.lower() and len(names) == count)
    return next(fitting, tuple(map(str, range(count))) if count > 1 else ("figure",))
