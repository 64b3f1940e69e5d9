"""Fixtures that many tests share: a drawn data set, a small network, and a way to run the scripts."""

import importlib
import os
import socket
import sys
from functools import cache as remembered
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # tests run side by side, a core each
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
# JAX compiles for far longer than the small networks of the tests compute, however quick they come out.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")

from command.process import run
from drawn import draw_set
from eager import compile_nothing
from utils import ROOT

CALLS = {
    socket: ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr", "create_connection"),
    socket.socket: ("connect", "connect_ex", "sendto", "sendmsg", "bind"),
}


@pytest.fixture(autouse=True, scope="session")
def plain_tracebacks():
    """Let Keras pass errors on as they are. To shorten their tracebacks, it wraps each call of each layer."""
    import keras

    keras.config.disable_traceback_filtering()


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    """Keep the decoded cache of the tests out of data/."""
    folder = tmp_path_factory.getbasetemp() / "cache"
    monkeypatch.setattr("segmentation.cache.CACHE", folder)
    return folder


@pytest.fixture(scope="session")
def people(tmp_path_factory):
    """A folder of 24 drawn figures, 64 x 64 px, and their masks."""
    return draw_set(tmp_path_factory.mktemp("sets") / "people", 24, width=64, height=64)


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """An untrained network on disk, with a record as train.py writes it: enough to test all but the quality."""
    import keras

    from networks.saved import save_network
    from segmentation.registry import build

    keras.utils.set_random_seed(1)
    record = {
        "network": "unet",
        "network_options": {"size": 32, "base": 2, "classes": 1},
        "class_names": ["person"],
        "data": {"held_back": 0.25},
    }
    model = tmp_path_factory.mktemp("model") / "tiny.keras"
    save_network(model, build(record), record)
    return model


@pytest.fixture
def script(monkeypatch, capfd):
    """Run a script in this process: script("train.py", "--size=32") gives (status, stdout, stderr)."""

    def call(name, *args):
        module = importlib.import_module(Path(name).stem)
        monkeypatch.setattr(sys, "argv", [str(ROOT / "src" / name), *map(str, args)])
        capfd.readouterr()
        status = 0
        try:
            run(module.main)
        except SystemExit as stop:
            status = stop.code or 0
        return status, *capfd.readouterr()

    return call


@pytest.fixture(scope="session")
def vgg_weights(tmp_path_factory):
    """A file of random weights for all of VGG19, in Keras's own layout."""
    import keras

    keras.utils.set_random_seed(2)
    file = tmp_path_factory.mktemp("vgg") / "random.weights.h5"
    keras.applications.VGG19(weights=None, include_top=False).save_weights(file)
    return file


@remembered
def thin_network(dtype):
    """A network of VGG19's plan with few channels and random weights, which nobody changes."""
    import keras

    from networks.vgg import Preprocessing, encoder
    from style.features import LAYERS

    keras.utils.set_random_seed(3)
    network = encoder(((4, 2), (6, 2), (8, 4), (8, 4), (8, 4)), LAYERS, Preprocessing(dtype="float32"), dtype)
    network.trainable = False
    return network


@pytest.fixture
def thin(monkeypatch):
    """Let stylize.py use a thin network: it is fast."""
    from style import features

    def make(weights=None, dtype="float32"):
        return thin_network(dtype)

    monkeypatch.setitem(features.NETWORKS, "vgg19", make)
    return make


@pytest.fixture
def check_gradients():
    """Compare the gradients of a canvas's J with finite differences, in the direction of one level at a time."""
    import keras

    from gradients import gradients

    def check(canvas):
        def value():
            return canvas.compute_loss(y_pred=canvas())

        for level, gradient in zip(canvas.levels, gradients(value, canvas.levels), strict=True):
            direction = np.sign(gradient)
            kept, step = keras.ops.convert_to_numpy(level).copy(), 1e-3
            level.assign(kept + step * direction)
            up = float(value())
            level.assign(kept - step * direction)
            down = float(value())
            level.assign(kept)
            assert (up - down) / (2 * step) == pytest.approx(np.abs(gradient).sum(), rel=0.02)

    return check


@pytest.fixture
def tried(monkeypatch):
    """Refuse all use of the network, and list what was tried."""
    asked = []

    def shut(name):
        def refuse(*given, **_):
            asked.append((name, given))
            raise OSError("no network here")

        return refuse

    for owner, names in CALLS.items():
        for name in names:
            monkeypatch.setattr(owner, name, shut(name))
    return asked


@pytest.fixture
def eager(monkeypatch):
    """Train and paint without compiling, which takes longer than a few steps of a small network, except under JAX."""
    compile_nothing(monkeypatch)


@pytest.fixture
def after_an_epoch(monkeypatch):
    """Stop a run, as Ctrl-C does, once it has saved its first epoch: after_an_epoch(train, *given, **options)."""
    from networks.runs import Run

    def stop(train, *given, **options):
        save = Run.save

        def save_and_stop(run, network, row):
            save(run, network, row)
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(Run, "save", save_and_stop)
            with pytest.raises(KeyboardInterrupt, match="epoch 1 of 1"):
                train(*given, **options)

    return stop


@pytest.fixture(scope="session")
def drawing(tmp_path_factory):
    """A small untrained network with a decoder on disk, and its record."""
    import keras

    from networks.saved import build_network, save_network
    from networks.vgg import THIN
    from style.features import LAYERS

    keras.utils.set_random_seed(5)
    options = {"widths": [2, 3, 4, 5, 6], "layers": list(LAYERS), "decoder": [8, 6, 4]}
    record = {"network": "thin", "network_options": options}
    network = build_network(THIN, record)
    colours = network.get_layer("decoder_colours")  # a decoder that began to learn
    colours.kernel.assign(keras.random.normal(colours.kernel.shape, stddev=0.2, seed=1))
    model = tmp_path_factory.mktemp("drawing") / "small.keras"
    save_network(model, network, record)
    return model


@pytest.fixture(scope="session")
def presets(tmp_path_factory):
    """Small segmenters of KerasHub on disk: {name: (folder, segmenter)}."""
    from presets import saved_presets

    return saved_presets(pytest.importorskip("keras_hub"), tmp_path_factory.mktemp("presets"))
