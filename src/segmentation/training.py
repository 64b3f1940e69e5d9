"""Train a segmentation network on a folder of pairs, in a run that can be continued, and write it with its record."""

import time
import warnings
from functools import partial
from pathlib import Path

import keras
import numpy as np

from command.options import recordable
from networks.devices import Devices
from networks.hardware import POLICIES, accelerators, choose_precision, use_xla
from networks.runs import Run, fit_run
from networks.saved import between, copy_layers, save_network
from networks.vgg import THIN
from segmentation import losses
from segmentation.batches import Augmentation, Batches
from segmentation.cache import decoded
from segmentation.datasets import balanced, split, with_share
from segmentation.layouts import ignored_labels
from segmentation.metrics import metrics_of
from segmentation.rates import optimizer_of
from segmentation.registry import NETWORKS, build, describe, encoder_layers, freeze_encoder, load_encoder
from utils import UserError, shown

NOT_RECORDED = ("tensorboard", "resume")  # options that do not change the network
PREPROCESSING = "RGB 0..1, long side scaled to size, padded with black to a square"


def train(**options):
    """Train a network on the folder `data` and write it to `model`. Takes all options of train.py."""
    encoder_weights, partial_sets = options["encoder_weights"], options["partial"] or ()
    options |= {name: options[name] and list(options[name]) for name in ("nobody", "sources", "ignore")}
    options["partial"] = [f"{folder.name}:{'+'.join(known)}" for folder, known in partial_sets] or None
    options["encoder_weights"] = Path(encoder_weights).name  # the run and the record name the file without its folder
    keras.utils.set_random_seed(options["seed"])
    devices = Devices(options["devices"], options["batch_size"], options["precision"])
    pairs = decoded(options["data"], options["size"], options["layout"], options["nobody"] or (), partial_sets)
    run = Run(options["model"], options, pairs.fingerprint, "iou")
    run.precision = run.precision or choose_precision(options["precision"])
    with devices.scope():
        _train(run, options, pairs, encoder_weights, devices)


def _train(run, options, pairs, encoder_weights, devices):
    training, held_back = _batches(pairs, options, devices)
    network = _begin(options, pairs.layout, encoder_weights, POLICIES[run.precision], bool(run.history))
    weights = _weights(training) if options["class_weights"] == "auto" else None
    compile_network(network, options, len(training) * options["epochs"], weights, pairs.denials)
    held = len(held_back.rows) if held_back else 0
    print(f"{network.count_params():,} parameters, {len(training.rows)} pictures to train on, {held} held back")
    print(f"in {run.precision} on {', '.join(devices.names or accelerators()) or 'the CPU'}")
    # Keras asks for 64-bit counts of pixels, and JAX warns that it uses 32 bits, which are enough.
    warnings.filterwarnings("ignore", "Explicitly requested dtype int64")
    logs = [keras.callbacks.TensorBoard(options["tensorboard"])] if options["tensorboard"] else []
    started = time.perf_counter()
    publish = partial(_publish, run, options, pairs, encoder_weights)
    fit_run(run, network, training, held_back, options, publish, logs)
    print(f"waited for input {training.waited / (time.perf_counter() - started):.1%} of the time")


def _begin(options, layout, encoder_weights, dtype="float32", has_weights=False):
    """Build the network with its initial weights. has_weights: whether the run already has weights of its own."""
    keras.utils.set_random_seed(options["seed"])  # again: the initial weights are the same, whatever came before
    network, init = build(_network(options, layout), dtype), options["init"]
    if has_weights or init:  # do not download weights that would be overwritten
        freeze_encoder(network, encoder_weights)
    else:
        load_encoder(network, encoder_weights)
    if init and not has_weights:
        copy_layers(network, "--init", init, NETWORKS | THIN)
    encoder = [layer for layer in encoder_layers(network) if layer.weights]
    for layer in encoder if options["encoder_rate"] == 0 else encoder[: options["encoder_frozen"]]:
        layer.trainable = False
    return network


