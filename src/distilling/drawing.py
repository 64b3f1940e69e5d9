"""Teach the decoder to draw: paintings from their own features, and photos from features of paintings.

Of a photo and a painting it gets, for each position of the photo, the vector and the stroke of that position of the
painting which resembles it most. Neighbours come from different places then, and the decoder must join them. What it
draws is judged as a painting by steps is judged: by VGG19, whose features are to be those of the chosen positions.
"""

import keras
from keras import ops

from networks.decoder import STROKE, cut, sketch_of, strokes_of
from style.canvas import bounded
from style.matching import LAYERS, as_float, doubled, unit
from style.objective import moments, relative

MOMENT_LAYERS = ("block1_conv1", "block2_conv1", "block3_conv1", "block4_conv1")
MOMENTS = 0.3  # the weight of the moments, beside the matching
OWN = 1  # styles of a batch that are drawn from their own features
PIXELS = 2.0  # the weight of the mean absolute difference of pixels, where a painting is drawn from its own features


class Drawing(keras.Model):
    """An encoder, a decoder and their master: `fit` trains the decoder.

    Batches are pictures (2 n, side, side, 3), 0..1: n contents, and then n styles. The side is a multiple of 8.
    """

    def __init__(self, master, encoder, decoder):
        """master, encoder: networks that give the features of `LAYERS`."""
        super().__init__()
        self.decoder = decoder
        # In functions, so that Keras does not save these networks as well.
        self.look, self.see = lambda pictures: master(pictures), lambda pictures: encoder(pictures)
        self.means = {name: keras.metrics.Mean(name) for name in ("loss", "match", "moments", "pixels", "likeness")}
        self.built = True

    @property
    def metrics(self):
        return list(self.means.values())

    def call(self, pictures):
        """What is drawn of contents from the features of their styles, and of OWN styles from their own.

        Returns (n, side, side, 3) and (OWN, side, side, 3), about 0..1, and (n, positions): for each position of a
        content, the position of its style.
        """
        halves = {layer: ops.split(values, 2) for layer, values in _cells(self.see(pictures)).items()}
        features, own = ({layer: both[half] for layer, both in halves.items()} for half in (0, 1))
        contents, styles = joined(features, own), joined(own, own)
        places = _nearest(contents, styles)
        strokes = strokes_of(ops.split(pictures, 2)[1])
        height, width = strokes.shape[1:3]
        values = unit(styles) * styles.shape[-1] ** 0.5, ops.reshape(strokes, (-1, height * width, STROKE))
        chosen = (ops.concatenate([_taken(each, places), each[:OWN]]) for each in values)
        vectors, strokes = (ops.reshape(each, (-1, height, width, each.shape[-1])) for each in chosen)
        drawn = self.decoder([vectors, sketch_of(strokes)])
        return drawn[:-OWN], drawn[-OWN:], places

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        drawn, own, places = y_pred
        styles = ops.split(x, 2)[1]
        truth = _cells(self.look(styles))
        wanted = {layer: as_float(_taken(values, places)) for layer, values in truth.items()}
        found = {layer: as_float(values) for layer, values in _cells(self.look(bounded(drawn))).items()}
        parts = {
            "match": self._match(found, wanted),
            "moments": sum(_moment_error(found[layer], wanted[layer]) for layer in MOMENT_LAYERS) / len(MOMENT_LAYERS),
            "pixels": ops.mean(ops.abs(own - styles[:OWN])),
        }
        loss = parts["match"] + MOMENTS * parts["moments"] + PIXELS * parts["pixels"]
        for name, value in (parts | {"loss": loss, "likeness": 1 - loss}).items():
            self.means[name].update_state(value)
        return loss

    def _match(self, found, wanted):
        """The mean of 1 - cosine between the vectors of what is drawn and those that were chosen."""
        return 1 - ops.mean(ops.sum(unit(joined(found, wanted)) * unit(joined(wanted, wanted)), axis=-1))


def _cells(features):
    return {layer: cells_of(layer, features[layer]) for layer in LAYERS}


def cells_of(layer, values):
    """The values of a layer (n, h, w, channels) in each position of the grid: (n, positions, values, channels)."""
    cells, _ = LAYERS[layer]
    if cells < 1:
        cells, values = 1, doubled(values)
    found = cut(values, cells)
    return ops.reshape(found, (-1, found.shape[1] * found.shape[2], cells**2, values.shape[-1]))


def joined(features, styles):
    """The vectors of features from `cells_of`: (n, positions, numbers) float32, as `style.matching` makes them.

    Each layer has its share of the energy in `styles`, features of as many pictures.
    """
    found = []
    for layer, (_, share) in LAYERS.items():
        energy = ops.mean(ops.sum(ops.square(as_float(styles[layer])), axis=-1), axis=(1, 2))
        factor = ops.sqrt(share / ops.maximum(energy, 1e-9))[:, None, None]
        found.append(ops.mean(as_float(features[layer]), axis=2) * factor)
    return ops.concatenate(found, axis=-1)


def _nearest(contents, styles):
    """For each position of the contents (n, positions, numbers) the most similar of its style: (n, positions)."""
    contents, styles = (unit(vectors - ops.mean(vectors, axis=1, keepdims=True)) for vectors in (contents, styles))
    return ops.argmax(ops.matmul(contents, ops.transpose(styles, (0, 2, 1))), axis=-1)


def _taken(values, places):
    """values (n, positions, ...) at places (n, positions)."""
    count = values.shape[1]
    first = ops.arange(ops.shape(places)[0])[:, None] * count
    flat = ops.reshape(values, (-1, *values.shape[2:]))
    return ops.reshape(ops.take(flat, ops.reshape(places + first, (-1,)), axis=0), (-1, *values.shape[1:]))


def _moment_error(found, wanted):
    """How far the moments of a layer in what is drawn are from those in the chosen positions: a scalar."""
    return sum(map(relative, moments(found), moments(wanted))) / 2
