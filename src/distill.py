"""Teach a thin network to see pictures as VGG19 does, and to draw what it saw, so that painting takes seconds.

Usage:
  distill.py [options]
  distill.py --help

Options:
  --teach=<half>         encoder: to see as VGG19 does; decoder: to draw pictures from what the encoder of --init sees
                         [default: encoder].
  --photos=<dirs>        Folders of photos to learn from, separated by commas
                         [default: data/people_segmentation/images].
  --paintings=<dirs>     Folders of paintings to learn from as well [default: examples/styles].
  --vgg_weights=<file>   The weights of VGG19, instead of those that Keras downloads once.
  --model=<file>         The network to write, .keras or .h5. Its record goes beside it, and the state of the run
                         into the folder with the same name and the ending .run [default: model/mini.keras].
  --widths=<numbers>     The channels of its five blocks; VGG19 has 64,128,256,512,512 [default: 16,32,64,192,256].
  --decoder=<numbers>    The channels of the decoder at a quarter, a half and all of the picture's side
                         [default: 128,64,32].
  --init=<file>          Start with the weights of this network, which distill.py wrote, not as a pruned VGG19. The
                         decoder needs it, for its encoder.
  --size=<px>            The side of the square crops [default: 128].
  --batch_size=<n>       Crops in a step [default: 8].
  --canvases=<n>         How many pictures it paints meanwhile, and learns from [default: 4].
  --steps=<n>            Steps in an epoch; each epoch starts new canvases [default: 100].
  --epochs=<n>           How many epochs [default: 50].
  --learning_rate=<x>    The learning rate at the start; it falls to a hundredth [default: 0.0001].
  --precision=<name>     auto (the faster one on this machine), float32 or bfloat16 [default: auto].
  --devices=<n>          Train on so many devices, or all, each with a share of the batch; needs
                         KERAS_BACKEND=jax. One if left out.
  --seed=<n>             The same seed on the same machine gives the same network [default: 2022].
  --resume               Continue the run that was interrupted.
  --help                 Show this text.

Examples:
  distill.py --photos=data/people_segmentation/images,holiday --paintings=museum
  distill.py --teach=decoder --init=model/mini.keras --photos=holiday --paintings=museum --model=model/own.keras
"""

from command.options import TRAINING_OPTIONS, list_of, listed, one_of, path, quiet_libraries, read_options, whole
from command.places import check_network, run_of
from command.process import locked, run
from utils import UserError

OPTIONS = TRAINING_OPTIONS | {
    "--teach": one_of("encoder", "decoder"),
    "--decoder": list_of(whole(1, 512)),
    "--photos": list_of(path),
    "--paintings": list_of(path),
    "--vgg_weights": path,
    "--widths": list_of(whole(1, 512)),
    "--size": whole(32, 1024),
    "--canvases": whole(0, 4096),
    "--steps": whole(1, 1_000_000),
}
COUNTS = {"widths": 5, "decoder": 3}
CELLS = 8  # px; the sides of the pictures that the decoder learns from are multiples of it


def main(argv):
    options = read_options(__doc__, OPTIONS, argv)
    for name, count in COUNTS.items():
        if len(options[name]) != count:
            raise UserError(f"--{name}={listed(options[name])} must have {count} numbers, see --help")
    if options["teach"] == "decoder":
        _check_decoder(options)
    check_network(options)
    with quiet_libraries():
        from distilling.distillation import distill
    with locked([run_of(options)]):
        distill(**options)


def _check_decoder(options):
    if not options["init"]:
        raise UserError("--teach=decoder needs an encoder; give --init=<file>, such as model/mini.keras")
    if options["size"] % CELLS:
        raise UserError(f"--size={options['size']} must be a multiple of {CELLS} to teach the decoder")


if __name__ == "__main__":
    run(main)
