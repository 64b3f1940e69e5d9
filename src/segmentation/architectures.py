"""What the segmentation networks are: pictures (N, size, size, 3), 0..1, in, logits (N, size, size, classes) out.

Each says where it departs from the one that was published. All of them leave the scores in float32: a loss on
bfloat16 logits loses the small differences that it learns from.
"""

from keras import Input, Model, layers

from vgg import thin_features

SKIPS = ("block1_conv2", "block2_conv2", "block3_conv4", "block4_conv4", "block5_conv1")


def _network(name, size, step, scores):
    """The network of a function from pictures to scores, where both have a side that divides by `step`.

    Any other size is padded with black at the right and at the bottom, and the scores are cropped by as much.
    """
    pictures = x = Input((size, size, 3), name="pictures")
    missing = ((0, -size % step),) * 2
    if size % step:
        x = layers.ZeroPadding2D(missing, dtype="float32", name="pad")(x)
    x = scores(x)
    if size % step:
        x = layers.Cropping2D(missing, dtype="float32", name="crop")(x)
    return Model(pictures, x, name=name)


def unet(size, classes=1, base=32, dtype="float32"):
    """The blog's U-Net: five encoder blocks of base, 2 base ... 16 base filters.

    Departures from Ronneberger et al.: padded convolutions (the mask has the picture's size, no crops),
    dropout in the two deepest blocks, and one more 3x3 convolution before the scores.
    """

    def scores(x):
        x = _u_shape(x, base, dtype, dropped=("down4", "down5"))
        return _scores(_convolution(x, base, "last", dtype), classes)

    return _network("unet", size, 16, scores)


def _u_shape(x, base, dtype, dropped):
    """Features (N, side, side, base) of pictures, on the way down and up; dropout after the steps `dropped`."""

    def after(step, x):
        return _drop(x, step, dtype) if step in dropped else x

    skips = []
    for level in range(1, 6):
        if skips:
            pool = f"down{level - 1}_pool"
            x = layers.MaxPooling2D(dtype=dtype, name=pool)(x)
        x = after(f"down{level}", _two_convolutions(x, base * 2 ** (level - 1), f"down{level}", dtype))
        skips.append(x)
    for level in (4, 3, 2, 1):
        filters, name = base * 2 ** (level - 1), f"up{level}"
        x = _widen(x, filters, f"{name}_widen", dtype)
        x = layers.Concatenate(dtype=dtype, name=f"{name}_join")([x, skips[level - 1]])
        x = _two_convolutions(x, filters, name, dtype)
    return x


def thin_unet(size, classes=1, base=16, dtype="float32"):
    """A U-Net whose encoder is a thin VGG19, which may bring along what distill.py taught it.

    One step deeper than VGG19, for a view of the whole picture; scores at half of the size, enlarged.
    """

    def scores(x):
        skips = list(thin_features(x, [base * width for width in (1, 2, 4, 8, 16)], SKIPS, dtype).values())
        x = layers.MaxPooling2D(dtype=dtype, name="deepest_pool")(skips[-1])
        x = _two_convolutions(x, 16 * base, "deepest", dtype)
        x = _drop(x, "deepest", dtype)
        for level, filters in ((5, 8 * base), (4, 6 * base), (3, 4 * base), (2, 2 * base)):
            x = layers.UpSampling2D(dtype=dtype, name=f"up{level}_widen")(x)
            x = layers.Concatenate(dtype=dtype, name=f"up{level}_join")([x, skips[level - 1]])
            x = _two_convolutions(x, filters, f"up{level}", dtype)
        x = _scores(x, classes)
        return layers.UpSampling2D(interpolation="bilinear", dtype="float32", name="full_size")(x)

    return _network("thin_unet", size, 32, scores)


# ---------------------------------------------------------------- steps


def _scores(x, classes):
    return layers.Conv2D(classes, 1, dtype="float32", name="logits")(x)


def _two_convolutions(x, filters, name, dtype):
    return _convolution(_convolution(x, filters, f"{name}_a", dtype), filters, f"{name}_b", dtype)


def _convolution(x, filters, name, dtype):
    convolution = layers.Conv2D(
        filters, 3, padding="same", activation="relu", kernel_initializer="he_normal", dtype=dtype, name=name
    )
    return convolution(x)


def _widen(x, filters, name, dtype, kernel=3, stride=2, **more):
    """A transposed convolution: features (N, h, w, any) to (N, stride h, stride w, filters)."""
    return layers.Conv2DTranspose(filters, kernel, stride, padding="same", dtype=dtype, name=name, **more)(x)


def _drop(x, name, dtype):
    return layers.Dropout(0.3, dtype=dtype, name=f"{name}_drop")(x)
