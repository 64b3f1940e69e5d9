"""Distil a thin network from VGG19, in a run that can be continued, and write it with its record."""

import math
from functools import partial

import keras
import numpy as np

from command.options import recordable
from distilling.crops import Crops, fingerprint, hold_back, pictures_in
from distilling.lesson import Lesson, folded
from distilling.pruning import prune
from networks.hardware import POLICIES, accelerators, choose_precision, use_xla
from networks.runs import Run, fit_run
from networks.saved import copy_layers, save_network
from networks.vgg import THIN, thin_vgg
from style.features import LAYERS, vgg19
from utils import shown

FIRST = 48  # pictures that the pruning looks at; with fewer, its least squares overfit
JUDGED = 12  # batches of held-back photos that judge an epoch


def distill(**options):
    """Distill a network and write it to `model`. Takes all options of distill.py."""
    options["widths"] = list(options["widths"])
    size, batch_size, seed = options["size"], options["batch_size"], options["seed"]
    keras.utils.set_random_seed(seed)
    photos, paintings = (pictures_in(f"--{name}", options[name]) for name in ("photos", "paintings"))
    learnt, held_back = hold_back(photos)
    run = Run(options["model"], options, fingerprint(photos + paintings), "likeness")
    run.precision = run.precision or choose_precision(options["precision"])
    master = vgg19(options["vgg_weights"], run.precision)
    lesson = _lesson(master, options, run.precision)
    training = Crops(learnt, paintings, size, batch_size, options["steps"], seed)
    judged = Crops(held_back, held_back, size, batch_size, JUDGED, seed, fixed=True)
    if not run.history:
        pictures = np.concatenate([training[place][0] for place in range(math.ceil(FIRST / batch_size))])
        if options["init"]:
            copy_layers(lesson.apprentice, "--init", options["init"], THIN)
        else:
            prune(lesson.apprentice, master, pictures)
        lesson.begin(pictures)
    print(f"{lesson.apprentice.count_params():,} parameters, {len(learnt)} photos, {len(paintings)} paintings")
    print(f"in {run.precision} on {', '.join(accelerators()) or 'the CPU'}")
    easel = [Easel(training, options["canvases"])] if options["canvases"] else []
    fit_run(run, lesson, training, judged, options, partial(_publish, run, lesson, options), easel)


def _lesson(master, options, precision):
    """The compiled lesson of a run."""
    apprentice = thin_vgg(options["widths"], LAYERS, POLICIES[precision])
    lesson = Lesson(master, apprentice, options["canvases"], options["size"])
    decay = keras.optimizers.schedules.CosineDecay(
        options["learning_rate"], options["epochs"] * options["steps"], alpha=0.01
    )
    lesson.compile(keras.optimizers.Adam(decay, beta_2=0.99), jit_compile=use_xla())
    return lesson


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


def _publish(run, lesson, options):
    """Write the best network so far with its record, and return a sentence that says so."""
    if not run.best:
        return "no epoch was finished"
    run.load("best", lesson)
    save_network(options["model"], folded(lesson, options["widths"]), _record(run, options))
    epoch, likeness = run.best["epoch"], run.score_of(run.best)
    return f"{shown(options['model'])} holds epoch {epoch} of {len(run.history)}, the best: likeness {likeness:.3f}"


def _record(run, options):
    """The record of a network: how it was made, on what, and how close to VGG19 it comes."""
    return {
        "network": "thin",
        "network_options": {"widths": options["widths"], "layers": list(LAYERS)},
        "preprocessing": "RGB 0..1",
    } | run.record("distill.py", recordable(options, leave_out=("resume",)))
