"""The segmentation networks: pictures (N, size, size, 3), 0..1, in, logits (N, size, size, classes) out.

Each docstring names the departures from the published network. All networks keep their logits in float32: in bfloat16
a loss would miss the small differences that it learns from.
"""

from contextlib import contextmanager

import keras
from keras import Input, Model, layers

from networks.vgg import thin_features, vgg16_features

SKIPS = ("block1_conv2", "block2_conv2", "block3_conv4", "block4_conv4", "block5_conv1")
POOLS = ("block3_pool", "block4_pool", "block5_pool")
MOBILE_SKIPS = ("block_1_expand_relu", "block_3_expand_relu", "block_6_expand_relu", "block_13_expand_relu")
MOBILE_LAST = "block_16_project"
EVERYWHERE = tuple(f"down{level}_pool" for level in (1, 2, 3, 4)) + tuple(f"up{level}_join" for level in (1, 2, 3, 4))


def padded_network(name, size, step, scores, rest=0):
    """Make a network of `scores`, a function from pictures to logits whose sides must be multiples of `step` + `rest`.

    For any other size, the pictures are padded with black at the right and bottom, and the logits cropped again.
    """
    pictures = x = Input((size, size, 3), name="pictures")
    missing = ((0, (rest - size) % step),) * 2
    if missing[0][1]:
        x = layers.ZeroPadding2D(missing, dtype="float32", name="pad")(x)
    x = scores(x)
    if missing[0][1]:
        x = layers.Cropping2D(missing, dtype="float32", name="crop")(x)
    return Model(pictures, x, name=name)


# ---------------------------------------------------------------- U-Nets


def unet(size, classes=1, base=32, dtype="float32"):
    """The blog's U-Net: five encoder blocks of base, 2 base ... 16 base filters.

    Departures from Ronneberger et al.: padded convolutions (so the mask has the picture's size), dropout in the two
    deepest blocks, and one more 3x3 convolution before the logits.
    """

    def scores(x):
        x = _u_shape(x, base, dtype, dropped=("down4", "down5"))
        return _scores(_convolution(x, base, "last", dtype), classes)

    return padded_network("unet", size, 16, scores)


def unet_large(size, classes=1, base=64, dtype="float32"):
    """The blog's U-Net at the width of Ronneberger et al.: 64, 128 ... 1024 filters.

    Departures from Ronneberger et al.: padded convolutions; dropout after each pooling and each concatenation;
    transposed convolutions of 3x3 with a ReLU instead of 2x2 without one.
    """

    def scores(x):
        return _scores(_u_shape(x, base, dtype, dropped=EVERYWHERE, widened="relu"), classes)

    return padded_network("unet_large", size, 16, scores)


def _u_shape(x, base, dtype, dropped, widened=None):
    """Five levels down and up again: pictures (N, side, side, any) in, features (N, side, side, base) out.

    dropped: the names of the steps after which training drops 0.3 of the features. widened: the activation of the
    transposed convolutions.
    """

    def after(step, x):
        return _drop(x, step, dtype) if step in dropped else x

    skips = []
    for level in range(1, 6):
        if skips:
            pool = f"down{level - 1}_pool"
            x = after(pool, layers.MaxPooling2D(dtype=dtype, name=pool)(x))
        x = after(f"down{level}", _two_convolutions(x, base * 2 ** (level - 1), f"down{level}", dtype))
        skips.append(x)
    for level in (4, 3, 2, 1):
        filters, name = base * 2 ** (level - 1), f"up{level}"
        x = _widen(x, filters, f"{name}_widen", dtype, activation=widened)
        x = layers.Concatenate(dtype=dtype, name=f"{name}_join")([x, skips[level - 1]])
        x = _two_convolutions(after(f"{name}_join", x), filters, name, dtype)
    return x


