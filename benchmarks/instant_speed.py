"""Measure painting without steps: seconds by size and where they go, and painting in steps that starts from it.

Usage:
  instant_speed.py --content=<photo> --style=<picture> [options]
  instant_speed.py --help

Options:
  --content=<photo>     The photo to paint.
  --style=<picture>     The picture whose style it takes.
  --sizes=<px>          The long sides; the photo is enlarged where it is smaller [default: 256,512,1024,2048].
  --vgg_weights=<file>  The weights of VGG19, to measure it as well.
  --photos=<n>          How many copies of the photo to paint as a folder, at 512 px [default: 20].
  --help                Show this text.

"First" is the first photo of a style, whose features are found then; "next" is any other one. Both without loading the
network, reading and writing. The folder is read, painted whole and written by `stylize.py`, loading included.
"""

import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from command.options import list_of, path, quiet_libraries, read_options, whole
from command.process import run

OPTIONS = {
    "--content": path,
    "--style": path,
    "--sizes": list_of(whole(64, 8192)),
    "--vgg_weights": path,
    "--photos": whole(1, 10_000),
}
ROUNDS = 5


def main(argv):
    options = read_options(__doc__, OPTIONS, argv)
    with quiet_libraries():
        import keras  # noqa: F401  its greeting is to stay quiet
    sizes(options)
    folder(options)


def sizes(options):
    """Print the seconds by size: without steps, and with the steps that are left after it."""
    from networks.hardware import choose_quickly
    from pictures.images import LANCZOS, flatten, open_picture
    from style.features import instant
    from style.instant import Instant
    from style.styles import Styles

    photo, style = (flatten(open_picture(options[name])) for name in ("content", "style"))
    encoder, decoder = instant(dtype=choose_quickly("auto"))
    print("| px | first, s | next, s | encoder | search | decoder | with mini, s | with VGG19, s | peak, GiB |")
    for side in options["sizes"]:
        factor = side / max(photo.size)
        scaled = photo.resize([round(length * factor) for length in photo.size], LANCZOS)
        Instant(encoder, decoder, Styles([style])).paint(scaled)  # what is slow once only
        watches = [Watch(encoder), Watch(decoder)]
        painter = Instant(*watches, Styles([style]))
        first, picture = timed(painter.paint, scaled)
        for watch in watches:
            watch.seconds = 0.0
        following = [timed(painter.paint, scaled)[0] for _ in range(ROUNDS)]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        seen, drawn = (watch.seconds / sum(following) for watch in watches)
        finer = [f"{in_steps(name, options, scaled, style, picture):.1f}" for name in ("mini", "vgg19")]
        print(
            f"| {side} | {first:.2f} | {median(following):.2f} | {seen:.0%} | {1 - seen - drawn:.0%} | {drawn:.0%} "
            f"| {' | '.join(finer)} | {peak:.1f} |"
        )


class Watch:
    """A network that counts the seconds it takes."""

    def __init__(self, network):
        self.network, self.seconds = network, 0.0

    def predict_on_batch(self, inputs):
        seconds, found = timed(self.network.predict_on_batch, inputs)
        self.seconds += seconds
        return found


def timed(function, *given):
    started = time.perf_counter()
    result = function(*given)
    return time.perf_counter() - started, result


def in_steps(name, options, photo, style, picture):
    """The seconds of painting in steps from an instant painting, without loading; NaN if VGG19 is not here."""
    from functools import cache

    from networks.hardware import choose_precision
    from style.features import NETWORKS
    from style.methods import Match
    from style.painting import Painter
    from style.styles import Styles

    if name == "vgg19" and not options["vgg_weights"]:
        return float("nan")
    load = cache(lambda precision: NETWORKS[name](options["vgg_weights"] if name == "vgg19" else None, precision))
    precision = choose_precision("auto")
    load(precision)
    painter = Painter(load, precision, Match(), Styles([style]))
    return timed(lambda: painter.paint(photo, scales=Match.scales_left, start=lambda size: picture))[0]


def folder(options):
    """Print how many photos a second `stylize.py` paints from one folder into another."""
    from studio.studio import stylize

    with tempfile.TemporaryDirectory() as place:
        photos = Path(place) / "photos"
        photos.mkdir()
        for number in range(options["photos"]):
            shutil.copy(options["content"], photos / f"{number}{options['content'].suffix}")
        given = read_stylize(photos, options["style"], Path(place) / "paintings")
        seconds, _ = timed(lambda: stylize(**given))
    print(
        f"a folder of {options['photos']} photos, everything painted: {options['photos'] / seconds:.2f} photos a second"
    )


def read_stylize(photos, style, save):
    """The options of stylize.py."""
    import stylize

    given = [f"--content={photos}", f"--style={style}", f"--save={save}", "--keep=none", "--network=instant"]
    options = read_options(stylize.__doc__, stylize.OPTIONS, given)
    del options["show"]
    return options


if __name__ == "__main__":
    run(main)
