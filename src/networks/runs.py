"""A training run on disk: all that it needs to continue after being killed at any moment, and its log."""

import csv
import io
import math
import re
import sys
import time
from pathlib import Path

import keras
import numpy as np

from command.options import command_line
from command.process import is_out_of_memory, stop_between_steps, stop_if_asked
from files.whole import read_json, whole_file, write_json, write_text
from networks.curves import MOST_STATE, draw_curves, is_log
from networks.hardware import POLICIES, accelerators, versions
from networks.saved import UNREADABLE, check_space, read_weights, short_reason
from networks.trust import Refused
from utils import UserError, shown

# Options that may differ when a run continues; every other option is part of what the run computes.
PLACES = {"data", "nobody", "photos", "paintings", "vgg_weights", "init"}  # a checksum stands for what they hold
FREE_OPTIONS = PLACES | {"epochs", "patience", "tensorboard", "resume", "blend", "second_size", "devices"}


class Run:
    """A training run in the folder <model>.run: run.json, log.csv, curves.png and two files of weights.

    run.json names the weights that belong to it and is replaced in one step. So the folder always describes the end
    of one epoch, where network, optimiser and log agree. Everything else (best epoch, patience) follows from the log.
    """

    def __init__(self, model_path, options, fingerprint, score):
        """score: the name of the metric that chooses the best epoch; higher is better."""
        self.score = score
        self.folder = Path(model_path).with_suffix(".run")
        self.patience = options.get("patience", math.inf)
        self.options = {name: value for name, value in options.items() if name not in FREE_OPTIONS | {"model"}}
        self.state = {"options": self.options, "fingerprint": fingerprint, "history": [], "finished": False}
        self.broken = False  # whether the loss stopped being a number
        if self._file("run.json").exists():
            self._open(options["resume"], fingerprint)

    def _open(self, resume, fingerprint):
        """Continue a saved run, or start over if it had finished; refuse if work would be lost."""
        try:
            saved = read_json(self._file("run.json"), MOST_STATE)
            _check_state(saved, self.score)
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            raise UserError(
                f"{shown(self._file('run.json'))} cannot be read; delete that folder to start over"
            ) from None
        done = f"{shown(self.folder)} holds an unfinished run of {len(saved['history'])} epochs"
        if not resume and not saved["finished"]:
            raise UserError(f"{done}: add --resume to continue it, or delete that folder to start over")
        if not resume:
            return
        other = [f"--{name}={value}" for name, value in saved["options"].items() if self.options.get(name) != value]
        if other:
            began = shown(" ".join(other), 160)
            raise UserError(f"--resume: that run began with {began}; give the same options again")
        if saved["fingerprint"] != fingerprint:
            raise UserError("--resume: the pictures in --data changed since that run began; leave --resume out")
        self.state = saved | {"finished": False}

    def _file(self, name):
        return self.folder / name

    # ------------------------------------------------------------ what the log tells

    @property
    def history(self):
        """A dict for each finished epoch: epoch, loss, the metrics, the same with val_, learning_rate, seconds."""
        return self.state["history"]

    @property
    def best(self):
        """The log of the epoch with the best score, or None before the first one."""
        return max(self.history, key=self.score_of, default=None)

    def score_of(self, row):
        """The score in an epoch's log: on the held-back pictures, or on the training ones if none are held back."""
        return row.get(f"val_{self.score}", row[self.score])

    @property
    def is_stale(self):
        """Whether the best epoch is at least `patience` epochs old."""
        return bool(self.history) and len(self.history) - self.best["epoch"] >= self.patience

    @property
    def precision(self):
        """The precision that the run began with, or None. It is measured once and kept for the whole run."""
        return self.state.get("precision")

    @precision.setter
    def precision(self, value):
        self.state["precision"] = value

    @property
    def kept(self):
        """The part of an error message that says which work is safe."""
        return f"epochs 1 to {len(self.history)} are kept in {shown(self.folder)}; " if self.history else ""

    def record(self, script, options):
        """The part of a network's record that tells of its run: how it was made, on what, how well it does."""
        return {
            "command": command_line(script, options),
            "options": options,
            "precision": self.precision,
            "epochs": len(self.history),
            "minutes": round(sum(row["seconds"] for row in self.history) / 60, 1),
            "metrics": self.best,
            "versions": versions(),
            "devices": accelerators() or ["cpu"],
        }

    # ------------------------------------------------------------ on disk

    def save(self, network, row):
        """Append an epoch's log: write the weights under a new name, then run.json, then remove the old weights."""
        self.history.append(row)
        number = len(self.history)
        self._write_weights(network, "weights", f"state-{number:04}.weights.h5")
        if self.best["epoch"] == number:
            self._write_weights(network, "best", f"best-{number:04}.weights.h5")
        write_json(self._file("run.json"), self.state)
        kept = {"run.json", "log.csv", "curves.png", self.state["weights"], self.state["best"]}
        for file in self.folder.iterdir():  # weights of earlier epochs, and partial files from before a kill
            if file.name not in kept:
                file.unlink()
        self._write_log()

    def _write_weights(self, network, role, name):
        with whole_file(self._file(name)) as temporary:
            weights = temporary.with_suffix(".weights.h5")  # Keras insists on this ending
            check_space(temporary, [*network.weights, *network.optimizer.variables])
            try:
                network.save_weights(weights)
                weights.replace(temporary)
            finally:
                weights.unlink(missing_ok=True)
        self.state[role] = name

    def load(self, role, network):
        """Give `network` the weights of the best epoch ("best"), or of the last one with its optimiser ("weights")."""
        file = self._file(self.state[role])
        try:
            read_weights(network, file)
        except (Refused, *UNREADABLE) as error:
            raise UserError(
                f"{shown(file)} cannot be used ({short_reason(error)}); delete that folder to start over"
            ) from None

    def _write_log(self):
        table = io.StringIO()
        writer = csv.DictWriter(table, self.history[-1], restval="", extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.history)
        write_text(self._file("log.csv"), table.getvalue())
        draw_curves(self._file("curves.png"), {"": self.history}, self.score)

    def finish(self):
        """Mark the run as finished, so that another one may start in its place."""
        self._write_log()  # again: a kill may have come between the last weights and their log
        self.state["finished"] = True
        write_json(self._file("run.json"), self.state)