def thin_unet(size, classes=1, base=16, dtype="float32"):
    """A U-Net whose encoder is a thin VGG19, so that it can start with what distill.py taught one.

    It goes one step deeper than VGG19 to see the whole picture, and predicts at half the size, enlarged.
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

    return padded_network("thin_unet", size, 32, scores)


# ---------------------------------------------------------------- networks on encoders that Keras has weights for


def fcn_vgg16(size, classes=1, dtype="float32"):
    """FCN-8s of Long et al. on VGG16: the logits of its last three poolings, enlarged and added up.

    Departures: without VGG16's two layers of 4096 (pool 5 goes straight into the first transposed convolution);
    padded instead of cropped; transposed convolutions start with random weights instead of interpolation.
    """

    def scores(x):
        third, fourth, fifth = vgg16_features(x, POOLS, dtype).values()
        x = _widen(fifth, classes, "widen5", dtype, kernel=4, use_bias=False)
        x = layers.Add(dtype=dtype, name="join4")([x, _pool_scores(fourth, classes, "score4", dtype)])
        x = _widen(x, classes, "widen4", dtype, kernel=4, use_bias=False)
        x = layers.Add(dtype=dtype, name="join3")([x, _pool_scores(third, classes, "score3", dtype)])
        return _widen(x, classes, "logits", "float32", kernel=16, stride=8)

    return padded_network("fcn_vgg16", size, 32, scores)


def _pool_scores(x, classes, name, dtype):
    """The logits of a pooling. They start at zero, as with Long et al., since VGG16's features go into the hundreds."""
    return layers.Conv2D(classes, 1, kernel_initializer="zeros", dtype=dtype, name=name)(x)


def mobilenetv2_unet(size, classes=1, dtype="float32"):
    """The U-Net of TensorFlow's segmentation tutorial, made for 128 px: a frozen MobileNetV2 and pix2pix's decoder.

    The encoder is useless until registry.load_encoder fills it, or lets it train if it starts without weights.
    """

    def scores(x):
        encoder = _mobilenet(x, dtype)
        x = encoder.get_layer(MOBILE_LAST).output
        for level, filters in ((4, 512), (3, 256), (2, 128), (1, 64)):
            x = _pix2pix(x, filters, f"up{level}", dtype)
            skip = encoder.get_layer(MOBILE_SKIPS[level - 1]).output
            x = layers.Concatenate(dtype=dtype, name=f"up{level}_join")([x, skip])
        return _widen(x, classes, "logits", "float32")

    return padded_network("mobilenetv2_unet", size, 32, scores)


def _mobilenet(pictures, dtype):
    """A frozen MobileNetV2, without its top, on pictures (N, side, side, 3) in 0..1."""
    x = layers.Rescaling(2.0, -1.0, dtype="float32", name="door")(pictures)
    with _policy(dtype):
        encoder = keras.applications.MobileNetV2(input_tensor=x, include_top=False, weights=None)
    encoder.trainable = False  # this also freezes its batch normalisations
    return encoder


@contextmanager
def _policy(dtype):
    """Give all layers made inside the block a dtype, which keras.applications does not accept as an argument."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(dtype)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _pix2pix(x, filters, name, dtype):
    """A decoder step of pix2pix (Isola et al.), with the tutorial's 3x3 kernel: twice the side, `filters` channels."""
    small = keras.initializers.RandomNormal(stddev=0.02)
    x = _widen(x, filters, f"{name}_widen", dtype, use_bias=False, kernel_initializer=small)
    x = layers.BatchNormalization(dtype=dtype, name=f"{name}_normal")(x)
    return layers.ReLU(dtype=dtype, name=f"{name}_relu")(x)


# ---------------------------------------------------------------- the smallest


def conv_deconv(size, classes=1, dtype="float32"):
    """Three convolutions down to half the size and two transposed ones up again: fast, with a small field of view."""

    def scores(x):
        x = _convolution(_convolution(x, 16, "down1_a", dtype), 32, "down1_b", dtype)
        x = layers.MaxPooling2D(dtype=dtype, name="down1_pool")(x)
        x = _convolution(x, 64, "down2", dtype)
        x = _widen(x, 64, "up1_widen", dtype, activation="relu")
        return _widen(x, classes, "logits", "float32", stride=1)

    return padded_network("conv_deconv", size, 2, scores)


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