def _batches(pairs, options, devices):
    """The batches to train on, and those to score on (None if no picture is held back)."""
    layout = pairs.layout
    ignored = ignored_labels(options["ignore"], layout)
    rows = list(pairs.rows.values())
    training, held_back = split(pairs.rows, options["validation"])
    if not len(training):
        raise UserError(f"--validation={options['validation']} leaves no picture to train on; make it smaller")
    batch_size, seed, stems = options["batch_size"], options["seed"], list(pairs.rows)
    shares = options["sources"] and balanced([stems[place] for place in training], options["sources"])
    augment = Augmentation(layout) if options["augment"] == "on" else None
    training, held_back = ([rows[place] for place in part] for part in (training, held_back))
    if options["nobody_share"]:
        even = np.full(len(training), 1 / len(training))
        shares = with_share(even if shares is None else shares, _of_nobody(pairs, training), options["nobody_share"])
    drawn = {"shares": shares, "steps": options["steps"], "devices": devices}
    scored = held_back if options["validation"] else []  # a set with its own split always holds pictures back
    return (
        Batches(pairs, training, batch_size, augment, seed, shuffle=True, ignored=ignored, **drawn),
        Batches(pairs, scored, batch_size, ignored=ignored, devices=devices) if scored else None,
    )


def _of_nobody(pairs, rows):
    """Which of the pictures in these rows show no figure: (N,) bools."""
    layout = pairs.layout
    figure = [1] if layout.outputs == 1 else [layout.classes.index(name) for name in layout.figure]
    return np.array([not np.isin(pairs.labels[row], figure).any() for row in rows])


def _weights(batches):
    """The weights of the classes (with a single class: of background and figure), by how many pixels each has."""
    classes = max(2, batches.decoded.layout.outputs)
    label_map = batches.label_map.astype(np.uint8)
    return losses.class_weights((label_map[batches.decoded.labels[row]] for row in batches.rows), classes)


def _network(options, layout):
    """The part of the record that describes the network: enough to build it again."""
    name, base = options["network"], options["base"]
    described = describe(name, size=options["size"], base=base, classes=layout.outputs)
    if base and "base" not in described["network_options"]:
        raise UserError(f"--base={base} has no effect on --network={name}, whose filters are fixed; leave it out")
    return described


def compile_network(network, options, steps, weights=None, denials=losses.NONE):
    """Give a network its optimiser, loss and metrics.

    steps: over how many steps the learning rate falls. weights: how much each class counts; None: all the same.
    """
    rate = options["learning_rate"]
    if options["schedule"] == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, steps, alpha=0.01)
    slow = [weight for layer in encoder_layers(network) for weight in layer.trainable_weights]
    network.compile(
        optimizer_of(options["optimizer"], rate, slow, options["encoder_rate"]),
        losses.loss(options["loss"], weights, denials),
        metrics=metrics_of(network.output_shape[-1], denials),
        jit_compile=use_xla(),
    )


def _publish(run, options, pairs, encoder_weights):
    """Write the best network so far with its record, and return a sentence that says so."""
    if not run.best:
        return "no epoch was finished"
    network = build(_network(options, pairs.layout), "float16")  # half the size on disk, read back as float32
    run.load("best", network)
    if options["blend"] < 1:
        _blend(network, run, _begin(options, pairs.layout, encoder_weights), options["blend"])
    save_network(options["model"], network, _record(run, options, pairs))
    score = run.score_of(run.best)
    return f"{shown(options['model'])} holds epoch {run.best['epoch']} of {len(run.history)}, the best: IoU {score:.3f}"


def _blend(network, run, initial, share):
    """Give a network the weights that lie `share` of the way from the initial ones to the run's best."""
    starts = initial.get_weights()
    run.load("best", initial)
    trained = initial.get_weights()
    network.set_weights(between(starts, trained, share))


def _record(run, options, pairs):
    """The record of a network: how it was made, on what data, what input it expects, how well it does."""
    recorded, layout = recordable(options, leave_out=NOT_RECORDED), pairs.layout
    ignored = ignored_labels(options["ignore"], layout)
    return (
        _network(options, layout)
        | {
            "second_size": options["second_size"],
            "class_names": list(layout.classes),
            "figure": list(layout.figure),
            "preprocessing": PREPROCESSING,
            "data": {
                "folder": recorded["data"],
                "layout": layout.name,
                "ignored": [layout.classes[label] for label in ignored],
                "pictures": len(pairs.rows),
                "fingerprint": pairs.fingerprint,
                "held_back": options["validation"],
            },
        }
        | run.record("train.py", recorded)
    )
