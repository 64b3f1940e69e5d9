"""Measure how long a visitor of the page waits, in headless Chromium: for the figure, and for each kind of painting.

Usage:
  page_speed.py --content=<photo> [options]
  page_speed.py --help

Options:
  --content=<photo>     The photo that the visitor drops.
  --vgg_weights=<file>  The weights of VGG19, to paint finely with it as well.
  --help                Show this text.

The page has been open for a while: its networks are loaded, and it has looked at the styles.
"""

import re
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from command.options import path, read_options
from command.process import run
from utils import ROOT, UserError

OPTIONS = {"--content": path, "--vgg_weights": path}
PORT = 7869
PATIENCE = 300_000  # ms
WARM_UP = 30  # s, until the page has looked at the styles
STYLES = ("whirls", "wheat")


def main(argv):
    options = read_options(__doc__, OPTIONS, argv)
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not browser:
        raise UserError("the page is measured in Chromium, which is not installed; install it")
    from playwright.sync_api import sync_playwright

    with served(options["vgg_weights"]), sync_playwright() as playwright:
        page = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"]).new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"http://127.0.0.1:{PORT}/")
        visit(page, options)


@contextmanager
def served(vgg_weights):
    """A page that is open, and ready for visitors."""
    given = [f"--vgg_weights={vgg_weights}"] if vgg_weights else []
    command = [sys.executable, "-u", ROOT / "src/page.py", f"--port={PORT}", *given]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        while "The page is at" not in server.stdout.readline():
            if server.poll() is not None:
                raise UserError(f"the page does not open; is port {PORT} free?")
        yield
    finally:
        server.terminate()
        server.wait()


def visit(page, options):
    """Do what a visitor does, and print the seconds of each step."""
    time.sleep(WARM_UP)
    with told("photo dropped, until the figure is tinted"):
        page.locator("#photo input[type=file]").set_input_files(options["content"])
        page.locator("#brush .sheet").wait_for()
    with told("and from there until it is painted"):
        painted(page, "Painted at once")
    for style in STYLES:
        with told(f"another style, {style}"):
            page.get_by_role("radio", name=style).check(force=True)
            painted(page, "Painted at once")
    for network in ("mini", "VGG19") if options["vgg_weights"] else ("mini",):
        page.get_by_role("radio", name=network).check(force=True)
        with told(f"finely with {network}"):
            page.get_by_role("button", name="Paint finely").click()
            painted(page, "Painted finely")


@contextmanager
def told(step):
    started = time.perf_counter()
    yield
    print(f"{step}: {time.perf_counter() - started:.1f} s", flush=True)


def painted(page, text):
    """Wait until the page has begun to paint, and says that it is done."""
    page.locator("#status p").filter(has_text=re.compile("Painting|Step")).wait_for()
    page.locator("#status p").filter(has_text=text).wait_for()


if __name__ == "__main__":
    run(main)
