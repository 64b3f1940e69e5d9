"""Measure painting: in VGG19 steps, against plain Adam on pixels, against the machine's peak, and by size.

Usage:
  stylize_speed.py --content=<photo> --style=<picture> --vgg_weights=<file> [options]
  stylize_speed.py --help

Options:
  --content=<photo>     The photo to paint.
  --style=<picture>     The picture whose style it takes.
  --vgg_weights=<file>  The weights of VGG19.
  --parts=<names>       What to measure: match, plain, peak, steps, sizes, pairs; several, separated by commas
                        [default: match,plain,peak,steps,sizes].
  --pairs=<files>       For pairs: photo+style of each, with commas between them.
  --sides=<px>          For plain: the long sides [default: 384].
  --plain=<n>           For plain: the steps that plain Adam takes; it is asked after half of them too [default: 200].
  --steps=<numbers>     For plain: the steps planned for our way, to either goal [default: 30,56].
  --match=<px>          For match: the long sides [default: 512].
  --sizes=<px>          For sizes: the long sides [default: 512,1024,2048].
  --networks=<names>    For pairs: the networks to paint with, vgg19, mini or both [default: vgg19].
  --methods=<names>     For pairs: match, moments, gram [default: match,moments,gram].
  --save=<folder>       For pairs: where the paintings go [default: /tmp/paintings].
  --help                Show this text.

Plain Adam at 0.02 on the pixels, in float32, at one scale, is how most programs paint. Both ways lower the same J (Gram
matrices, style weight 10) and are judged by it in float32, clipped to 0..1; seconds include compiling, not loading.
"""

import resource
import subprocess
import sys
import time
from functools import partial
from itertools import pairwise, product
from pathlib import Path
from statistics import median
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from command.options import list_of, one_of, path, quiet_libraries, read_options, text, whole
from command.process import run
from utils import ROOT, UserError

OPTIONS = {
    "--content": path,
    "--style": path,
    "--vgg_weights": path,
    "--parts": list_of(one_of("match", "plain", "peak", "steps", "sizes", "pairs")),
    "--pairs": list_of(text),
    "--sides": list_of(whole(64, 4096)),
    "--plain": whole(2, 10000),
    "--steps": list_of(whole(1, 10000)),
    "--sizes": list_of(whole(64, 8192)),
    "--networks": list_of(one_of("vgg19", "mini")),
    "--methods": list_of(one_of("match", "moments", "gram")),
    "--match": list_of(whole(64, 8192)),
    "--save": path,
}
PLAIN_RATE = 0.02


def main(argv):
    options = read_options(__doc__, OPTIONS, argv)
    if "pairs" in options["parts"] and not options["pairs"]:
        raise UserError("--parts=pairs needs pictures; name them in --pairs=photo.jpg+style.jpg")
    with quiet_libraries():
        import keras  # noqa: F401  its greeting is to stay quiet
    bench = Bench(options)
    for part in options["parts"]:
        getattr(bench, part)()


