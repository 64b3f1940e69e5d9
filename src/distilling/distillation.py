"""Teach a thin network to see or to draw, in a run that can be continued, and write it with its record."""

import math
from functools import partial

import keras
import numpy as np

from command.options import recordable
from distilling.crops import (
    PAINTINGS_HELD_BACK,
    PHOTOS_HELD_BACK,
    Crops,
    Pairs,
    fingerprint,
    hold_back,
    pictures_in,
)
from distilling.drawing import Drawing
from distilling.lesson import Lesson, folded
from distilling.pruning import prune
from networks.decoder import decoder
from networks.devices import PROCESSES, Devices
from networks.hardware import POLICIES, accelerators, choose_precision, use_xla
from networks.runs import Run, fit_run
from networks.saved import copy_layers, give_weights, load_network, save_network
from networks.vgg import THIN, thin, thin_vgg, vector_length
from style import matching
from style.features import LAYERS, seen_by, vgg19
from utils import UserError, shown

FIRST = 48  # pictures that the pruning looks at; with fewer, its least squares overfit
JUDGED = 12  # batches of held-back pictures that judge an epoch


def distill(**options):
    """Teach the encoder or the decoder of a network, and write it to `model`. Takes all options of distill.py."""
    options |= {name: list(options[name]) for name in ("widths", "decoder")}  # as they come back from JSON
    keras.utils.set_random_seed(options["seed"])
    devices = Devices(options["devices"], options["batch_size"], options["precision"])
    if devices.processes > 1:
        raise UserError(f"--devices={options['devices']}: distill.py runs in one process; leave {PROCESSES} out")
    photos, paintings = (pictures_in(f"--{name}", options[name]) for name in ("photos", "paintings"))
    run = Run(options["model"], options, fingerprint(photos + paintings), "likeness")
    run.precision = run.precision or choose_precision(options["precision"])
    print(f"{len(photos)} photos, {len(paintings)} paintings")
    print(f"in {run.precision} on {', '.join(devices.names or accelerators()) or 'the CPU'}")
    with devices.scope():
        master = vgg19(options["vgg_weights"], run.precision)
        LESSONS[options["teach"]](run, master, photos, paintings, options)


def _teach_encoder(run, master, photos, paintings, options):
    """Teach a thin network to see as VGG19 does."""
    size, batch_size, seed = options["size"], options["batch_size"], options["seed"]
    learnt, held_back = hold_back(photos, PHOTOS_HELD_BACK)
    apprentice = thin_vgg(options["widths"], LAYERS, POLICIES[run.precision])
    lesson = Lesson(master, apprentice, options["canvases"], size)
    _compile(lesson, options)
    training = Crops(learnt, paintings, size, batch_size, options["steps"], seed)
    judged = Crops(held_back, held_back, size, batch_size, JUDGED, seed, fixed=True)
    if not run.history:
        pictures = np.concatenate([training[place][0] for place in range(math.ceil(FIRST / batch_size))])
        if options["init"]:
            copy_layers(apprentice, "--init", options["init"], THIN)
        else:
            prune(apprentice, master, pictures)
        lesson.begin(pictures)
    print(f"{apprentice.count_params():,} parameters")
    easel = [Easel(training, options["canvases"])] if options["canvases"] else []
    plan = {"widths": options["widths"], "layers": list(LAYERS)}
    publish = partial(_publish, run, lesson, lambda: folded(lesson, options["widths"]), plan, options)
    fit_run(run, lesson, training, judged, options, publish, easel)


def _teach_decoder(run, master, photos, paintings, options):
    """Teach a decoder to draw what the encoder of --init sees."""
    network, record = load_network("--init", options["init"], THIN, POLICIES[run.precision])
    network.trainable = False
    plan = record["network_options"] | {"decoder": options["decoder"]}
    hand = decoder(vector_length(plan["widths"]), plan["decoder"], POLICIES[run.precision])
    if not run.history and record["network_options"].get("decoder"):
        copy_layers(hand, "--init", options["init"], THIN)
    lesson = Drawing(*(seen_by(each, matching.LAYERS) for each in (master, network)), hand)
    _compile(lesson, options)
    both = hold_back(photos, PHOTOS_HELD_BACK), hold_back(paintings, PAINTINGS_HELD_BACK)
    learnt, held_back = zip(*both, strict=True)
    size, batch_size, seed = options["size"], options["batch_size"], options["seed"]
    training = Pairs(*learnt, size, batch_size, options["steps"], seed)
    judged = Pairs(*held_back, size, batch_size, JUDGED, seed, fixed=True)
    print(f"{hand.count_params():,} parameters")
    publish = partial(_publish, run, lesson, lambda: _with_decoder(network, hand, plan), plan, options)
    fit_run(run, lesson, training, judged, options, publish)


LESSONS = {"encoder": _teach_encoder, "decoder": _teach_decoder}


def _compile(lesson, options):
    steps = options["epochs"] * options["steps"]
    decay = keras.optimizers.schedules.CosineDecay(options["learning_rate"], steps, alpha=0.01)
    lesson.compile(keras.optimizers.Adam(decay, beta_2=0.99), jit_compile=use_xla())


def _with_decoder(network, hand, plan):
    """A thin network in half precision, with a decoder in place of its own, if it has one."""
    whole = thin(**plan, dtype="float16")
    own = {layer.name for layer in hand.layers}
    give_weights([layer for layer in whole.layers if layer.name in own], hand)
    give_weights([layer for layer in whole.layers if layer.name not in own], network)
    return whole


class Easel(keras.callbacks.Callback):
    """Starts new canvases in each epoch: photos, to be painted in the style of paintings and of photos."""

    def __init__(self, crops, count):
        super().__init__()
        self.crops, self.count = crops, count

    def on_epoch_begin(self, epoch, logs=None):
        random = self.crops.random(epoch)
        contents = [self.crops.draw_from(self.crops.photos, random) for _ in range(self.count)]
        styles = [self.crops.draw(random) for _ in range(self.count)]
        self.model.set_easel(contents, styles, float(self.model.optimizer.learning_rate))


def _publish(run, lesson, build, plan, options):
    """Write the network of the best epoch so far with its record, and return a sentence that says so.

    build() gives the network that the lesson teaches; plan: the options of `thin` that describe it.
    """
    if not run.best:
        return "no epoch was finished"
    run.load("best", lesson)
    save_network(options["model"], build(), _record(run, plan, options))
    epoch, likeness = run.best["epoch"], run.score_of(run.best)
    return f"{shown(options['model'])} holds epoch {epoch} of {len(run.history)}, the best: likeness {likeness:.3f}"


def _record(run, plan, options):
    """The record of a network: how it was made, on what, and how close to VGG19 it comes."""
    described = {"network": "thin", "network_options": plan, "preprocessing": "RGB 0..1"}
    return described | run.record("distill.py", recordable(options, leave_out=("resume",)))
