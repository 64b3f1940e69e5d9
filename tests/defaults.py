"""Call what the scripts call, with the defaults of their usage texts."""

import importlib

from command.options import read_options


def with_defaults(script, work, *names):
    """A function that calls `work` with all options of a script: those given, and the defaults for the rest.

    names: the options that may be given by their places.
    """
    module = importlib.import_module(script)

    def call(*given, **options):
        defaults = read_options(module.__doc__, module.OPTIONS, [])
        return work(**defaults | dict(zip(names, given, strict=False)) | options)

    return call
