"""Judge paintings with a network that was not used to paint them: distance to the style, and to the photo's layout.

Usage:
  looks.py --judge=<file> <photo+style+painting>...
  looks.py --help

Options:
  --judge=<file>  The weights of EfficientNet-Lite0 without its head, batch normalisations folded into the
                  convolutions: an .npz with `stem`, `b<stage>_<repeat>_expand`, `_depth` and `_project`.
  --help          Show this text.

All three pictures are seen at 384 px. Style: the squared distance of the channels' means and deviations from those of
the style, over their size, as a mean over four depths. Layout: the mean difference between the self-similarities of
photo and painting, the cosines between all positions at a sixteenth of the side. It grows with ghosts and lost shapes,
and not with other colours. Lower is better, in both.
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from command.options import path, quiet_libraries, read_options
from command.process import run
from utils import UserError

OPTIONS = {"--judge": path}
SIDE = 384
STAGES = ((1, 1), (2, 2), (2, 2), (2, 3), (1, 3), (2, 4), (1, 1))  # stride and repeats; the weights tell the rest
STYLE_STAGES, LAYOUT_STAGE = (0, 1, 2, 4), 4


def main(argv):
    options = read_options(__doc__, OPTIONS, argv)
    with quiet_libraries():
        import keras  # noqa: F401  its greeting is to stay quiet
    weights = dict(np.load(options["judge"]))
    print("| photo | style | painting | style distance | layout distance |\n|---|---|---|---|---|")
    for triple in options["<photo+style+painting>"]:
        names = triple.split("+")
        if len(names) != 3:
            raise UserError(f"{triple} must be photo+style+painting; give three names")
        photo, style, painting = (stages_of(weights, picture(name)) for name in names)
        row = f"{style_distance(painting, style):.3f} | {layout_distance(painting, photo):.3f}"
        print(f"| {' | '.join(Path(name).stem for name in names)} | {row} |", flush=True)


def picture(name):
    """A picture as the judge sees it: (1, H, W, 3) float32, RGB, -1..1."""
    from pictures.images import LANCZOS, fit, flatten, open_picture

    image = flatten(open_picture(Path(name)))
    return (np.float32(fit(image, SIDE, LANCZOS))[None] - 127) / 128


def stages_of(weights, x):
    """The features after each stage, for pictures (n, H, W, 3): [(n, h, w, channels) NumPy]."""
    from keras import ops

    def layer(x, name, convolve=ops.conv, strides=1, bounded=True):
        kernel, bias = (np.float32(weights[f"{name}/{part}"]) for part in ("kernel", "bias"))
        x = convolve(x, kernel, strides=strides, padding="same") + bias
        return ops.relu6(x) if bounded else x

    x, found = layer(x, "stem", strides=2), []
    for stage, (stride, repeats) in enumerate(STAGES, 1):
        for repeat in range(repeats):
            name, entry = f"b{stage}_{repeat + 1}", x
            if f"{name}_expand/kernel" in weights:
                x = layer(x, f"{name}_expand")
            x = layer(x, f"{name}_depth", ops.depthwise_conv, 1 if repeat else stride)
            x = layer(x, f"{name}_project", bounded=False)
            x = entry + x if repeat else x
        found.append(ops.convert_to_numpy(x))
    return found


def style_distance(painting, style):
    """The distance of the channels' means and deviations."""
    distances = []
    for stage in STYLE_STAGES:
        one, other = (statistics(each[stage]) for each in (painting, style))
        distances.append(np.sum((one - other) ** 2) / np.sum(other**2))
    return np.mean(distances)


def statistics(features):
    flat = features.reshape(-1, features.shape[-1])
    return np.concatenate([flat.mean(axis=0), flat.std(axis=0)])


def layout_distance(painting, photo):
    """The distance of the self-similarities, of pictures that may differ by a pixel in size."""
    height, width = (min(each[LAYOUT_STAGE].shape[axis] for each in (painting, photo)) for axis in (1, 2))
    one, other = (similarities(each[LAYOUT_STAGE][0, :height, :width]) for each in (painting, photo))
    return np.abs(one - other).mean()


def similarities(features):
    flat = features.reshape(-1, features.shape[-1])
    flat = flat - flat.mean(axis=0)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True) + 1e-9
    return flat @ flat.T


if __name__ == "__main__":
    run(main)
