"""Train a network that finds people, or other things, in photographs.

Usage:
  train.py [options]
  train.py --help

Options:
  --data=<dir>            The folder of the data set [default: data/people_segmentation].
  --layout=<name>         How it is laid out: people (images/ and masks/), pets (Oxford-IIIT), ade20k, helen;
                          auto looks [default: auto].
  --model=<file>          Where the network goes, .keras or .h5; its record goes beside it and the state of
                          the run into the folder of the same name that ends in .run
                          [default: model/Unet_model.keras].
  --network=<name>        unet: the blog's; unet_large: the same with more dropout, 64 filters wide; thin_unet: on a
                          thin VGG19, which distill.py teaches; fcn_vgg16: on VGG16; mobilenetv2_unet: on
                          MobileNetV2, made for 128 px; conv_deconv: five layers [default: unet].
  --encoder_weights=<w>   What the encoder of fcn_vgg16 and mobilenetv2_unet begins with: imagenet (downloaded once),
                          none, or a file of Keras's weights without the top [default: imagenet].
  --init=<file>           Begin as this network wherever layers have the same name and shape.
  --size=<px>             The side of the square that pictures are scaled and padded to [default: 320].
  --base=<n>              Filters of the first block, 32 in unet, 64 in unet_large, 16 in thin_unet if left out.
  --epochs=<n>            How often each picture is seen [default: 40].
  --batch_size=<n>        Pictures per step [default: 16].
  --learning_rate=<x>     The learning rate at the start [default: 0.001].
  --schedule=<name>       How the rate goes on: cosine (down to a hundredth) or constant [default: cosine].
  --optimizer=<name>      adam, adamw, rmsprop or sgd (with momentum) [default: adam].
  --loss=<name>           cross_entropy, dice, both (their sum) or focal [default: both].
  --class_weights=<how>   none, or auto: the rarer a class is, the more it counts [default: none].
  --ignore=<classes>      Classes that do not count, with commas between them, or none; if left out, those of the
                          layout: other of ade20k.
  --augment=<on|off>      Whether to flip, zoom, shift, turn, recolour and paste figures [default: on].
  --validation=<share>    The share of pictures held back to score on, chosen by their names [default: 0.2];
                          of a set that comes split it is that of its own split; 0 scores on none.
  --nobody=<dirs>         Folders of photos without a figure to learn from, too, with commas between them: of animals,
                          things, places, that a network otherwise takes for people.
  --sources=<names>       Balance the sources of the pictures, told by how their names begin, with commas between
                          them: each is drawn by the square root of its number.
  --patience=<n>          Epochs without a better score after which the run ends [default: 10].
  --precision=<name>      auto (measured on this machine), float32 or bfloat16 [default: auto].
  --seed=<n>              Same seed, same machine: same network [default: 2022].
  --tensorboard=<dir>     Also write logs for TensorBoard.
  --resume                Continue the run that was interrupted.
  --help                  Show this text.

Examples:
  train.py
  train.py --base=16 --size=256 --model=model/small.keras
  train.py --resume
"""

import importlib.util

from command.options import list_of, number, one_of, path, path_or, quiet_libraries, read_options, text, whole
from command.places import check_file, check_place
from command.process import locked, run
from utils import UserError, shown

OPTIONS = {
    "--data": path,
    "--layout": one_of("auto", "people", "pets", "ade20k", "helen"),
    "--model": path,
    "--network": one_of("unet", "unet_large", "thin_unet", "fcn_vgg16", "mobilenetv2_unet", "conv_deconv"),
    "--encoder_weights": path_or("imagenet", "none"),
    "--init": path,
    "--size": whole(32, 2048),
    "--base": whole(1, 256),
    "--epochs": whole(1, 100_000),
    "--batch_size": whole(1, 4096),
    "--learning_rate": number(1e-8, 10),
    "--schedule": one_of("constant", "cosine"),
    "--optimizer": one_of("adam", "adamw", "rmsprop", "sgd"),
    "--loss": one_of("cross_entropy", "dice", "both", "focal"),
    "--class_weights": one_of("none", "auto"),
    "--ignore": list_of(text),
    "--augment": one_of("on", "off"),
    "--validation": number(0, 0.9),
    "--nobody": list_of(path),
    "--sources": list_of(text),
    "--patience": whole(1, 100_000),
    "--precision": one_of("auto", "float32", "bfloat16"),
    "--seed": whole(0, 2**31 - 1),
    "--tensorboard": path,
}


def main(argv):
    options = read_options(__doc__, OPTIONS, argv)
    check(options)
    with quiet_libraries():
        from segmentation.training import train
    with locked([("--model", options["model"].with_suffix(".run"))]):
        train(**options)


def check(options):
    """Refuse what no single option's check can see, before Keras loads."""
    if options["model"].suffix not in (".keras", ".h5"):
        raise UserError(f"--model={shown(options['model'])} must end in .keras or .h5")
    check_file("--model", options["model"])
    if options["tensorboard"]:
        check_place("--tensorboard", options["tensorboard"] / "train")
    if not str(options["tensorboard"]).isprintable():  # TensorFlow takes no other names
        raise UserError(f"--tensorboard={shown(options['tensorboard'])} must be plain text; name another folder")
    for package in ("tensorflow", "tensorboard"):
        if options["tensorboard"] and not importlib.util.find_spec(package):
            raise UserError(f"--tensorboard needs {package}, with every backend: pip install {package}")


if __name__ == "__main__":
    run(main)
