"""Measure what an accelerator does with painting and training, under each backend, as one table.

Usage:
  gpu.py [options]
  gpu.py --help

Options:
  --backends=<names>    The backends: jax, torch or tensorflow; several, separated by commas [default: jax,torch].
  --seconds=<n>         How long to measure each backend; what has not begun by then is left out [default: 150].
  --sides=<px>          The long sides of painting steps [default: 512,1024,2048].
  --network=<name>      The network that judges the painting, vgg19 or mini [default: vgg19].
  --painting=<px>       The long side of a whole painting [default: 1024].
  --instant=<px>        The long side of instant paintings [default: 512].
  --trainings=<names>   network:side:pictures in a step, separated by commas; unet is the blog's, deeplab the one that
                        ships [default: unet:320:16,deeplab:385:16].
  --base=<n>            Filters of the U-Net's first block [default: 32].
  --steps=<n>           Steps of painting or training that are measured [default: 12].
  --matrix=<n>          The side of the matrices whose product is the peak [default: 8192].
  --help                Show this text.

Photos and styles are drawn and VGG19 has random weights, neither of which changes the time. Everything computes in
bfloat16. The first painting, or step, of each kind is left out of the seconds: it compiles.
"""

import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from command.options import list_of, one_of, quiet_libraries, read_options, text, whole
from command.process import run
from utils import UserError

OPTIONS = {
    "--backends": list_of(one_of("jax", "torch", "tensorflow")),
    "--seconds": whole(1, 3600),
    "--sides": list_of(whole(64, 8192)),
    "--network": one_of("vgg19", "mini"),
    "--painting": whole(64, 8192),
    "--instant": whole(64, 8192),
    "--trainings": list_of(text),
    "--base": whole(1, 256),
    "--steps": whole(2, 1000),
    "--matrix": whole(16, 65536),
}
PRODUCTS = 10  # matrix products in a row, so that the time to start one does not count
FIGURE = {"unet": ("people", 255), "deeplab": ("voc", 15)}  # the layout to train on, and the level of the figure there


def main(argv):
    options = read_options(__doc__, OPTIONS, argv)
    backends = options["backends"]
    for backend in backends:
        if not importlib.util.find_spec(backend):
            raise UserError(f"--backends={backend} is not installed; install it with pip, or leave it out")
    if len(backends) == 1:
        os.environ["KERAS_BACKEND"] = backends[0]
        return print_table(backends, [dict(measured(options))])
    columns = []
    given = [part for part in argv if not part.startswith("--backends")]
    for backend in backends:  # a process can load one backend only
        command = [sys.executable, __file__, *given, f"--backends={backend}"]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        columns.append(dict(line.strip("| ").split(" | ") for line in done.stdout.splitlines()[2:]))
    print_table(backends, columns)


def print_table(backends, columns):
    """Print {what: value} of each backend, side by side."""
    print(f"| {' | '.join(['', *backends])} |\n|{'---|' * (len(backends) + 1)}")
    for what in dict.fromkeys(what for column in columns for what in column):
        print(f"| {' | '.join([what, *(column.get(what, '-') for column in columns)])} |", flush=True)


def measured(options):
    """Yield (what, value) one by one, until the time is over."""
    ends = time.perf_counter() + options["seconds"]
    with quiet_libraries():
        import keras  # noqa: F401  its greeting is to stay quiet
    yield "device", device()
    peak = matrix_peak(options["matrix"])
    yield "product of two bfloat16 matrices, TFLOP/s", f"{peak / 1e12:.3g}"
    for measure in measures(options, peak):
        if time.perf_counter() < ends:
            yield from measure()


def measures(options, peak):
    """Everything else there is to measure: functions without arguments."""
    from style.features import instant

    easel = Easel(options)
    found = [lambda side=side: easel.step(side, peak) for side in options["sides"]]
    found.append(lambda: easel.whole(options["painting"], instant(None, "bfloat16")))
    found.append(lambda: easel.instant(options["instant"], instant(None, "bfloat16")))
    return found + [lambda named=named: training(*named.split(":"), options) for named in options["trainings"]]


def device():
    """The name of the device that the backend computes on."""
    import keras

    if keras.backend.backend() == "jax":
        return next(iter(keras.ops.ones(1).devices())).device_kind
    if keras.backend.backend() == "torch":
        import torch

        return torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    from networks.hardware import accelerators

    return ", ".join(accelerators()) or "cpu"


def matrix_peak(side):
    """Operations a second in the product of two square bfloat16 matrices: the best of several runs."""
    from keras import ops, random

    factor = ops.cast(random.normal((side, side)) / side**0.5, "bfloat16")
    best = float("inf")
    for _ in range(4):
        started, product = time.perf_counter(), factor
        for _ in range(PRODUCTS):
            product = ops.matmul(product, factor)
        float(product[0, 0])
        best = min(best, time.perf_counter() - started)
    return PRODUCTS * 2 * side**3 / best


