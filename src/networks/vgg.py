"""Networks of the VGG family (Simonyan and Zisserman): blocks of 3x3 convolutions, each at half the previous size."""

import keras

from networks.decoder import decoder as build_decoder

PLAN = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))  # VGG19: channels and number of convolutions of each block
PLAN16 = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # VGG16
MATCHED = (2, 2, 4, 2)  # convolutions of each block whose features matching compares
MEANS = (103.939, 116.779, 123.68)  # ImageNet's mean blue, green and red, which VGG's training subtracted
CENTRED = (4.0, -2.0)  # scale and offset for a thin network's input: -2..2 is in reach of its biases


class Preprocessing(keras.layers.Layer):
    """Turn RGB in 0..1 into the input of VGG19: blue, green and red in 0..255, minus their means."""

    def call(self, picture):
        return keras.ops.flip(picture, axis=-1) * 255.0 - keras.ops.convert_to_tensor(MEANS, "float32")


def side_of(layer):
    """The side, in pixels of the picture, of a cell of a layer, by its name."""
    return 2 ** (int(layer.removeprefix("block").partition("_")[0]) - 1)


def reach_of(layers):
    """How many pixels beyond its own cell a feature of the deepest of some layers depends on, in each direction."""
    blocks = [layer.removeprefix("block").split("_conv") for layer in layers]
    block, number = max((int(block), int(number)) for block, number in blocks)
    counts = [count for _, count in PLAN[: block - 1]] + [number]
    return sum(count * 2**depth for depth, count in enumerate(counts))


def vgg(layers, dtype="float32"):
    """An untrained VGG19 that outputs the named layers; see `encoder`."""
    return encoder(PLAN, layers, Preprocessing(dtype="float32"), dtype)


def thin_vgg(widths, layers, dtype="float32"):
    """An untrained VGG19 with fewer channels, `widths` for the five blocks; outputs as in `encoder`."""
    picture = keras.Input((None, None, 3), dtype="float32", name="pictures")
    return keras.Model(picture, thin_features(picture, widths, layers, dtype))


def thin_features(picture, widths, layers, dtype="float32"):
    """The features of a thin VGG19 for pictures (n, H, W, 3) in 0..1; see `features`."""
    plan = [(width, count) for width, (_, count) in zip(widths, PLAN, strict=True)]
    return features(keras.layers.Rescaling(*CENTRED, dtype="float32", name="door")(picture), plan, layers, dtype)


def vgg16_features(picture, layers, dtype="float32"):
    """The features of VGG16 for pictures (n, H, W, 3) in 0..1; see `features`.

    The input stays RGB, since no built-in layer swaps channels: swap those of the published first kernel instead.
    """
    door = keras.layers.Rescaling(255.0, [-mean for mean in reversed(MEANS)], dtype="float32", name="door")
    return features(door(picture), PLAN16, layers, dtype)


def encoder(plan, layers, door, dtype="float32"):
    """A network from pictures (n, H, W, 3) in 0..1 to `features`. `door`: the layer that preprocesses the input."""
    picture = keras.Input((None, None, 3), dtype="float32", name="pictures")
    return keras.Model(picture, features(door(picture), plan, layers, dtype))


def features(x, plan, layers, dtype="float32"):
    """Build the convolutions of a plan on preprocessed pictures x (n, H, W, 3), up to the deepest of `layers`.

    plan: (channels, number of convolutions) for each block. layers: names such as block4_conv2 or block4_pool.
    Returns {layer: its features after ReLU, (n, h, w, channels)}.
    """
    found = {}
    for layer in _steps(plan, dtype):
        x = layer(x)
        if layer.name in layers:
            found[layer.name] = x
        if len(found) == len(layers):
            return found


def _steps(plan, dtype):
    """Yield the layers of a plan in order, named as in keras.applications."""
    for block, (channels, count) in enumerate(plan, 1):
        for number in range(1, count + 1):
            name = f"block{block}_conv{number}"
            yield keras.layers.Conv2D(
                channels, 3, padding="same", activation="relu", kernel_initializer="he_normal", name=name, dtype=dtype
            )
        yield keras.layers.MaxPooling2D(name=f"block{block}_pool", dtype=dtype)


def thin(widths, layers, decoder=None, dtype="float32"):
    """A thin network whose features at `layers` have nearly the same lengths and angles as VGG19's.

    A linear layer behind each of them sees to that. Distances and Gram matrices then approximate those of VGG19's
    features, although these have more channels. decoder: the widths of the decoder that comes with it, as its layer
    "decoder"; None: it has none.
    """
    network = thin_vgg(widths, layers, dtype)
    spaces = {
        layer: keras.layers.Dense(x.shape[-1], use_bias=False, name=f"{layer}_space", dtype=dtype)(x)
        for layer, x in network.output.items()
    }
    if not decoder:
        return keras.Model(network.input, spaces, name="thin")
    draw = build_decoder(vector_length(widths), decoder, dtype)
    return keras.Model([network.input, *draw.inputs], spaces | {"drawn": draw.output}, name="thin")


def vector_length(widths):
    """How many numbers a vector of matching has, if the network has these widths."""
    return sum(width * count for width, count in zip(widths, MATCHED, strict=False))


THIN = {"thin": thin}
