"""Gradients under any backend of Keras, for tests."""

import keras
import numpy as np


def gradients(value, variables):
    """The gradients of the scalar value() with respect to Keras variables, 0 where they have no influence: [NumPy]."""
    found = {"tensorflow": _by_tensorflow, "torch": _by_torch, "jax": _by_jax}[keras.backend.backend()](
        value, variables
    )
    return [
        np.zeros(variable.shape, np.float32) if gradient is None else keras.ops.convert_to_numpy(gradient)
        for gradient, variable in zip(found, variables, strict=True)
    ]


def _by_tensorflow(value, variables):
    import tensorflow

    with tensorflow.GradientTape() as tape:
        loss = value()
    return tape.gradient(loss, [variable.value for variable in variables])


def _by_torch(value, variables):
    import torch

    return torch.autograd.grad(value(), [variable.value for variable in variables], allow_unused=True)


def _by_jax(value, variables):
    import jax

    def stateless(values):
        with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
            return value()

    return jax.jit(jax.grad(stateless))([variable.value for variable in variables])
