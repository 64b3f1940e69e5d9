"""Teach a thin network to see pictures as VGG19 does, so that painting takes seconds.

Usage:
  distill.py [options]
  distill.py --help

Options:
  --photos=<dirs>        Folders of photos to learn from, separated by commas
                         [default: data/people_segmentation/images].
  --paintings=<dirs>     Folders of paintings to learn from as well [default: examples/styles].
  --vgg_weights=<file>   The weights of VGG19, instead of those that Keras downloads once.
  --model=<file>         The network to write, .keras or .h5. Its record goes beside it, and the state of the run
                         into the folder with the same name and the ending .run [default: model/mini.keras].
  --widths=<numbers>     The channels of its five blocks; VGG19 has 64,128,256,512,512 [default: 16,32,64,192,256].
  --init=<file>          Start with the weights of this network, which distill.py wrote, not as a pruned VGG19.
  --size=<px>            The side of the square crops [default: 128].
  --batch_size=<n>       Crops in a step [default: 8].
  --canvases=<n>         How many pictures it paints meanwhile, and learns from [default: 4].
  --steps=<n>            Steps in an epoch; each epoch starts new canvases [default: 100].
  --epochs=<n>           How many epochs [default: 50].
  --learning_rate=<x>    The learning rate at the start; it falls to a hundredth [default: 0.0001].
  --precision=<name>     auto (the faster one on this machine), float32 or bfloat16 [default: auto].
  --seed=<n>             The same seed on the same machine gives the same network [default: 2022].
  --resume               Continue the run that was interrupted.
  --help                 Show this text.

Example:
  distill.py --photos=data/people_segmentation/images,holiday --paintings=museum
"""

from command.options import TRAINING_OPTIONS, list_of, path, quiet_libraries, read_options, whole
from command.places import check_network, run_of
from command.process import locked, run
from utils import UserError

OPTIONS = TRAINING_OPTIONS | {
    "--photos": list_of(path),
    "--paintings": list_of(path),
    "--vgg_weights": path,
    "--widths": list_of(whole(1, 512)),
    "--size": whole(32, 1024),
    "--canvases": whole(0, 4096),
    "--steps": whole(1, 1_000_000),
}
BLOCKS = 5


def main(argv):
    options = read_options(__doc__, OPTIONS, argv)
    if len(options["widths"]) != BLOCKS:
        given = ",".join(map(str, options["widths"]))
        raise UserError(f"--widths={given} must have {BLOCKS} numbers, one for each block of VGG19")
    check_network(options)
    with quiet_libraries():
        from distilling.distillation import distill
    with locked([run_of(options)]):
        distill(**options)


if __name__ == "__main__":
    run(main)
