"""Measure painting in steps by size, in bounded memory: seconds a step, tiles, and the most memory it takes.

Usage:
  size_speed.py --content=<photo> --style=<picture> [options]
  size_speed.py --help

Options:
  --content=<photo>     The photo to paint; it is enlarged where it is smaller.
  --style=<picture>     The picture whose style it takes.
  --sizes=<px>          The long sides [default: 512,1024,2048,4096].
  --shape=<x>           The short side as a part of the long one, by cutting the photo [default: 0.75].
  --memory=<GiB>        How much memory stylize.py may take in all [default: 4].
  --steps=<n>           How many steps to paint [default: 3].
  --network=<name>      vgg19 or mini [default: vgg19].
  --vgg_weights=<file>  The weights of VGG19.
  --style_scale=<x>     The long side of the style, as a multiple of the photo's [default: 1].
  --init=<what>         instant or content; see stylize.py [default: content].
  --help                Show this text.

Each size is painted by stylize.py at one scale, in a process of its own that is told how much memory is free. "A step"
is the median of all but the first, which compiles; "in all" has everything: loading, reading, steps, writing.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from command.options import list_of, number, one_of, path, read_options, whole
from command.process import run

OPTIONS = {
    "--content": path,
    "--style": path,
    "--sizes": list_of(whole(64, 16384)),
    "--shape": number(0.1, 1),
    "--memory": number(1, 1024),
    "--steps": whole(2, 1000),
    "--network": one_of("vgg19", "mini"),
    "--vgg_weights": path,
    "--style_scale": number(0.05, 8),
    "--init": one_of("instant", "content"),
}
MINE = "--as-a-part-of-the-benchmark"


def main(argv):
    if argv[:1] == [MINE]:
        return paint(*argv[1:])
    options = read_options(__doc__, OPTIONS, argv)
    print("| picture | megapixels | tiles | a step, s | s a megapixel | in all, s | peak memory, GiB |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as place:
        for side in options["sizes"]:
            size = side, round(side * options["shape"])
            photo = Path(place) / f"{side}.png"
            prepare(options["content"], size).save(photo)
            given = [f"--content={photo}", f"--style={options['style']}", f"--save={place}/painted.jpg", "--keep=none"]
            given += [f"--size={side}", "--scales=1", f"--epochs={options['steps']}", f"--init={options['init']}"]
            given += [f"--network={options['network']}", f"--style_scale={options['style_scale']}"]
            if options["vgg_weights"] and options["network"] == "vgg19":
                given.append(f"--vgg_weights={options['vgg_weights']}")
            started = time.perf_counter()
            command = [sys.executable, __file__, MINE, str(options["memory"]), f"{place}/told.json", *given]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            seconds, told = time.perf_counter() - started, json.loads(Path(place, "told.json").read_text())
            pixels = size[0] * size[1] / 1e6
            print(
                f"| {size[0]} x {size[1]} | {pixels:.1f} | {told['tiles']} | {told['step']:.1f} "
                f"| {told['step'] / pixels:.2f} | {seconds:.0f} | {told['peak']:.1f} |",
                flush=True,
            )


def prepare(photo, size):
    """A photo, cut and scaled to a (width, height): an RGB Pillow image."""
    from PIL import ImageOps

    from pictures.images import LANCZOS, flatten, open_picture

    return ImageOps.fit(flatten(open_picture(photo)), size, LANCZOS)


def paint(memory, target, *given):
    """Run stylize.py where so many GiB are free, less what this process has; write what was seen to a JSON file."""
    import psutil

    import stylize
    from networks import hardware
    from style import painting
    from style.brush import Brush

    hardware.free_memory = lambda: float(memory) * 2**30 - psutil.Process().memory_info().rss
    seen, follow, cut = {"tiles": 1, "ends": []}, Brush._follow, painting.cut

    def cut_and_count(*given):
        tiles = cut(*given)
        seen["tiles"] = max(seen["tiles"], len(tiles))
        return tiles

    def follow_and_time(brush, logs):
        follow(brush, logs)
        seen["ends"].append(time.perf_counter())

    painting.cut, Brush._follow = cut_and_count, follow_and_time
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    stylize.main(list(given))
    steps = [after - before for before, after in zip(seen["ends"], seen["ends"][1:], strict=False)]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    Path(target).write_text(json.dumps({"tiles": seen["tiles"], "step": median(steps), "peak": peak}))


if __name__ == "__main__":
    run(main)