class Bench:
    """The networks and pictures of all measurements."""

    def __init__(self, options):
        from functools import cache

        from networks.hardware import choose_precision
        from pictures.images import flatten, open_picture
        from style.features import NETWORKS
        from style.objective import Statistics

        self.options = options
        weights = {"vgg19": options["vgg_weights"], "mini": None}
        self.content, self.style = (flatten(open_picture(options[name])) for name in ("content", "style"))
        self.loaded = cache(lambda precision, network: NETWORKS[network](weights[network], precision))
        self.precision = choose_precision("auto")
        self.objective = Statistics(statistic="gram")

    def load(self, precision, network="vgg19"):
        return self.loaded(precision, network)

    # ------------------------------------------------------------ what is painted, and how good it is

    def painter(self, precision, style=None, network="vgg19", objective=None):
        from style.painting import Painter
        from style.styles import Styles

        objective = objective or self.objective
        return Painter(partial(self.load, network=network), precision, objective, Styles([style or self.style]))

    def target(self, photo, side, style=None):
        """What J compares a picture with, for a photo (H, W, 3)."""
        from style.windows import all_of

        painter = self.painter("float32", style=style)
        target = self.objective.target(painter._see, photo, photo, None, painter.styles.at(side))
        return self.objective.cut(target, all_of(*photo.shape[:2]))

    def judge(self, side, content=None, style=None):
        """A function from a picture (H, W, 3) to J and its parts at a long side, Gram matrices in float32."""
        from pictures.images import LANCZOS, fit, to_array

        photo = fit(content or self.content, side, LANCZOS)
        target = self.target(to_array(photo), side, style)
        network = self.load("float32")

        def scores(picture):
            shown = picture[None]
            content_part, style_part, _ = map(float, self.objective.parts(shown, network(shown), target))
            return self.objective.total(content_part, style_part, 0.0), content_part, style_part

        return scores

    def follow(self, side, steps, scales, precision=None, network="vgg19", objective=None):
        """Paint; the seconds and the picture after each step: [(seconds, picture)]."""
        from pictures.images import LANCZOS, fit

        photo, seen, paused = fit(self.content, side, LANCZOS), [], 0.0
        self.load(precision or self.precision, network)
        started = time.perf_counter()

        def watch(_, show):
            nonlocal paused
            now = time.perf_counter()
            seen.append((now - started - paused, show()))
            paused += time.perf_counter() - now

        painter = self.painter(precision or self.precision, network=network, objective=objective)
        painter.paint(photo, steps=steps, scales=scales, watch=watch)
        return [(seconds, shown) for seconds, shown in seen if shown.shape[1::-1] == photo.size]

    # ------------------------------------------------------------ 0: matching, in steps of VGG19

    def match(self):
        """Seconds of the default painting by side and network, and as a multiple of a step of VGG19 of that side."""
        print("\n| network | side | seconds | instant | steps | search | back to the picture | back to the weights |")
        print("|---|---|---|---|---|---|---|---|")
        for side in self.options["match"]:
            steps_of_vgg = self.bare_step(side), self.training_step(side)
            for network in self.options["networks"]:
                seconds, begun, steps, search = self.matched(side, network)
                compared = " | ".join(f"{seconds / step:.0f} x {step:.2f} s" for step in steps_of_vgg)
                told = f"{seconds:.1f} | {begun:.1f} | {steps} | {search:.1f} | {compared}"
                print(f"| {network} | {side} | {told} |", flush=True)

    def matched(self, side, network):
        """Paint by matching, from an instant painting: (seconds, those of the instant one, steps, those of the search).

        The search is what finds neighbours for the steps, without the time of the network.
        """
        from networks.hardware import choose_quickly
        from pictures.images import LANCZOS, fit
        from style.features import instant
        from style.instant import Instant
        from style.methods import Match
        from style.painting import Painter
        from style.palette import Palette
        from style.styles import Styles

        photo, networks = fit(self.content, side, LANCZOS), instant(None, choose_quickly("auto"))
        first = Instant(*networks, Styles([self.style]))

        painter, spent = self.painter(self.precision, network=network, objective=Match()), {"see": 0.0, "search": 0.0}
        painter.load(self.precision)

        def timed(function, name):
            def call(*given, **named):
                started, seen = time.perf_counter(), spent["see"]
                found = function(*given, **named)
                spent[name] += time.perf_counter() - started - (spent["see"] - seen)
                return found

            return call

        started = time.perf_counter()
        picture = first.paint(photo)
        begun = time.perf_counter() - started
        with (
            patch.object(Painter, "_see", timed(Painter._see, "see")),
            patch.object(Palette, "__init__", timed(Palette.__init__, "search")),
            patch.object(Palette, "choose", timed(Palette.choose, "search")),
        ):
            painting = painter.paint(photo, scales=Match.scales_left, start=lambda size: picture)
        return time.perf_counter() - started, begun, painting.steps, spent["search"]

    def bare_step(self, side):
        """Seconds of one step of VGG19 up to block4_conv2, there and back to a picture, and nothing else."""
        import keras
        from keras import ops

        from networks.hardware import use_xla
        from pictures.images import LANCZOS, fit, to_array
        from style.canvas import Canvas, Sittings
        from style.features import seen_by
        from style.methods import Match

        class Bare(Match):
            def parts(self, picture, features, target):
                mean = ops.mean(ops.cast(features["block4_conv2"], "float32"))
                return mean, mean, mean

        photo = to_array(fit(self.content, side, LANCZOS))
        canvas = Canvas(photo[None], seen_by(self.load(self.precision), Match.layers), Bare(), {})
        canvas.compile(keras.optimizers.Adam(PLAIN_RATE), jit_compile=use_xla())
        return fit_seconds(canvas, Sittings(7))

    def training_step(self, side):
        """Seconds of one step of VGG19 up to block4_conv2 that trains its weights."""
        import keras
        from keras import ops

        from networks.hardware import use_xla
        from pictures.images import LANCZOS, fit, to_array
        from style.canvas import Sittings
        from style.features import NETWORKS

        network = NETWORKS["vgg19"](self.options["vgg_weights"], self.precision)
        for layer in network.layers:
            layer.trainable = True
        network = keras.Model(network.input, network.get_layer("block4_conv2").output)
        network.compile(
            keras.optimizers.SGD(0.0), lambda _, found: ops.mean(ops.cast(found, "float32")), jit_compile=use_xla()
        )
        photo = to_array(fit(self.content, side, LANCZOS))[None]

        class Photos(Sittings):
            def __getitem__(self, index):
                return photo, super().__getitem__(index)[0]

        return fit_seconds(network, Photos(7))

    # ------------------------------------------------------------ 1: against plain Adam

    def plain(self):
        """Seconds until our way is as good as plain Adam was after half its steps and after all."""
        print("\n| side | plain Adam: steps | J | seconds | ours, one scale | times faster | ours, coarse to fine | |")
        print("|---|---|---|---|---|---|---|---|")
        for side in self.options["sides"]:
            goals = self.plain_goals(side)
            for (count, (seconds, goal)), steps in zip(goals.items(), self.options["steps"], strict=True):
                ours = [self.reach(side, goal, steps, scales) for scales in (1, 3)]
                told = [f"{time:.1f} s | {seconds / time:.1f}" if time else "not reached |" for time in ours]
                print(f"| {side} | {count} | {goal:.3f} | {seconds:.1f} | {' | '.join(told)} |", flush=True)

    def reach(self, side, goal, steps, scales):
        """The seconds after which our way has come down to a J; None if it has not."""
        judge = self.judge(side)
        steps = steps if scales == 1 else 2 * steps  # as many seconds, since the coarse ones cost less
        seen = self.follow(side, steps, scales)
        return next((seconds for seconds, picture in seen if judge(picture)[0] <= goal), None)

    def plain_goals(self, side):
        """What plain Adam reaches after half its steps and after all: {steps: (seconds, J)}."""
        import keras

        from pictures.images import LANCZOS, fit, to_array
        from style.canvas import Sittings

        judge, steps, goals = self.judge(side), self.options["plain"], {}
        canvas = plain_canvas(to_array(fit(self.content, side, LANCZOS)), self)
        canvas.compile(keras.optimizers.Adam(PLAIN_RATE))
        started, paused = time.perf_counter(), 0.0

        def watch(batch, logs=None):
            nonlocal paused
            now = time.perf_counter()
            if batch + 1 in (steps // 2, steps):
                goals[batch + 1] = (now - started - paused, judge(canvas.picture())[0])
            paused += time.perf_counter() - now

        callback = keras.callbacks.LambdaCallback(on_train_batch_end=watch)
        canvas.fit(Sittings(steps), shuffle=False, verbose=0, callbacks=[callback])
        return goals

    # ------------------------------------------------------------ 2: against the machine's peak

    def peak(self):
        """The share of the matrix-product peak that a step at the final scale comes to, by method."""
        from train_speed import SIDE, matrix_product, take_turns

        from style.features import STYLE_LAYERS
        from style.methods import METHODS, MOMENT_LAYERS

        side = self.options["sides"][0]
        print("\n| method | precision | seconds a step | GFLOP/s | the machine's matrix product | share |")
        print("|---|---|---|---|---|---|")
        products = {"match": MOMENT_LAYERS, "gram": STYLE_LAYERS}
        for (method, layers), precision in product(products.items(), ("float32", "bfloat16")):
            measured = matrix_product(precision)
            before = take_turns({"peak": measured}, 3)["peak"]
            seen = self.follow(side, 14, 1, precision, objective=METHODS[method]())
            best = min(before + take_turns({"peak": measured}, 3)["peak"])
            flops = painting_flops(self.load("float32"), seen[-1][1].shape, METHODS[method]().layers, layers)
            step, most = step_seconds(seen), 2 * SIDE**3 / best / 1e9
            speed = flops / step / 1e9
            print(
                f"| {method} | {precision} | {step:.3f} | {speed:.0f} | {most:.0f} | {speed / most:.0%} |", flush=True
            )

    # ------------------------------------------------------------ 3: a step, by network

    def steps(self):
        """Seconds of a step at the final scale with either network, taking turns."""
        print("\n| network | seconds a step | times faster |\n|---|---|---|")
        seconds = {"vgg19": [], "mini": []}
        for network in 2 * list(seconds):
            seconds[network].append(step_seconds(self.follow(self.options["sides"][0], 20, 1, network=network)))
        for network, found in seconds.items():
            print(f"| {network} | {min(found):.4f} | {min(seconds['vgg19']) / min(found):.1f} |", flush=True)

    # ------------------------------------------------------------ 4: by size, as a user runs it

    def sizes(self):
        """Seconds, J and memory of stylize.py with its defaults, in a process of its own."""
        from pictures.images import read_record

        print(
            "\n| --size | seconds in all | of which painting | steps | J | memory at most |\n|---|---|---|---|---|---|"
        )
        for size in self.options["sizes"]:
            target = self.options["save"] / f"{size}.jpg"
            started = time.perf_counter()
            memory = self.command(self.options["content"], self.options["style"], target, f"--size={size}")
            seconds, told = time.perf_counter() - started, read_record(target)
            row = f"{seconds:.0f} | {told['seconds']:.0f} | {told['steps']} | {told['J']:.3f} | {memory:.1f} GiB |"
            print(f"| {size} | {row}", flush=True)

    def command(self, content, style, target, *more):
        """Run stylize.py --keep=none; its memory at most, in GiB, if no process before took more."""
        given = [f"--content={content}", f"--style={style}", f"--save={target}", "--keep=none", *more]
        if "--network=mini" not in more:
            given.append(f"--vgg_weights={self.options['vgg_weights']}")
        subprocess.run([sys.executable, str(ROOT / "src/stylize.py"), *given], check=True, stdout=subprocess.DEVNULL)
        return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20

    # ------------------------------------------------------------ 5: pairs

    def pairs(self):
        """J, as VGG19 sees it, of the defaults at 384 px on several pairs, by network and method."""
        from pictures.images import flatten, open_picture

        print(
            "\n| photo | style | network | method | J | content | style | steps | seconds |\n"
            "|---|---|---|---|---|---|---|---|---|"
        )
        for pair in self.options["pairs"]:
            content, style = (Path(name) for name in pair.split("+"))
            judge = self.judge(384, *(flatten(open_picture(name)) for name in (content, style)))
            for network, method in product(self.options["networks"], self.options["methods"]):
                target = self.options["save"] / f"{content.stem}_{style.stem}_{network}_{method}.png"
                more = ["--size=384", f"--network={network}", f"--method={method}"]
                self.command(content, style, target, *more)
                self.tell(f"{content.stem} | {style.stem} | {network} | {method}", target, judge)

    def tell(self, name, target, judge):
        from pictures.images import LANCZOS, fit, open_picture, read_record, to_array

        told = read_record(target)
        scores = " | ".join(f"{score:.3f}" for score in judge(to_array(fit(open_picture(target), 384, LANCZOS))))
        row = f"{scores} | {told['steps']} | {told['seconds']:.0f} |"
        print(f"| {name} | {row}", flush=True)


def fit_seconds(model, batches):
    """The seconds of a training step of a compiled model, without the first ones, which compile."""
    import keras

    ends = []
    watch = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs=None: ends.append(time.perf_counter()))
    model.fit(batches, shuffle=False, verbose=0, callbacks=[watch])
    return median(after - before for before, after in pairwise(ends[1:]))


