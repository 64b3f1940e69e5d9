"""Optimisers by name, in which the encoder of a network may learn more slowly than the rest."""

import keras

OPTIMIZERS = {
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "rmsprop": keras.optimizers.RMSprop,
    "sgd": keras.optimizers.SGD,
}
SETTINGS = {"sgd": {"momentum": 0.9}}


def optimizer_of(name, rate, slow=(), share=1.0):
    """The optimiser of that name with a learning rate or schedule; the variables `slow` get `share` of the rate."""
    kind = OPTIMIZERS[name]
    if slow and share != 1:
        kind = _slower(kind, {variable.path for variable in slow}, share)
    return kind(rate, **SETTINGS.get(name, {}))


def _slower(kind, paths, share):
    class Slower(kind):
        def update_step(self, gradient, variable, learning_rate):
            # The backend may pass its own variable, which has no path; Keras's optimisers look theirs up like this.
            own = self._trainable_variables[self._get_variable_index(variable)]
            factor = share if own.path in paths else 1.0
            super().update_step(gradient, variable, learning_rate * factor)

    return Slower
