"""A process that has loaded all libraries and forks a script off for each line of JSON that it reads.

Loading TensorFlow takes longer than all that the scripts of these tests do; what is forked off has only their own work
before it, so that a signal at a random moment meets that. A line is {"argv": [script, ...], "cwd": folder, "err":
file}, answered by the number of the new process, or {"wait": number}, answered by its exit status, less than 0 for a
signal that it died of.
"""

import importlib
import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager

MODULES = ("predict", "stylize", "train", "download_data", "fetching.sets", "studio.studio", "segmentation.prediction")
MODULES = (*MODULES, "segmentation.training", "requests", "kagglesdk")
STOPS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def fork_server(src, home):
    """Start such a process for the scripts in `src`, with Kaggle's login in `home`: a function that asks it."""
    from kaggle_server import TOKEN

    login = {"HOME": str(home), "KAGGLE_API_ENVIRONMENT": "TEST", "KAGGLE_API_TOKEN": TOKEN, "PYTHONPATH": str(src)}
    process = subprocess.Popen(
        [sys.executable, __file__],
        env=os.environ | login,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"

    def ask(**asked):
        print(json.dumps(asked, default=str), file=process.stdin, flush=True)
        return int(process.stdout.readline())

    yield ask
    process.communicate()


def call(argv, cwd, err):
    """Be the script: its exit status."""
    out = os.open(err, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.chdir(cwd)
    sys.argv = argv
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background makes children deaf to it
    from command.process import run

    script = importlib.import_module(argv[0].removesuffix(".py"))

    def main(given):
        """The script's main, outside of which no signal is heard."""
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        try:
            script.main(given)
        finally:
            signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)

    try:
        run(main)
    except SystemExit as stop:
        return stop.code or 0
    return 0


def fork(argv, cwd, err):
    """Fork a script off: the number of its process."""
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    number = os.fork()
    if number:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        return number
    status = 70  # of a bug
    try:
        status = call(argv, cwd, err)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        os._exit(status)


def main():
    import keras

    for module in MODULES:
        importlib.import_module(module)
    keras.config.disable_traceback_filtering()
    compile_it = keras.Model.compile
    if keras.backend.backend() != "jax":  # what is traced and compiled takes longer than these few steps
        keras.Model.compile = lambda self, *given, **more: compile_it(self, *given, **more | {"run_eagerly": True})
    print("ready", flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        answer = os.waitstatus_to_exitcode(os.waitpid(asked["wait"], 0)[1]) if "wait" in asked else fork(**asked)
        print(answer, flush=True)


if __name__ == "__main__":
    main()
