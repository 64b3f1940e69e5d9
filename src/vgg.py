"""Networks of VGG's kind (Simonyan and Zisserman): blocks of 3x3 convolutions, each block half the size of the last."""

import keras

PLAN = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))  # VGG19: the channels of each block, and its convolutions
MEANS = (103.939, 116.779, 123.68)  # ImageNet's mean blue, green and red, which VGG19's weights were trained without
CENTRED = (4.0, -2.0)  # what a thin network makes of 0..1: numbers around 0 that its biases can reach


class Preprocessing(keras.layers.Layer):
    """RGB in 0..1 as the blue, green and red in 0..255, less their means, that VGG19 was trained on."""

    def call(self, picture):
        return keras.ops.flip(picture, axis=-1) * 255.0 - keras.ops.convert_to_tensor(MEANS, "float32")


def vgg(layers, dtype="float32"):
    """An untrained VGG19 from pictures to the named layers; see `encoder`."""
    return encoder(PLAN, layers, Preprocessing(dtype="float32"), dtype)


def thin_vgg(widths, layers, dtype="float32", side=None):
    """An untrained network of VGG19's plan with so many channels in each block; see `encoder`."""
    plan = [(width, count) for width, (_, count) in zip(widths, PLAN, strict=True)]
    return encoder(plan, layers, keras.layers.Rescaling(*CENTRED, dtype="float32"), dtype, side)


def encoder(plan, layers, door, dtype="float32", side=None):
    """Pictures (n, H, W, 3) in 0..1 to {layer: its features after ReLU, (n, h, w, channels)}.

    plan: the channels of each block and how many convolutions it has. It ends with the last of `layers`, names such as
    block4_conv2. door: the layer that makes of 0..1 what the weights are for. side: of square pictures; None: any size.
    """
    picture = keras.Input((side, side, 3), dtype="float32", name="pictures")
    x, found = door(picture), {}
    for block, (channels, count) in enumerate(plan, 1):
        for number in range(1, count + 1):
            name = f"block{block}_conv{number}"
            convolution = keras.layers.Conv2D(
                channels, 3, padding="same", activation="relu", kernel_initializer="he_normal", name=name, dtype=dtype
            )
            x = convolution(x)
            if name in layers:
                found[name] = x
            if len(found) == len(layers):
                return keras.Model(picture, found)
        x = keras.layers.MaxPooling2D(dtype=dtype)(x)


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
