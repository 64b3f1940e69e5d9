"""The segmentation networks: pictures (N, size, size, 3), 0..1, in, logits (N, size, size, classes) out."""

from keras import Input, Model, layers

import saved
from vgg import thin_vgg

SKIPS = ("block1_conv2", "block2_conv2", "block3_conv4", "block4_conv4", "block5_conv1")


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


def thin_unet(size, classes=1, base=16, dtype="float32"):
    """A U-Net whose encoder is a thin VGG19, which may bring along what distill.py taught it.

    One step deeper than VGG19, for a view of the whole picture; scores at half of the size, enlarged.
    """
    seen = thin_vgg([base * width for width in (1, 2, 4, 8, 16)], SKIPS, dtype, size)
    skips = [seen.output[layer] for layer in SKIPS]
    x = layers.MaxPooling2D(padding="same", dtype=dtype, name="deepest_pool")(skips[-1])
    x = _two_convolutions(x, 16 * base, "deepest", dtype)
    x = layers.Dropout(0.3, dtype=dtype, name="deepest_drop")(x)
    for level, filters in ((4, 8 * base), (3, 6 * base), (2, 4 * base), (1, 2 * base)):
        x = layers.UpSampling2D(dtype=dtype, name=f"up{level + 1}_widen")(x)
        odd = [(0, x.shape[axis] - skips[level].shape[axis]) for axis in (1, 2)]
        x = layers.Cropping2D(odd, dtype=dtype, name=f"up{level + 1}_crop")(x) if any(map(any, odd)) else x
        x = layers.Concatenate(dtype=dtype, name=f"up{level + 1}_join")([x, skips[level]])
        x = _two_convolutions(x, filters, f"up{level + 1}", dtype)
    x = layers.Conv2D(classes, 1, dtype="float32", name="logits")(x)
    x = layers.UpSampling2D(interpolation="bilinear", dtype="float32", name="full_size")(x)
    return Model(seen.input, x, name="thin_unet")


NETWORKS = {"unet": unet, "thin_unet": thin_unet}


def build(record, dtype="float32"):
    """The untrained network that a record describes."""
    return saved.build_network(NETWORKS, record, dtype)


def load_network(model):
    """Read the network that --model names, and its record: (keras.Model, dict)."""
    return saved.load_network("--model", model, NETWORKS)
