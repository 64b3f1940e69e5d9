"""DeepLabV3 (Chen et al.) on MobileNetV2 (Sandler et al.), with a small decoder that sharpens what it finds.

Departures: image pooling without the atrous pyramid, as in the published small network whose weights train.py takes;
batch normalisations folded into kernels and biases, as those weights have them; the decoder is ours.
"""

from keras import layers

from segmentation.architectures import padded_network

STRIDE = 16  # pixels of a picture for each position of the deepest features
# (width, repeats, stride, dilation) of MobileNetV2's groups of blocks. The last ones dilate instead of shrinking.
PLAN = ((16, 1, 1, 1), (24, 2, 2, 1), (32, 3, 2, 1), (64, 4, 2, 1), (96, 3, 1, 1), (160, 1, 1, 1))
PLAN += ((160, 2, 1, 2), (320, 1, 1, 2))
WIDENING = 6  # times that a block widens its channels, except the first block
HEAD = 256  # channels of the parts that see the whole picture
DECODER = ((5, 48), (2, 32), (0, 16))  # the block whose features each step adds, and its width
SQUEEZED = 64  # channels that the decoder takes over from the head
LAST = "logits"  # the last layer that the published weights fill


def deeplab(size, classes=1, dtype="float32"):
    """DeepLabV3 with our decoder, whose part of the logits begins at zero: untrained, it changes nothing."""
    return padded_network("deeplab", size, STRIDE, lambda x: _scores(x, classes, dtype), rest=1)


def _scores(x, classes, dtype):
    """Logits (N, side, side, classes), float32, for pictures (N, side, side, 3) in 0..1 of a side 16 n + 1."""
    x = layers.Rescaling(2.0, -1.0, dtype="float32", name="door")(x)
    blocks = _trunk(_convolution(x, 32, "Conv", dtype, kernel=3, strides=2), dtype)
    x = _head(blocks[-1], dtype)
    logits = layers.Conv2D(classes, 1, dtype="float32", name=LAST)(x)
    x = _convolution(x, SQUEEZED, "decoder_squeeze", dtype, activation="relu")
    for block, width in DECODER:
        x = _double(x, f"decoder_{block}", dtype)
        x = layers.Concatenate(dtype=dtype, name=f"decoder_{block}_join")([x, blocks[block]])
        for part in "ab":
            x = _convolution(x, width, f"decoder_{block}_{part}", dtype, kernel=3, activation="relu")
        logits = _double(logits, f"logits_{block}", "float32")
    detail = layers.Conv2D(classes, 1, kernel_initializer="zeros", dtype="float32", name="logits_detail")(x)
    logits = layers.Add(dtype="float32", name="logits_sum")([logits, detail])
    return _double(logits, "full_size", "float32")


def _trunk(x, dtype):
    """The outputs of MobileNetV2's 17 blocks, from features at half the size."""
    outputs = []
    for width, repeats, stride, dilation in PLAN:
        for repeat in range(repeats):
            name = f"expanded_conv_{len(outputs)}".removesuffix("_0")
            x = _block(x, width, stride if repeat == 0 else 1, dilation, name, dtype)
            outputs.append(x)
    return outputs


def _block(x, width, stride, dilation, name, dtype):
    """Widen, look around in each channel, narrow again; and add the input where the shapes agree."""
    before = x
    if name != "expanded_conv":
        x = _convolution(x, WIDENING * x.shape[-1], f"{name}-expand", dtype)
    x = layers.DepthwiseConv2D(
        *(3, stride),
        padding="same",
        dilation_rate=dilation,
        activation="relu6",
        depthwise_initializer="he_normal",
        dtype=dtype,
        name=f"{name}-depthwise",
    )(x)
    x = _convolution(x, width, f"{name}-project", dtype, activation=None)
    return layers.Add(dtype=dtype, name=f"{name}-add")([before, x]) if before.shape == x.shape else x


def _head(x, dtype):
    """Features (N, h, w, HEAD) that know the whole picture, from the trunk's."""
    pooled = layers.GlobalAveragePooling2D(keepdims=True, dtype=dtype, name="mean")(x)
    pooled = _convolution(pooled, HEAD, "image_pooling", dtype, activation="relu")
    pooled = layers.UpSampling2D(x.shape[1:3], dtype=dtype, name="everywhere")(pooled)
    near = _convolution(x, HEAD, "aspp0", dtype, activation="relu")
    x = layers.Concatenate(dtype=dtype, name="near_and_far")([pooled, near])
    return _convolution(x, HEAD, "concat_projection", dtype, activation="relu")


def _double(x, name, dtype):
    """Enlarge features from a side n to 2 n - 1 bilinearly, such that the corners stay in place.

    Repeating each pixel and averaging neighbours is just that, and needs nothing but Keras's own layers.
    """
    x = layers.UpSampling2D(dtype=dtype, name=f"{name}_repeat")(x)
    return layers.AveragePooling2D(2, 1, dtype=dtype, name=f"{name}_between")(x)


def _convolution(x, filters, name, dtype, kernel=1, strides=1, activation="relu6"):
    convolution = layers.Conv2D(
        filters,
        kernel,
        strides,
        padding="same",
        activation=activation,
        kernel_initializer="he_normal",
        dtype=dtype,
        name=name,
    )
    return convolution(x)
