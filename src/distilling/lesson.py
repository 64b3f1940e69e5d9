"""Teach a thin network to see as VGG19 does: on photos, on paintings, and on pictures that it paints meanwhile.

The apprentice has VGG19's plan at a fraction of its width. Linear heads map its features into VGG19's space, where
they are compared with VGG19's own features, directly and as Gram matrices. Painting exploits every error of its
network and ends at pictures that look like no photo. So the apprentice paints a few canvases while it learns, and
learns from those as well.
"""

import keras
import numpy as np
from keras import ops

from distilling.pruning import sampled
from networks.vgg import thin
from style.canvas import bounded, join, split
from style.features import CONTENT_LAYER, LAYERS, STYLE_LAYERS
from style.objective import Statistics, gram, relative

STROKE = 0.01  # how far a value of a canvas, 0..1, moves in one step


class Lesson(keras.Model):
    """An apprentice and its master: `fit` trains the apprentice, its heads, and the canvases that it paints.

    Batches are pictures (n, side, side, 3), 0..1; the master supplies the targets.
    """

    def __init__(self, master, apprentice, canvases, side):
        """canvases: how many pictures of that side are painted at the same time."""
        super().__init__()
        self.apprentice = apprentice
        self.look = lambda pictures: master(pictures)  # in a function, so that Keras does not save VGG19 as well
        self.heads = {}
        for layer in LAYERS:
            self.heads[layer] = keras.layers.Dense(master.output[layer].shape[-1], use_bias=False, dtype="float32")
            self.heads[layer].build(apprentice.output[layer].shape)
        # The magnitude of VGG19's features, so that the heads need not learn it.
        self.scales = {layer: self.add_weight(shape=(), trainable=False, name=f"{layer}_scale") for layer in LAYERS}
        shape = (canvases, side, side, 3)
        levels = split(ops.zeros(shape)) if canvases else []
        self.levels = [self.add_weight(shape=level.shape, name=f"level{n}") for n, level in enumerate(levels)]
        # The contents of the canvases, followed by their styles.
        self.models = self.add_weight(shape=(2 * canvases, *shape[1:]), trainable=False, name="models")
        self.stroke = self.add_weight(shape=(), trainable=False, name="stroke")
        self.objective = Statistics()
        errors = [*LAYERS, *(f"{layer}_gram" for layer in STYLE_LAYERS)]
        self.means = {name: keras.metrics.Mean(name) for name in ("loss", "likeness", *errors)}
        self.built = True  # all parts are built already

    @property
    def metrics(self):
        return list(self.means.values())

    def call(self, pictures):
        """The heads' guesses at the master's `sampled` features for pictures (n, H, W, 3): {layer: features}."""
        seen = self.apprentice(pictures)
        return {layer: self.heads[layer](sampled(x)) * self.scales[layer] for layer, x in seen.items()}

    def begin(self, pictures):
        """Before training, set the heads to the least-squares solution for some pictures (n, side, side, 3)."""
        features, own = self.look(pictures), self.apprentice(pictures)
        for layer, head in self.heads.items():
            truth, seen = (sampled(x[layer]) for x in (features, own))
            self.scales[layer].assign(ops.sqrt(ops.mean(ops.square(truth))))
            truth, seen = (ops.convert_to_numpy(x).reshape(-1, x.shape[-1]) for x in (truth / self.scales[layer], seen))
            head.kernel.assign(np.linalg.lstsq(seen, truth, rcond=1e-3)[0])

    def set_easel(self, contents, styles, rate):
        """Start new canvases from pictures (n, side, side, 3). `rate`: the optimiser's current learning rate."""
        self.models.assign(np.concatenate([contents, styles]))
        self.stroke.assign(STROKE / rate)  # a canvas moves at the same speed throughout the training
        for weight, level in zip(self.levels, split(ops.convert_to_tensor(contents)), strict=True):
            weight.assign(level / self.stroke)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        if not (training and self.levels):
            return self._errors(x, y_pred)
        canvas = bounded(join([level * self.stroke for level in self.levels]))
        seen = ops.stop_gradient(ops.concatenate([ops.cast(x, "float32"), canvas]))
        return self._errors(seen, self(seen)) + self._painting(canvas)

    def _errors(self, pictures, guesses):
        """The sum of the relative errors of the guesses against the master's features, a scalar."""
        truth = {layer: sampled(found) for layer, found in self.look(pictures).items()}
        errors = {layer: relative(guesses[layer], truth[layer]) for layer in LAYERS}
        for layer in STYLE_LAYERS:
            errors[f"{layer}_gram"] = relative(gram(guesses[layer])[0], gram(truth[layer])[0])
        total = sum(errors.values())
        for name, value in (errors | {"loss": total, "likeness": 1 - total / len(errors)}).items():
            self.means[name].update_state(value)
        return total

    def _painting(self, canvas):
        """J of the canvases. Its gradient reaches only them: the apprentice must not learn to make J small."""
        frozen = [ops.stop_gradient(weight) for weight in self.apprentice.trainable_variables]
        kept = [ops.stop_gradient(weight) for weight in self.apprentice.non_trainable_variables]
        found, _ = self.apprentice.stateless_call(frozen, kept, ops.concatenate([canvas, self.models]))
        kernels = {layer: ops.stop_gradient(self.kernel(layer)) for layer in LAYERS}
        parts = {layer: ops.split(ops.matmul(ops.cast(found[layer], "float32"), kernels[layer]), 3) for layer in LAYERS}
        painted, contents, styles = ({layer: part[place] for layer, part in parts.items()} for place in range(3))
        target = {"content": contents[CONTENT_LAYER], "style": self.objective.style_of(styles), "weights": {}}
        return self.objective.total(*self.objective.parts(canvas, painted, target))

    def kernel(self, layer):
        """The matrix (channels, VGG19's channels) that maps the apprentice's features into VGG19's space."""
        return self.heads[layer].kernel * self.scales[layer]


def folded(lesson, widths):
    """The apprentice as `thin` builds it: a square matrix with the same lengths and angles replaces each head."""
    network = thin(widths, LAYERS, dtype="float16")  # half the size on disk; it can be read back in any precision
    for layer in lesson.apprentice.layers:
        if layer.weights:
            network.get_layer(layer.name).set_weights(layer.get_weights())
    for layer in LAYERS:
        kernel = ops.convert_to_numpy(lesson.kernel(layer)).astype(np.float64)
        products = kernel @ kernel.T
        safe = products + 1e-7 * np.trace(products) / len(products) * np.eye(len(products))
        network.get_layer(f"{layer}_space").set_weights([np.linalg.cholesky(safe).astype(np.float32)])
    return network
