"""Teaching a thin network to see as VGG19 does: on photos, on paintings, and on what it paints itself meanwhile.

The apprentice has VGG19's plan at a fraction of its width. Linear heads carry its features into VGG19's space, where
they are compared with VGG19's own, as they are and as Gram matrices. A painter goes wherever its network errs in its
favour, to pictures that look like no photo; so the apprentice paints a few canvases while it learns, and is corrected
on those, too.
"""

import keras
import numpy as np
from keras import ops

from distilling.pruning import few
from networks.vgg import thin
from style.canvas import bounded, join, split
from style.features import CONTENT_LAYER, LAYERS, STYLE_LAYERS
from style.objective import Objective, gram, relative

STROKE = 0.01  # how far a value of a canvas, 0..1, moves in a step


class Lesson(keras.Model):
    """An apprentice and its master: `fit` trains the apprentice, its heads, and the canvases that it paints.

    Batches are pictures (n, side, side, 3), 0..1; the master supplies the rest.
    """

    def __init__(self, master, apprentice, canvases, side):
        """canvases: how many pictures of that side are being painted all the while."""
        super().__init__()
        self.apprentice = apprentice
        self.look = lambda pictures: master(pictures)  # a function, so that Keras does not save all of VGG19 each time
        self.heads = {}
        for layer in LAYERS:
            self.heads[layer] = keras.layers.Dense(master.output[layer].shape[-1], use_bias=False, dtype="float32")
            self.heads[layer].build(apprentice.output[layer].shape)
        # How large VGG19's features are, so that the heads need not learn it.
        self.scales = {layer: self.add_weight(shape=(), trainable=False, name=f"{layer}_scale") for layer in LAYERS}
        shape = (canvases, side, side, 3)
        levels = split(ops.zeros(shape)) if canvases else []
        self.levels = [self.add_weight(shape=level.shape, name=f"level{n}") for n, level in enumerate(levels)]
        # The contents of the canvases and then their styles.
        self.models = self.add_weight(shape=(2 * canvases, *shape[1:]), trainable=False, name="models")
        self.stroke = self.add_weight(shape=(), trainable=False, name="stroke")
        self.objective = Objective()
        errors = [*LAYERS, *(f"{layer}_gram" for layer in STYLE_LAYERS)]
        self.means = {name: keras.metrics.Mean(name) for name in ("loss", "likeness", *errors)}
        self.built = True  # all of its parts are

    @property
    def metrics(self):
        return list(self.means.values())

    def call(self, pictures):
        """The heads' guesses at what `few` of the master's features are, of pictures (n, H, W, 3), by layer."""
        seen = self.apprentice(pictures)
        return {layer: self.heads[layer](few(x)) * self.scales[layer] for layer, x in seen.items()}

    def begin(self, pictures):
        """Make of the heads the best that there are for some pictures (n, side, side, 3), before training goes on."""
        features, own = self.look(pictures), self.apprentice(pictures)
        for layer, head in self.heads.items():
            truth, seen = (few(x[layer]) for x in (features, own))
            self.scales[layer].assign(ops.sqrt(ops.mean(ops.square(truth))))
            truth, seen = (ops.convert_to_numpy(x).reshape(-1, x.shape[-1]) for x in (truth / self.scales[layer], seen))
            head.kernel.assign(np.linalg.lstsq(seen, truth, rcond=1e-3)[0])

    def set_easel(self, contents, styles, rate):
        """Begin new canvases, of pictures (n, side, side, 3); `rate` is that of the optimiser at the time."""
        self.models.assign(np.concatenate([contents, styles]))
        self.stroke.assign(STROKE / rate)  # so that a canvas moves as far late in the training as it did at first
        for weight, level in zip(self.levels, split(ops.convert_to_tensor(contents)), strict=True):
            weight.assign(level / self.stroke)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        if not (training and self.levels):
            return self._errors(x, y_pred)
        canvas = bounded(join([level * self.stroke for level in self.levels]))
        seen = ops.stop_gradient(ops.concatenate([ops.cast(x, "float32"), canvas]))
        return self._errors(seen, self(seen)) + self._painting(canvas)

    def _errors(self, pictures, guesses):
        """How far the guesses are from what the master sees: the sum of the relative errors, a scalar."""
        truth = {layer: few(found) for layer, found in self.look(pictures).items()}
        errors = {layer: relative(guesses[layer], truth[layer]) for layer in LAYERS}
        for layer in STYLE_LAYERS:
            errors[f"{layer}_gram"] = relative(gram(guesses[layer])[0], gram(truth[layer])[0])
        total = sum(errors.values())
        for name, value in (errors | {"loss": total, "likeness": 1 - total / len(errors)}).items():
            self.means[name].update_state(value)
        return total

    def _painting(self, canvas):
        """J of the canvases, by which nothing but they are changed: the apprentice must not learn to please itself."""
        frozen = [ops.stop_gradient(weight) for weight in self.apprentice.trainable_variables]
        kept = [ops.stop_gradient(weight) for weight in self.apprentice.non_trainable_variables]
        found, _ = self.apprentice.stateless_call(frozen, kept, ops.concatenate([canvas, self.models]))
        kernels = {layer: ops.stop_gradient(self.kernel(layer)) for layer in LAYERS}
        parts = {layer: ops.split(ops.matmul(ops.cast(found[layer], "float32"), kernels[layer]), 3) for layer in LAYERS}
        painted, contents, styles = ({layer: part[place] for layer, part in parts.items()} for place in range(3))
        target = {"content": contents[CONTENT_LAYER], "style": self.objective.style_of(styles), "weights": {}}
        return self.objective.total(*self.objective.parts(canvas, painted, target))

    def kernel(self, layer):
        """The matrix (channels, VGG19's channels) that carries the apprentice's features into VGG19's space."""
        return self.heads[layer].kernel * self.scales[layer]


def folded(lesson, widths):
    """The apprentice as `thin` builds it: each head becomes a square matrix that keeps its lengths and angles."""
    network = thin(widths, LAYERS, "float16")  # half the bytes on disk; it is read back into any precision
    for layer in lesson.apprentice.layers:
        if layer.weights:
            network.get_layer(layer.name).set_weights(layer.get_weights())
    for layer in LAYERS:
        kernel = ops.convert_to_numpy(lesson.kernel(layer)).astype(np.float64)
        products = kernel @ kernel.T
        safe = products + 1e-7 * np.trace(products) / len(products) * np.eye(len(products))
        network.get_layer(f"{layer}_space").set_weights([np.linalg.cholesky(safe).astype(np.float32)])
    return network
