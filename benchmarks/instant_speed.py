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
  --parts=<names>       sizes, folder or both; each is measured in a process of its own [default: sizes,folder].
  --help                Show this text.

"First" is the first photo of a style, whose features are found then; "next" is any other one. Both without loading the
network, reading and writing. Folders are read, painted and written by `stylize.py`.
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from command.options import list_of, one_of, path, quiet_libraries, read_options, whole
from command.process import run

OPTIONS = {
    "--content": path,
    "--style": path,
    "--sizes": list_of(whole(64, 8192)),
    "--vgg_weights": path,
    "--photos": whole(1, 10_000),
    "--parts": list_of(one_of("sizes", "folder")),
}
ROUNDS = 5
PHONE, LARGE = (4032, 3024), 3  # px of a phone's photo, and how many of them are painted


def main(argv):
    options = read_options(__doc__, OPTIONS, argv)
    if len(options["parts"]) > 1:
        given = [part for part in argv if not part.startswith("--parts")]
        for part in options["parts"]:
            subprocess.run([sys.executable, __file__, *given, f"--parts={part}"], check=True)
        return
    with quiet_libraries():
        import keras  # noqa: F401  its greeting is to stay quiet
    {"sizes": sizes, "folder": folder}[options["parts"][0]](options)


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
    """Print how many photos a second `stylize.py` paints at 512 px, and how long a phone's photo takes at 1024 px."""
    from pictures.images import LANCZOS, flatten, open_picture

    photo = flatten(open_picture(options["content"]))
    seconds, loading = per_photo(photo, options, options["photos"], "--keep=none")
    print(f"a folder of {options['photos']} photos, everything painted: {1 / seconds:.2f} photos a second")
    print(f"before the first of them is painted: {loading:.1f} s")
    phone = photo.resize(PHONE if photo.width > photo.height else PHONE[::-1], LANCZOS)
    seconds, _ = per_photo(phone, options, LARGE, "--keep=figure", "--size=1024")
    print(f"a photo of 12 megapixels at 1024 px, its figure kept, from file to file: {seconds:.1f} s")


def per_photo(photo, options, number, *given):
    """The seconds that each photo of a folder takes when all is loaded, and those that come before."""
    one, all_of_them = (in_folder(photo, options["style"], count, given) for count in (1, 1 + number))
    seconds = (all_of_them - one) / number
    return seconds, one - seconds


def in_folder(photo, style, number, given):
    """The seconds of painting a folder with so many copies of a photo, loading included."""
    from studio.studio import stylize

    with tempfile.TemporaryDirectory() as place:
        photos = Path(place) / "photos"
        photos.mkdir()
        for copy in range(number):
            photo.save(photos / f"{copy}.jpg", quality=92)
        given = [f"--content={photos}", f"--style={style}", f"--save={place}/paintings", "--network=instant", *given]
        return timed(lambda: stylize(**read_stylize(given)))[0]


def read_stylize(given):
    """The options of stylize.py."""
    import stylize

    options = read_options(stylize.__doc__, stylize.OPTIONS, given)
    del options["show"]
    return options


if __name__ == "__main__":
    run(main)
