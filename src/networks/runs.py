"""A training run on disk: what it needs to go on after a kill at any moment, its log and its curves."""

import csv
import io
import math
import re
import time
from pathlib import Path

import keras
import numpy as np
from matplotlib.figure import Figure

from command.options import command_line
from command.process import stop_if_asked
from files.whole import read_json, whole_file, write_json, write_text
from networks.hardware import POLICIES, accelerators, versions
from networks.saved import UNREADABLE, fill, reserve, short_reason
from networks.trust import Refused
from utils import UserError, shown

# What may differ when a run goes on; every other option is part of what the run computes.
PLACES = {"data", "nobody", "photos", "paintings", "vgg_weights", "init"}  # a hash stands for what they hold
MOST_STATE = 100_000_000  # bytes; a thousand for each of 100,000 epochs
FREE_OPTIONS = PLACES | {"epochs", "patience", "tensorboard", "resume"}


class Run(keras.callbacks.Callback):
    """Keeps a training run in the folder <model>.run: run.json, log.csv, curves.png and two files of weights.

    run.json names the weights that belong to it and is replaced in one step, so the folder always tells of the end
    of one epoch: network, optimiser and log agree. All else (best epoch, patience) follows from the log.
    """

    def __init__(self, model_path, options, fingerprint, score):
        """score: the name of the metric by which the best epoch is chosen, the higher the better."""
        super().__init__()
        self.score = score
        self.folder = Path(model_path).with_suffix(".run")
        self.patience = options.get("patience", math.inf)
        self.options = {name: value for name, value in options.items() if name not in FREE_OPTIONS | {"model"}}
        self.state = {"options": self.options, "fingerprint": fingerprint, "history": [], "finished": False}
        self.broken = False
        if self._file("run.json").exists():
            self._open(options["resume"], fingerprint)

    def _open(self, resume, fingerprint):
        """Continue a saved run, start over where it had finished, and refuse where work would be lost."""
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
        """A dict per finished epoch: epoch, loss, the metrics, the same with val_, learning_rate, seconds."""
        return self.state["history"]

    @property
    def best(self):
        """The log of the best epoch by its score on what is held back, or in training where nothing is; or None."""
        return max(self.history, key=self.score_of, default=None)

    def score_of(self, row):
        """The score of an epoch's log, on what is held back where anything is."""
        return row.get(f"val_{self.score}", row[self.score])

    @property
    def is_stale(self):
        """Whether the best epoch is `patience` epochs ago."""
        return bool(self.history) and len(self.history) - self.best["epoch"] >= self.patience

    @property
    def precision(self):
        """The precision that the run began with, or None: what was measured once holds for the whole run."""
        return self.state.get("precision")

    @precision.setter
    def precision(self, value):
        self.state["precision"] = value

    @property
    def kept(self):
        """What an error message says of the work so far."""
        return f"epochs 1 to {len(self.history)} are kept in {shown(self.folder)}; " if self.history else ""

    # ------------------------------------------------------------ what Keras calls

    def on_train_begin(self, logs=None):
        if self.history:
            self.model.optimizer.build(self.model.trainable_variables)
            self._read_weights("weights", self.model)

    def on_epoch_begin(self, epoch, logs=None):
        self.started = time.perf_counter()
        for layer in self.model.layers:
            if hasattr(layer, "seed_generator"):
                # Keras does not save how far the draws of a dropout are: each epoch's begin at a place of their own.
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
            self.broken = self.model.stop_training = True
            return
        self.history.append(row)
        self._save()
        self.model.stop_training = self.is_stale

    def _save(self):
        """Write the weights under a new name, then the run.json that names them, then drop the old ones."""
        number = len(self.history)
        self._write_weights("weights", f"state-{number:04}.weights.h5")
        if self.best["epoch"] == number:
            self._write_weights("best", f"best-{number:04}.weights.h5")
        write_json(self._file("run.json"), self.state)
        kept = {"run.json", "log.csv", "curves.png", self.state["weights"], self.state["best"]}
        for file in self.folder.iterdir():  # weights of earlier epochs, and halves of files from before a kill
            if file.name not in kept:
                file.unlink()
        self._log()

    def _write_weights(self, role, name):
        with whole_file(self._file(name)) as temporary:
            weights = temporary.with_suffix(".weights.h5")  # Keras asks for this ending
            reserve(temporary, [*self.model.weights, *self.model.optimizer.variables])
            try:
                self.model.save_weights(weights)
                weights.replace(temporary)
            finally:
                weights.unlink(missing_ok=True)
        self.state[role] = name

    def _read_weights(self, role, network):
        file = self._file(self.state[role])
        try:
            fill(network, file)
        except (Refused, *UNREADABLE) as error:
            raise UserError(
                f"{shown(file)} cannot be used ({short_reason(error)}); delete that folder to start over"
            ) from None

    def _log(self):
        table = io.StringIO()
        writer = csv.DictWriter(table, self.history[-1], restval="", extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.history)
        write_text(self._file("log.csv"), table.getvalue())
        draw_curves(self._file("curves.png"), {"": self.history}, self.score)

    # ------------------------------------------------------------ the end

    def record(self, script, options):
        """What a network's record tells of the run that it comes from: how it was made, on what, how well it does."""
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

    def load_best(self, network):
        """Give `network` the weights of the best epoch."""
        self._read_weights("best", network)

    def finish(self):
        """Note that the run came to its end, so that another one may start in its place."""
        self._log()  # once more: a kill may have come between the last weights and their log
        self.state["finished"] = True
        write_json(self._file("run.json"), self.state)


