"""Train a network that finds people, or other things, in photographs.

Usage:
  train.py [options]
  train.py --help

Options:
  --data=<dir>            The folder of the data set [default: data/people_segmentation].
  --layout=<name>         The layout of the data set: people (images/ and masks/), classes (images/, masks/ and
                          classes.txt, a name on each line), voc (the 21 classes of Pascal VOC), pets (Oxford-IIIT),
                          ade20k or helen; auto looks at its folders [default: auto].
  --partial=<sets>        Folders of the same layout in which only some classes are labelled, separated by commas,
                          with these classes: people:person,traffic:person+car. All else there may be anything
                          but these.
  --model=<file>          The network to write, .keras or .h5. Its record goes beside it, and the state of the run
                          into the folder with the same name and the ending .run
                          [default: model/Unet_model.keras].
  --network=<name>        unet: the blog's; unet_large: 64 filters wide, with more dropout; thin_unet: on a thin
                          VGG19 that distill.py teaches; fcn_vgg16: on VGG16; mobilenetv2_unet: on MobileNetV2,
                          made for 128 px; conv_deconv: five layers; deeplab: DeepLabV3 on MobileNetV2 with a
                          decoder [default: unet].
  --encoder_weights=<w>   Initial weights for the encoder of fcn_vgg16 and mobilenetv2_unet: imagenet (downloaded
                          once), none, or a file of Keras's weights without the top. For deeplab: none, or a .npz
                          file of its weights, batch norms folded in [default: imagenet].
  --encoder_rate=<share>  The encoder's learning rate, as a share of that of the rest; 0 freezes it [default: 1].
  --encoder_frozen=<n>    How many of the encoder's first layers keep their weights; that saves much time
                          [default: 0].
  --init=<file>           Start with the weights of this network in all layers with the same name and shape.
  --size=<px>             The side of the squares to which pictures are scaled and padded [default: 320].
  --base=<n>              Filters of the first block; if left out, 32 for unet, 64 for unet_large, 16 for thin_unet.
  --epochs=<n>            How often each picture is seen [default: 40].
  --steps=<n>             Steps in an epoch, if it should not go through all pictures.
  --batch_size=<n>        Pictures in a step [default: 16].
  --learning_rate=<x>     The learning rate at the start [default: 0.001].
  --schedule=<name>       What the learning rate does: cosine (falls to a hundredth) or constant [default: cosine].
  --optimizer=<name>      adam, adamw, rmsprop or sgd (with momentum) [default: adam].
  --loss=<name>           cross_entropy, dice, both (their sum) or focal [default: both].
  --class_weights=<how>   none, or auto: rare classes count more [default: none].
  --ignore=<classes>      Classes that do not count, separated by commas, or none; if left out, those of the layout
                          (other in ade20k).
  --augment=<on|off>      Whether to flip, zoom, shift, rotate, recolour and paste figures [default: on].
  --validation=<share>    The share of pictures held back for scoring, chosen by their names [default: 0.2]. If the
                          data set has a split of its own, that is used; 0 scores on none.
  --nobody=<dirs>         Folders of photos without people, separated by commas, to learn from as well: animals,
                          things, places that a network might mistake for people.
  --nobody_share=<share>  The share of pictures without people, or what else the figure is, among those drawn; if
                          left out, they are drawn like all others.
  --sources=<names>       Balance the sources of the pictures, separated by commas. File names begin with their
                          source; each is drawn in proportion to the square root of its size, or, as in coco:3,
                          three times as often.
  --blend=<share>         How far the network that is written goes from the initial weights to the trained ones.
                          With --resume, also after the training [default: 1].
  --second_size=<px>      The size at which the network looks at a photo again if the figure is small in it. It
                          finds finer edges, and takes longer. With --resume, also after the training.
  --patience=<n>          Stop after so many epochs without a better score [default: 10].
  --precision=<name>      auto (the faster one on this machine), float32 or bfloat16 [default: auto].
  --devices=<n>           Train on so many devices, or all, each with a share of the batch; needs
                          KERAS_BACKEND=jax. One if left out.
  --seed=<n>              The same seed on the same machine gives the same network [default: 2022].
  --tensorboard=<dir>     Also write logs for TensorBoard.
  --resume                Continue the run that was interrupted.
  --help                  Show this text.

Examples:
  train.py
  train.py --base=16 --size=256 --model=model/small.keras
  train.py --resume
"""

import importlib.util

from command.options import (
    TRAINING_OPTIONS,
    list_of,
    number,
    one_of,
    path,
    path_or,
    quiet_libraries,
    read_options,
    text,
    whole,
)
from command.places import check_network, check_place, run_of
from command.process import locked, run
from utils import UserError, shown


def labelled_folder(name, value):
    """A check for <folder>:<class>+<class>, which gives (folder, (class, ...))."""
    folder, colon, classes = value.rpartition(":")
    if not colon or not all(classes.split("+")):
        raise UserError(f"{name}={shown(value)} names no classes; give <folder>:<class>+<class>")
    return path(name, folder), tuple(classes.split("+"))


def weighted(name, value):
    """A check for <source> or <source>:<factor>."""
    source, colon, factor = text(name, value).partition(":")
    if colon:
        number(0.01, 100)(f"{name}={shown(source)}:", factor)
    return value


OPTIONS = TRAINING_OPTIONS | {
    "--data": path,
    "--layout": one_of("auto", "people", "pets", "ade20k", "helen", "voc", "classes"),
    "--partial": list_of(labelled_folder),
    "--network": one_of("unet", "unet_large", "thin_unet", "fcn_vgg16", "mobilenetv2_unet", "conv_deconv", "deeplab"),
    "--encoder_weights": path_or("imagenet", "none"),
    "--encoder_rate": number(0, 1),
    "--encoder_frozen": whole(0, 1000),
    "--size": whole(32, 2048),
    "--base": whole(1, 256),
    "--schedule": one_of("constant", "cosine"),
    "--optimizer": one_of("adam", "adamw", "rmsprop", "sgd"),
    "--loss": one_of("cross_entropy", "dice", "both", "focal"),
    "--class_weights": one_of("none", "auto"),
    "--ignore": list_of(text),
    "--augment": one_of("on", "off"),
    "--validation": number(0, 0.9),
    "--nobody": list_of(path),
    "--nobody_share": number(0.01, 0.99),
    "--sources": list_of(weighted),
    "--steps": whole(1, 100_000),
    "--blend": number(0, 1),
    "--second_size": whole(32, 2048),
    "--patience": whole(1, 100_000),
    "--tensorboard": path,
}


def main(argv):
    options = read_options(__doc__, OPTIONS, argv)
    check_network(options)
    check_tensorboard(options["tensorboard"])
    with quiet_libraries():
        from segmentation.training import train
    with locked([run_of(options)]):
        train(**options)


def check_tensorboard(folder):
    """Refuse a folder that TensorBoard's callback cannot use, and name packages that are missing."""
    if not folder:
        return
    check_place("--tensorboard", folder / "train")
    if not str(folder).isprintable():  # TensorFlow accepts no other names
        raise UserError(f"--tensorboard={shown(folder)} must be plain text; name another folder")
    for package in ("tensorflow", "tensorboard"):
        if not importlib.util.find_spec(package):
            raise UserError(f"--tensorboard needs {package}, with every backend: pip install {package}")


if __name__ == "__main__":
    run(main)
