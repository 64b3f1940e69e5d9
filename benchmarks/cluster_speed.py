"""Measure how many photos a minute the workers of a cluster on this machine do, and what limits them.

Usage:
  cluster_speed.py [options]
  cluster_speed.py --help

Options:
  --photos=<n>      How many photos to do with each number of workers [default: 24].
  --side=<px>       Their long side [default: 2048].
  --workers=<list>  The numbers of workers, of one core each, separated by commas [default: 1,2].
  --work=<names>    predict: find the figure; instant: paint without steps; echo: send the photo back as it is
                    [default: predict,instant,echo].
  --help            Show this text.

Photos are counted from the first that is written until the last, so that loading does not count: what the minutes of a
large folder look like. Echo computes nothing; what it reaches is the most that the one who asks can hand out and write.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from command.options import list_of, one_of, read_options, whole
from command.process import run
from utils import ROOT

OPTIONS = {
    "--photos": whole(2, 100_000),
    "--side": whole(64, 8192),
    "--workers": list_of(whole(1, 256)),
    "--work": list_of(one_of("predict", "instant", "echo")),
}
ONE_CORE = {name: "1" for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")}
STYLE = ROOT / "examples/styles/rain.jpg"


def main(argv):
    options = read_options(__doc__, OPTIONS, argv)
    os.environ.update(ONE_CORE)
    print("| work | workers | photos a minute | compared with the first row | seconds until the first |")
    print("|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        photos = draw(Path(folder) / "photos", options["photos"], options["side"])
        for work in options["work"]:
            first = None
            for count in options["workers"]:
                out = Path(folder) / f"{work}{count}"
                speed, began = WORK[work](photos, out, count)
                first = first or speed
                print(f"| {work} | {count} | {speed:.0f} | {speed / first:.2f} | {began:.0f} |", flush=True)


def draw(folder, count, side):
    """Draw photos with grain, so that their files are as large as those of a camera."""
    from PIL import Image

    folder.mkdir()
    for number in range(count):
        size, box = (side, side * 3 // 4), (-2 + number / count, -1.5, 1, 1.5)
        photo = Image.blend(Image.effect_mandelbrot(size, box, 30), Image.effect_noise(size, 60), 0.3)
        photo.convert("RGB").save(folder / f"{number}.jpg", quality=92)
    return folder


def speed_of(out, count, started):
    """Photos a minute between the first result and the last, and the seconds until the first."""
    times = sorted(file.stat().st_mtime for file in out.iterdir() if not file.name.startswith("."))
    return 60 * (len(times) - count) / (times[-1] - times[count - 1]), times[0] - started


def script(*given):
    """A function that runs a script on a folder of photos."""

    def measure(photos, out, count):
        started = time.time()
        places = [part.format(photos=photos, out=out) for part in given]
        command = [sys.executable, str(ROOT / "src" / places[0]), *places[1:], f"--cluster=local:{count}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return speed_of(out, count, started)

    return measure


def echo(photos, out, count):
    """Send each photo to a worker and write what comes back."""
    from cluster.jobs import Job, Work, each

    out.mkdir()
    started, sources = time.time(), sorted(photos.iterdir())
    work = Work(f"local:{count}", "cluster_speed:copying", {}, ())
    list(each(None, sources, lambda source: Job(source, out / source.name, None), work))
    return speed_of(out, count, started)


def copying():
    """What a worker does for `echo`."""
    return lambda job: job.target.write_bytes(job.source.read_bytes())


WORK = {
    "predict": script("predict.py", "--file_path={photos}", "--save={out}", "--output=mask"),
    "instant": script(
        "stylize.py", "--content={photos}", "--save={out}", f"--style={STYLE}", "--network=instant", "--keep=none"
    ),
    "echo": echo,
}


if __name__ == "__main__":
    run(main)
