"""Segmenters of KerasHub with random weights, small enough to build and save in seconds."""

import keras

SIDE = 64


def segformer(hub, classes, side=SIDE):
    encoder = hub.models.MiTBackbone(
        layerwise_depths=[1, 1, 1, 1],
        num_layers=4,
        layerwise_num_heads=[1, 1, 2, 2],
        layerwise_sr_ratios=[8, 4, 2, 1],
        layerwise_patch_sizes=[7, 3, 3, 3],
        layerwise_strides=[4, 2, 2, 2],
        hidden_dims=[4, 8, 12, 16],
        max_drop_path_rate=0.0,
        image_shape=(side, side, 3),
    )
    converter = hub.layers.SegFormerImageConverter(image_size=(side, side), scale=1 / 255, offset=-0.5)
    return hub.models.SegFormerImageSegmenter(
        hub.models.SegFormerBackbone(encoder, projection_filters=8),
        num_classes=classes,
        preprocessor=hub.models.SegFormerImageSegmenterPreprocessor(converter),
    )


def deeplab(hub, classes, activation=None, image_size=(SIDE, SIDE)):
    encoder = hub.models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[7],
        stackwise_num_filters=[64, 8, 8, 8],
        stackwise_num_blocks=[1, 1, 1, 1],
        stackwise_num_strides=[1, 2, 2, 2],
        block_type="basic_block",
    )
    backbone = hub.models.DeepLabV3Backbone(
        image_encoder=encoder,
        low_level_feature_key="P2",
        spatial_pyramid_pooling_key="P4",
        dilation_rates=[2, 4],
        upsampling_size=4,
        projection_filters=8,
    )
    converter = hub.layers.DeepLabV3ImageConverter(image_size=image_size, scale=1 / 255)
    return hub.models.DeepLabV3ImageSegmenter(
        backbone,
        num_classes=classes,
        activation=activation,
        preprocessor=hub.models.DeepLabV3ImageSegmenterPreprocessor(converter),
    )


def saved_presets(hub, folder):
    """Save a segmenter of each kind; returns {name: (its folder, the segmenter)}."""
    keras.utils.set_random_seed(6)
    made = {
        "segformer_tiny_ade20k_64": segformer(hub, 150),
        "deeplab_tiny_pascalvoc": deeplab(hub, 21, "softmax"),
    }
    for name, segmenter in made.items():
        segmenter.save_to_preset(str(folder / name))
    return {name: (folder / name, segmenter) for name, segmenter in made.items()}
