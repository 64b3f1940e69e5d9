"""The segmentation networks: pictures (N, size, size, 3), 0..1, in, logits (N, size, size, classes) out."""

from keras import Input, Model, layers


def unet(size, classes=1, base=32, dtype="float32"):
    """The blog's U-Net: five encoder blocks of base, 2 base ... 16 base filters; `size` divides by 16.

    Departures from Ronneberger et al.: padded convolutions (the mask has the picture's size, no crops),
    dropout in the two deepest blocks, and one more 3x3 convolution before the scores.
    """
    inputs = x = Input((size, size, 3), name="pictures")
    skips = []
    for level in range(5):
        x = _two_convolutions(x, base * 2**level, f"down{level + 1}", dtype)
        if level > 2:
            x = layers.Dropout(0.3, dtype=dtype, name=f"down{level + 1}_drop")(x)
        if level < 4:
            skips.append(x)
            x = layers.MaxPooling2D(dtype=dtype, name=f"down{level + 1}_pool")(x)
    for level in reversed(range(4)):
        filters, name = base * 2**level, f"up{level + 1}"
        x = layers.Conv2DTranspose(filters, 3, 2, padding="same", dtype=dtype, name=f"{name}_widen")(x)
        x = layers.Concatenate(dtype=dtype, name=f"{name}_join")([x, skips[level]])
        x = _two_convolutions(x, filters, name, dtype)
    x = _convolution(x, base, "last", dtype)
    # The scores stay in float32: a loss on bfloat16 logits loses the small differences that it learns from.
    return Model(inputs, layers.Conv2D(classes, 1, dtype="float32", name="logits")(x), name="unet")


def _two_convolutions(x, filters, name, dtype):
    return _convolution(_convolution(x, filters, f"{name}_a", dtype), filters, f"{name}_b", dtype)


def _convolution(x, filters, name, dtype):
    convolution = layers.Conv2D(
        filters, 3, padding="same", activation="relu", kernel_initializer="he_normal", dtype=dtype, name=name
    )
    return convolution(x)


NETWORKS = {"unet": unet}
