"""Where a thin network begins: as the VGG19 that is left when most of its channels are left out.

Of each layer the channels are kept that tell most of the others. What the next layer would have seen of those left
out is made up from what it sees, by least squares, and worked into its kernel. It takes seconds and gives a better
network than half an hour of training from random numbers.
"""

import keras
import numpy as np

POSITIONS = 32  # across; of more, as the first layers have them, some are left out
DAMPING = 1e-4  # of the mean energy of a channel, so that no solution hangs on noise


def prune(apprentice, master, pictures):
    """Give a thin network the weights of the master that matter most for some pictures (n, H, W, 3)."""
    for layer in apprentice.layers:
        if not isinstance(layer, keras.layers.Conv2D):
            continue
        twin = master.get_layer(layer.name)
        chosen = telling(_seen(master, twin.output, pictures), layer.filters)
        kernel, bias = (np.asarray(keras.ops.cast(part, "float32"), np.float64)[..., chosen] for part in twin.weights)
        factors, rest = affine(_seen(apprentice, layer.input, pictures), _seen(master, twin.input, pictures))
        bias = bias + np.einsum("hwio,i->o", kernel, rest)
        kernel = np.einsum("hwio,ji->hwjo", kernel, factors)
        layer.set_weights([kernel, bias])
        size = np.sqrt(np.mean(_seen(apprentice, layer.output, pictures) ** 2, axis=0)) + keras.config.epsilon()
        layer.set_weights([kernel / size, bias / size])  # of one size all, whatever VGG19 had, which trains best


def _seen(network, tensor, pictures):
    """The values of a network's tensor for some pictures: (positions, channels) float64."""
    values = keras.ops.convert_to_numpy(few(keras.Model(network.input, tensor)(pictures)))
    return values.reshape(-1, values.shape[-1]).astype(np.float64)


def few(features):
    """Features (n, h, w, channels) at some positions, spread evenly: enough to learn from, float32."""
    step = max(1, features.shape[1] // POSITIONS)
    return keras.ops.cast(features[:, ::step, ::step], "float32")


def telling(values, count):
    """The channels of (positions, channels) of which all others can be told best, one after the other: (count,)."""
    left, chosen = values.T @ values, []  # the products of what is not yet told
    for _ in range(count):
        told = (left**2).sum(axis=0) / np.maximum(left.diagonal(), 1e-9 * np.trace(left) + 1e-30)
        told[chosen] = -1
        chosen.append(int(told.argmax()))
        column = left[:, chosen[-1]]
        left = left - np.outer(column, column) / max(column[chosen[-1]], 1e-30)
    return np.array(chosen)


def affine(values, wanted):
    """The (factors, rest) that make of (positions, n) the most of (positions, m): values @ factors + rest."""
    middle, target = values.mean(axis=0), wanted.mean(axis=0)
    values, wanted = values - middle, wanted - target
    products = values.T @ values
    damping = DAMPING * np.trace(products) / len(products) * np.eye(len(products))
    factors = np.linalg.solve(products + damping, values.T @ wanted)
    return factors, target - middle @ factors