def _check_state(state, score):
    """Raise what it happens to raise where a run.json is not as we write it."""
    files = [state["weights"], state["best"]] if state["history"] else []
    sound = (
        isinstance(state["options"], dict)
        and isinstance(state["fingerprint"], str)
        and isinstance(state["finished"], bool)
        and state.get("precision") in (None, *POLICIES)
        and all(re.fullmatch(r"(state|best)-\d{4,}\.weights\.h5", name) for name in files)
        and _is_log(state["history"], {"loss", "learning_rate", "seconds", score})
    )
    if not sound:
        raise ValueError


def _is_log(history, needed):
    """Whether a log is one of epochs in their order, all of which have the numbers that are needed."""
    values = [value for row in history for value in row.values()]
    numbers = all(type(value) is float or (type(value) is int and abs(value) < 2**53) for value in values)
    return numbers and all(row["epoch"] == place and needed <= set(row) for place, row in enumerate(history, 1))


def compare_runs(models, target):
    """Draw the curves of the runs of some networks, by their files or by the folders of the runs, in one PNG."""
    histories = {}
    for model in models:
        state = model.with_suffix(".run") / "run.json"
        try:
            histories[model.stem] = read_json(state, MOST_STATE)["history"]
            if not _is_log(histories[model.stem], {"loss"}):
                raise ValueError
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            raise UserError(f"--curves={shown(model)}: there is no run in {shown(state.parent)}; name others") from None
        if not histories[model.stem]:
            raise UserError(f"--curves={shown(model)} has finished no epoch yet; wait, or name others")
    told = [set(history[-1]) for history in histories.values()]
    measure = next((name for name in ("iou", "likeness") if all(name in names for names in told)), None)
    if measure is None:
        raise UserError(f"--curves={shown(','.join(histories))}: they have no score in common; name runs of one script")
    draw_curves(target, histories, measure)
    print(f"wrote {shown(target)}")


def draw_curves(target, histories, measure):
    """Draw loss and a score of runs, {name: history}, over the epochs, training dashed, held back solid, as a PNG."""
    figure = Figure(figsize=(9, 3.5), layout="constrained")
    for axes, score in zip(figure.subplots(1, 2), ("loss", measure), strict=True):
        for number, (run, history) in enumerate(histories.items()):
            epochs = [row["epoch"] for row in history]
            for name, label, dashes in ((score, "training", "--"), (f"val_{score}", "held back", "-")):
                if name in history[-1]:
                    label = f"{run}, {label}" if run else label
                    axes.plot(epochs, [row[name] for row in history], dashes, color=f"C{number}", label=label)
        axes.set(xlabel="epoch", title={"iou": "IoU"}.get(score, score))
        axes.grid(alpha=0.3)
        axes.legend()
    with whole_file(target) as temporary:
        figure.savefig(temporary, dpi=110)
