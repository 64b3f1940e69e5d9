"""Networks of VGG's kind (Simonyan and Zisserman): blocks of 3x3 convolutions, each block half the size of the last."""

import keras

PLAN = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))  # VGG19: the channels of each block, and its convolutions
PLAN16 = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # VGG16, of fewer convolutions
MEANS = (103.939, 116.779, 123.68)  # ImageNet's mean blue, green and red, which VGG's weights were trained without
CENTRED = (4.0, -2.0)  # what a thin network makes of 0..1: numbers around 0 that its biases can reach


class Preprocessing(keras.layers.Layer):
    """RGB in 0..1 as the blue, green and red in 0..255, less their means, that VGG19 was trained on."""

    def call(self, picture):
        return keras.ops.flip(picture, axis=-1) * 255.0 - keras.ops.convert_to_tensor(MEANS, "float32")


def vgg(layers, dtype="float32"):
    """An untrained VGG19 from pictures to the named layers; see `encoder`."""
    return encoder(PLAN, layers, Preprocessing(dtype="float32"), dtype)


def thin_vgg(widths, layers, dtype="float32"):
    """An untrained network of VGG19's plan with so many channels in each block; see `encoder`."""
    picture = keras.Input((None, None, 3), dtype="float32", name="pictures")
    return keras.Model(picture, thin_features(picture, widths, layers, dtype))


def thin_features(picture, widths, layers, dtype="float32"):
    """What a thin VGG19 makes of pictures (n, H, W, 3) in 0..1; see `features`."""
    plan = [(width, count) for width, (_, count) in zip(widths, PLAN, strict=True)]
    return features(keras.layers.Rescaling(*CENTRED, dtype="float32", name="door")(picture), plan, layers, dtype)


def vgg16_features(picture, layers, dtype="float32"):
    """What VGG16 makes of pictures (n, H, W, 3) in 0..1, its colours in the order red, green, blue; see `features`.

    The order is RGB because no built-in layer turns it: Keras's weights of the first kernel are to be turned instead.
    """
    door = keras.layers.Rescaling(255.0, [-mean for mean in reversed(MEANS)], dtype="float32", name="door")
    return features(door(picture), PLAN16, layers, dtype)


def encoder(plan, layers, door, dtype="float32"):
    """A network from pictures (n, H, W, 3) in 0..1 to `features`; `door`: makes of 0..1 what the weights are for."""
    picture = keras.Input((None, None, 3), dtype="float32", name="pictures")
    return keras.Model(picture, features(door(picture), plan, layers, dtype))


def features(x, plan, layers, dtype="float32"):
    """{layer: its features after ReLU, (n, h, w, channels)} of what came through the door, x (n, H, W, 3).

    plan: the channels of each block and how many convolutions it has. It ends with the last of `layers`, names such as
    block4_conv2 or block4_pool.
    """
    found = {}
    for layer in _steps(plan, dtype):
        x = layer(x)
        if layer.name in layers:
            found[layer.name] = x
        if len(found) == len(layers):
            return found


def _steps(plan, dtype):
    """The layers of a plan, one after the other, named as in keras.applications."""
    for block, (channels, count) in enumerate(plan, 1):
        for number in range(1, count + 1):
            name = f"block{block}_conv{number}"
            yield keras.layers.Conv2D(
                channels, 3, padding="same", activation="relu", kernel_initializer="he_normal", name=name, dtype=dtype
            )
        yield keras.layers.MaxPooling2D(name=f"block{block}_pool", dtype=dtype)


def thin(widths, layers, dtype="float32"):
    """A thin network whose features at `layers` have the lengths and angles that they have in VGG19.

    That is what the last, linear step is for: distances and Gram matrices are, but for what the thin network does not
    see, those of VGG19's features, though these have more channels.
    """
    network = thin_vgg(widths, layers, dtype)
    spaces = {
        layer: keras.layers.Dense(x.shape[-1], use_bias=False, name=f"{layer}_space", dtype=dtype)(x)
        for layer, x in network.output.items()
    }
    return keras.Model(network.input, spaces, name="thin")


THIN = {"thin": thin}
