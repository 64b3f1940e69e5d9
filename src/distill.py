"""Teach a thin network to see pictures as VGG19 does, so that painting takes seconds.

Usage:
  distill.py [options]
  distill.py --help

Options:
  --photos=<dirs>        Folders of photos to learn on, with commas between them
                         [default: data/people_segmentation/images].
  --paintings=<dirs>     Folders of paintings to learn on, too [default: examples/styles].
  --vgg_weights=<file>   The weights of VGG19, instead of those that Keras downloads once.
  --model=<file>         Where the network goes, .keras; its record goes beside it and the state of the run into the
                         folder of the same name that ends in .run [default: model/mini.keras].
  --widths=<numbers>     The channels of its five blocks; VGG19 has 64,128,256,512,512 [default: 16,32,64,192,256].
  --init=<file>          Begin as this network, which distill.py wrote, and not as a pruned VGG19.
  --size=<px>            The side of the square pieces of pictures [default: 128].
  --batch_size=<n>       Pieces per step [default: 8].
  --canvases=<n>         How many pictures it paints meanwhile, and learns from [default: 4].
  --steps=<n>            Steps of an epoch, after which new canvases are begun [default: 100].
  --epochs=<n>           How many epochs [default: 50].
  --learning_rate=<x>    The rate of Adam at the start; it falls to a hundredth [default: 0.0001].
  --precision=<name>     auto (measured on this machine), float32 or bfloat16 [default: auto].
  --seed=<n>             Same seed, same machine: same network [default: 2022].
  --resume               Continue the run that was interrupted.
  --help                 Show this text.

Example:
  distill.py --photos=data/people_segmentation/images,holiday --paintings=museum
"""

from command.options import list_of, number, one_of, path, quiet_libraries, read_options, whole
from command.places import check_ending, check_file
from command.process import locked, run
from utils import UserError

OPTIONS = {
    "--photos": list_of(path),
    "--paintings": list_of(path),
    "--vgg_weights": path,
    "--model": path,
    "--widths": list_of(whole(1, 512)),
    "--init": path,
    "--size": whole(32, 1024),
    "--batch_size": whole(1, 4096),
    "--canvases": whole(0, 4096),
    "--steps": whole(1, 1_000_000),
    "--epochs": whole(1, 100_000),
    "--learning_rate": number(1e-8, 10),
    "--precision": one_of("auto", "float32", "bfloat16"),
    "--seed": whole(0, 2**31 - 1),
}
BLOCKS = 5


def main(argv):
    options = read_options(__doc__, OPTIONS, argv)
    if len(options["widths"]) != BLOCKS:
        given = ",".join(map(str, options["widths"]))
        raise UserError(f"--widths={given} must have {BLOCKS} numbers, one for each block of VGG19")
    for option in ("model", "init"):
        if options[option]:
            check_ending(f"--{option}", options[option], (".keras", ".h5"))
    check_file("--model", options["model"])
    with quiet_libraries():
        from distilling.distillation import distill
    with locked([("--model", options["model"].with_suffix(".run"))]):
        distill(**options)


if __name__ == "__main__":
    run(main)
