"""Open a page in the browser to paint on: drop a photo, mend its mask, choose a style, and watch it being painted.

Usage:
  page.py [options]
  page.py --help

Options:
  --port=<number>        Where the page is: http://127.0.0.1:<number> [default: 7860].
  --host=<address>       The address of this machine to listen at. At any but its own, 127.0.0.1, other machines can
                         open the page, and --password is needed [default: 127.0.0.1].
  --password=<text>      What visitors must type before they see the page.
  --model=<file>         The network that finds the figure [default: model/person.keras].
  --vgg_weights=<file>   The weights of VGG19, instead of those that Keras downloads once.
  --help                 Show this text.

Examples:
  page.py
  page.py --port=8000 --model=model/pets.keras
"""

from command.options import path, read_options, text, whole
from command.process import run
from webpage.server import serve

OPTIONS = {
    "--port": whole(1, 65535),
    "--host": text,
    "--password": text,
    "--model": path,
    "--vgg_weights": path,
}


def main(argv):
    serve(**read_options(__doc__, OPTIONS, argv))


if __name__ == "__main__":
    run(main)
