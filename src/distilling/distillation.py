"""Distil a thin network from VGG19, in a run that can be continued, and write it with its record."""

import math
import sys

import keras
import numpy as np

from command.options import recordable
from command.process import stop_between_steps
from distilling.crops import Crops, fingerprint, hold_back, pictures_in
from distilling.lesson import Lesson, folded
from distilling.pruning import prune
from networks.hardware import POLICIES, accelerators, choose_precision, use_xla
from networks.runs import Recorder, Run
from networks.saved import copy_layers, save_network
from networks.vgg import THIN, thin_vgg
from style.features import LAYERS, vgg19
from utils import ROOT, UserError, shown

FIRST = 48  # pictures that the pruning looks at; with fewer, its least squares overfit
JUDGED = 12  # batches of held-back photos that judge an epoch


def distill(
    photos=(ROOT / "data/people_segmentation/images",),
    paintings=(ROOT / "examples/styles",),
    vgg_weights=None,
    model=ROOT / "model/mini.keras",
    widths=(16, 32, 64, 192, 256),
    init=None,
    size=128,
    batch_size=8,
    canvases=4,
    steps=100,
    epochs=50,
    learning_rate=0.0001,
    precision="auto",
    seed=2022,
    resume=False,
):
    """Distill a network and write it to `model`; the options are those of distill.py."""
    options = locals() | {"widths": list(widths)}
    keras.utils.set_random_seed(seed)
    photos, paintings = pictures_in("--photos", photos), pictures_in("--paintings", paintings)
    learnt, held_back = hold_back(photos)
    run = Run(model, options, fingerprint(photos + paintings), "likeness")
    run.precision = run.precision or choose_precision(precision)
    master = vgg19(vgg_weights, run.precision)
    lesson = _lesson(master, options, run.precision)
    training = Crops(learnt, paintings, size, batch_size, steps, seed)
    judged = Crops(held_back, held_back, size, batch_size, JUDGED, seed, fixed=True)
    if not run.history:
        pictures = np.concatenate([training[place][0] for place in range(math.ceil(FIRST / batch_size))])
        if init:
            copy_layers(lesson.apprentice, "--init", init, THIN)
        else:
            prune(lesson.apprentice, master, pictures)
        lesson.begin(pictures)
    print(f"{lesson.apprentice.count_params():,} parameters, {len(learnt)} photos, {len(paintings)} paintings")
    print(f"in {run.precision} on {', '.join(accelerators()) or 'the CPU'}")
    try:
        with stop_between_steps():
            _fit(lesson, training, judged, run, options)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(_publish(run, lesson, options) + "; --resume continues") from None
    print(_publish(run, lesson, options))
    run.finish()


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


def _fit(lesson, training, judged, run, options):
    """Train from where the run stands to its last epoch."""
    training.epoch = len(run.history)
    if training.epoch:
        print(f"continuing after epoch {training.epoch}")
    easel = [Easel(training, options["canvases"])] if options["canvases"] else []
    lesson.fit(
        training,
        validation_data=judged,
        initial_epoch=training.epoch,
        epochs=options["epochs"],
        callbacks=[Recorder(run), *easel, keras.callbacks.TerminateOnNaN()],
        shuffle=False,
        verbose=1 if sys.stdout.isatty() else 2,
    )
    if run.broken:
        raise UserError(
            f"the loss became infinite or NaN; {run.kept}try a smaller --learning_rate, or --precision=float32"
        )


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