class Recorder(keras.callbacks.Callback):
    """Saves a run after each epoch, restores it at the start, and lets stop signals act between steps."""

    def __init__(self, run):
        super().__init__()
        self.run = run

    def on_train_begin(self, logs=None):
        if self.run.history:
            self.model.optimizer.build(self.model.trainable_variables)
            self.run.load("weights", self.model)

    def on_epoch_begin(self, epoch, logs=None):
        self.started = time.perf_counter()
        for layer in self.model.layers:
            if hasattr(layer, "seed_generator"):
                # Keras does not save how many numbers a dropout has drawn, so each epoch starts at a place of its own.
                seed, _ = keras.ops.convert_to_numpy(layer.seed_generator.state)
                layer.seed_generator.state.assign(np.array([seed, epoch << 16], np.uint32))

    def on_train_batch_end(self, batch, logs=None):
        stop_if_asked()

    def on_test_batch_end(self, batch, logs=None):
        stop_if_asked()

    def on_epoch_end(self, epoch, logs=None):
        row = {"epoch": epoch + 1} | {name: float(value) for name, value in logs.items()}
        row["learning_rate"] = float(self.model.optimizer.learning_rate)
        row["seconds"] = round(time.perf_counter() - self.started, 1)
        if not math.isfinite(row["loss"]):
            self.run.broken = self.model.stop_training = True
            return
        self.run.save(self.model, row)
        self.model.stop_training = self.run.is_stale


def fit_run(run, network, training, judged, options, publish, callbacks=()):
    """Train a compiled network from where its run stands to its last epoch, then publish its best epoch.

    training, judged: keras.utils.PyDataset; publish: writes the network, and returns a sentence that says so.
    """
    try:
        with stop_between_steps():
            _fit(run, network, training, judged, options, callbacks)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(publish() + "; --resume continues") from None
    print(publish())
    run.finish()


def _fit(run, network, training, judged, options, callbacks):
    training.epoch = len(run.history)
    if training.epoch:
        print(f"continuing after epoch {training.epoch}")
    if run.is_stale or training.epoch >= options["epochs"]:
        return
    try:
        network.fit(
            training,
            validation_data=judged,
            initial_epoch=training.epoch,
            epochs=options["epochs"],
            callbacks=[Recorder(run), *callbacks, keras.callbacks.TerminateOnNaN()],
            shuffle=False,  # the data shuffles by itself, in an order that a resumed run repeats
            verbose=1 if sys.stdout.isatty() else 2,
        )
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        sizes = f"--batch_size={options['batch_size']} --size={options['size']}"
        raise UserError(f"out of memory at {sizes}; make one of them smaller") from None
    if run.broken:
        raise UserError(
            f"the loss became infinite or NaN in epoch {len(run.history) + 1}; {run.kept}try a smaller "
            f"--learning_rate than {options['learning_rate']:g}, or --precision=float32"
        )


def _check_state(state, score):
    """Raise one of several errors if a run.json is not as we write it."""
    files = [state["weights"], state["best"]] if state["history"] else []
    sound = (
        isinstance(state["options"], dict)
        and isinstance(state["fingerprint"], str)
        and isinstance(state["finished"], bool)
        and state.get("precision") in (None, *POLICIES)
        and all(re.fullmatch(r"(state|best)-\d{4,}\.weights\.h5", name) for name in files)
        and is_log(state["history"], {"loss", "learning_rate", "seconds", score})
    )
    if not sound:
        raise ValueError