def painting_flops(network, shape, seen, multiplied):
    """The operations of all matrix products of a step: convolutions there and back, products of the channels.

    network: that of VGG19's plan which judges; shape: (height, width) of the picture; seen: the layers whose features
    are compared; multiplied: those whose channels are multiplied by each other.
    """
    import keras

    height, width, total, left = *shape[:2], 0, set(seen)
    for layer in network.layers:
        if isinstance(layer, keras.layers.MaxPooling2D):
            height, width = height // 2, width // 2
        elif isinstance(layer, keras.layers.Conv2D) and left:
            total += 2 * 2 * height * width * layer.kernel.shape[2] * layer.filters * 9
            if layer.name in multiplied:
                total += 2 * 2 * height * width * layer.filters**2
            left -= {layer.name}
    return total


def step_seconds(seen):
    """The seconds between two steps of those that `follow` saw, without the first ones, which compile."""
    return median(after - before for (before, _), (after, _) in pairwise(seen[2:]))


def plain_canvas(photo, bench):
    """A canvas of one level, the pixels themselves, with the photo (H, W, 3) on it."""
    from style import canvas

    target = bench.target(photo, max(photo.shape))
    with patch.object(canvas, "COARSEST", max(photo.shape)):
        return canvas.Canvas(photo[None], bench.load("float32"), bench.objective, target)


if __name__ == "__main__":
    run(main)