def drawn(side, seed=0):
    """A photo of a long side, RGB Pillow image."""
    from PIL import Image

    box = (-2 + seed / 10, -1.5, 1, 1.5)
    return Image.effect_mandelbrot((side, side * 3 // 4), box, 30).convert("RGB")


class Easel:
    """Painting, with the default options."""

    def __init__(self, options):
        self.options, self.loaded = options, {}

    def load(self, precision):
        """The network that judges; VGG19 with random weights."""
        from networks.vgg import vgg
        from style.features import LAYERS, NETWORKS

        if precision not in self.loaded:
            name = self.options["network"]
            self.loaded[precision] = NETWORKS[name](None, precision) if name == "mini" else vgg(LAYERS, precision)
            self.loaded[precision].trainable = False
        return self.loaded[precision]

    def painter(self):
        from style.methods import Match
        from style.painting import Painter
        from style.styles import Styles

        return Painter(self.load, "bfloat16", Match(), Styles([drawn(512, 1)]))

    def step(self, side, peak):
        """Yield the share of the peak that a step at a side comes to."""
        from stylize_speed import painting_flops

        from style.methods import MOMENT_LAYERS, Match

        ends, photo = [], drawn(side)
        self.painter().paint(
            photo, steps=self.options["steps"] + 2, scales=1, watch=lambda *_: ends.append(time.perf_counter())
        )
        seconds = median(after - before for before, after in pairwise(ends[1:]))
        flops = painting_flops(self.load("bfloat16"), photo.size[::-1], Match.layers, MOMENT_LAYERS)
        yield f"a painting step at {side} px, ms", f"{1000 * seconds:.1f}"
        yield f"its share of that product, {side} px", f"{flops / seconds / peak:.0%}"

    def whole(self, side, networks):
        """Yield the seconds of a default painting: an instant one, and the steps that follow."""
        from style.instant import Instant
        from style.methods import Match
        from style.styles import Styles

        seconds = []
        for seed in range(3):
            photo, started = drawn(side, seed), time.perf_counter()
            start = Instant(*networks, Styles([drawn(512, 1)])).paint(photo)
            self.painter().paint(photo, scales=Match.scales_left, start=lambda size, start=start: start)
            seconds.append(time.perf_counter() - started)
        yield f"a default painting, {side} px, s", f"{min(seconds[1:]):.2f} (the first {seconds[0]:.1f})"

    def instant(self, side, networks):
        """Yield how many photos a second are painted without steps."""
        from style.instant import Instant
        from style.styles import Styles

        painter, photos = Instant(*networks, Styles([drawn(512, 1)])), [drawn(side, seed) for seed in range(4)]
        painter.paint(photos[0])
        started = time.perf_counter()
        for photo in photos:
            painter.paint(photo)
        yield f"instant paintings a second, {side} px", f"{len(photos) / (time.perf_counter() - started):.2f}"


def training(network, side, batch_size, options):
    """Yield the pictures a second that train a network as train.py does, and the share of waiting for input."""
    import keras

    from networks.hardware import POLICIES
    from segmentation import cache
    from segmentation.batches import Augmentation, Batches
    from segmentation.layouts import LAYOUTS
    from segmentation.registry import build, describe
    from segmentation.training import compile_network

    side, batch_size = int(side), int(batch_size)
    layout, level = FIGURE[network]
    with tempfile.TemporaryDirectory() as folder:
        cache.CACHE = Path(folder) / "cache"
        pairs = cache.decoded(draw_pairs(Path(folder) / layout, 2 * batch_size, side, level), side, layout)
        described = describe(network, size=side, base=options["base"], classes=LAYOUTS[layout].outputs)
        model = build(described, POLICIES["bfloat16"])
        settings = {"learning_rate": 1e-4, "schedule": "constant", "optimizer": "adam", "loss": "both"}
        compile_network(model, settings | {"encoder_rate": 1.0}, steps=1)
        batches = Batches(
            pairs,
            list(pairs.rows.values()),
            batch_size,
            Augmentation(LAYOUTS[layout]),
            shuffle=True,
            steps=options["steps"],
        )
        marks = []
        watch = keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda *_: marks.append((time.perf_counter(), batches.waited)),
            on_epoch_end=lambda *_: marks.append((time.perf_counter(), batches.waited)),
        )
        model.fit(batches, epochs=2, shuffle=False, verbose=0, callbacks=[watch])
    (began, waited), (ended, waited_then) = marks[2:]
    speed = batch_size * options["steps"] / (ended - began)
    yield f"training {network}, {side} px, pictures a second", f"{speed:.1f}"
    yield f"training {network}, waiting for input", f"{(waited_then - waited) / (ended - began):.0%}"


def draw_pairs(folder, count, side, level):
    """Draw a data set of photos with discs as masks."""
    from PIL import Image, ImageDraw

    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    (folder / "classes.txt").write_text("as in the layout\n")
    for number in range(count):
        drawn(side, number % 7).save(folder / "images" / f"{number}.jpg")
        mask = Image.new("L", (side, side * 3 // 4))
        ImageDraw.Draw(mask).ellipse((side // 4, side // 8, side // 2, side // 2), fill=level)
        mask.save(folder / "masks" / f"{number}.png")
    return folder


if __name__ == "__main__":
    run(main)
