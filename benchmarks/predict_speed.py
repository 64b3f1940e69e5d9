"""Measure the time and memory from a photo's file to its mask, once the network is loaded.

Usage:
  predict_speed.py [options]
  predict_speed.py --help

Options:
  --model=<file>      The network [default: model/person.keras].
  --rounds=<n>        Measured photos of each size [default: 5].
  --help              Show this text.

The photos are drawn, which does not change the time.
"""

import resource
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from command.options import path, quiet_libraries, read_options, whole
from command.process import run

OPTIONS = {"--model": path, "--rounds": whole(1, 1000)}
SIZES = {"1 megapixel": (1152, 864), "12 megapixels": (4000, 3000), "50 megapixels": (8192, 6144)}


def main(argv):
    options = read_options(__doc__, OPTIONS, argv)
    with quiet_libraries():
        from segmentation.registry import load_network
    network, record = load_network(options["model"])
    for name, size in SIZES.items():
        times = measure(network, record, size, options["rounds"])
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        parts = ", ".join(f"{part} {median(seconds):.2f}" for part, seconds in times.items())
        print(
            f"{name}: {median(map(sum, zip(*times.values(), strict=True))):.2f} s ({parts}), {memory:.1f} GiB at most"
        )


def measure(network, record, size, rounds):
    """The seconds of reading, masking and writing a photo, {part: [seconds]}; a first round warms up."""
    from PIL import Image

    from pictures.images import open_picture, to_image, write_picture
    from segmentation.masks import find_masks

    times = {"read": [], "mask": [], "write": []}
    with tempfile.TemporaryDirectory() as folder:
        photo = Image.effect_mandelbrot(size, (-2, -1.5, 1, 1.5), 30).convert("RGB")
        photo.save(f"{folder}/photo.jpg", quality=95)
        for number in range(rounds + 1):
            marks = [time.perf_counter()]
            picture = open_picture(f"{folder}/photo.jpg")
            marks.append(time.perf_counter())
            (mask,) = find_masks(network, record, [picture])
            marks.append(time.perf_counter())
            write_picture(f"{folder}/mask.png", to_image(mask))
            marks.append(time.perf_counter())
            if number:
                for part, begin, end in zip(times, marks, marks[1:], strict=False):
                    times[part].append(end - begin)
    return times


if __name__ == "__main__":
    run(main)
