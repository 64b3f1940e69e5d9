"""Measure the time and memory from a photo's file to its cutout's file, once the network is loaded.

Usage:
  predict_speed.py [options]
  predict_speed.py --help

Options:
  --model=<file>      The network [default: model/person.keras].
  --photo=<file>      The photo, enlarged to each size, with some grain
                      [default: examples/portraits/images/grace_hopper.jpg].
  --output=<name>     What predict.py is asked for [default: cutout].
  --rounds=<n>        Measured photos of each size [default: 5].
  --folder=<n>        Photos of 12 megapixels in the folder that is timed as a whole; 0 for none [default: 12].
  --help              Show this text.
"""

import resource
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from command.options import one_of, path, quiet_libraries, read_options, whole
from command.process import run

OUTPUTS = ("cutout", "mask", "alpha", "overlay", "index", "masks")
OPTIONS = {"--model": path, "--photo": path, "--output": one_of(*OUTPUTS), "--rounds": whole(1, 1000)}
OPTIONS |= {"--folder": whole(0, 1000)}
SIZES = {"1 megapixel": (864, 1152), "12 megapixels": (3000, 4000), "50 megapixels": (6144, 8192)}


def main(argv):
    options = read_options(__doc__, OPTIONS, argv)
    with quiet_libraries():
        from segmentation.prediction import OUTPUTS, draw_figure
        from segmentation.registry import load_network
    network, record = load_network(options["model"])
    draw = partial(draw_figure, network, record, options["output"], None, 0.5)
    ending = OUTPUTS[options["output"]][0]
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        if options["folder"]:
            time_folder(folder, options, ending, draw)
        for name, size in SIZES.items():
            photo = enlarged(options["photo"], size, folder / "photo.jpg")
            times = measure(photo, folder / f"photo{ending}", draw, options["rounds"])
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
            parts = ", ".join(f"{part} {median(seconds):.2f}" for part, seconds in times.items())
            total = median(map(sum, zip(*times.values(), strict=True)))
            print(f"{name}: {total:.2f} s ({parts}), {memory:.1f} GiB at most")


def enlarged(photo, size, target):
    """Write a photo at another size, as sharp and grainy as a camera's."""
    from PIL import Image

    from pictures.images import open_picture

    grain = Image.effect_noise(size, 40).convert("RGB")
    Image.blend(open_picture(photo).resize(size), grain, 0.1).save(target, quality=92)
    return target


def measure(photo, target, draw, rounds):
    """The seconds of reading a photo, drawing its result and writing it, {part: [seconds]}; a first round warms up."""
    from segmentation.prediction import open_to_draw, write_all

    times = {"read": [], "find": [], "write": []}
    for number in range(rounds + 1):
        marks = [time.perf_counter()]
        picture = open_to_draw(photo)
        marks.append(time.perf_counter())
        drawn = draw(picture)
        marks.append(time.perf_counter())
        write_all(drawn, target, {})
        marks.append(time.perf_counter())
        if number:
            for part, begin, end in zip(times, marks, marks[1:], strict=False):
                times[part].append(end - begin)
        del picture, drawn  # before the next photo is opened, as in predict.py
    return times


def time_folder(folder, options, ending, draw):
    """Time a folder of photos as a whole, after one that warms up."""
    from segmentation.prediction import draw_all

    first = enlarged(options["photo"], SIZES["12 megapixels"], folder / "first.jpg")
    measure(first, folder / f"first{ending}", draw, 1)
    targets = {}
    for number in range(options["folder"]):
        photo = folder / f"{number}.jpg"
        photo.write_bytes(first.read_bytes())
        targets[photo] = folder / f"{number}{ending}"
    started = time.perf_counter()
    draw_all(targets, lambda source: {}, draw)
    seconds = time.perf_counter() - started
    print(f"a folder of {len(targets)} photos of 12 megapixels: {seconds / len(targets):.2f} s each")


if __name__ == "__main__":
    run(main)
