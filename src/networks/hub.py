"""Image segmenters of KerasHub, an optional extra, by name or from a folder. A stranger's folder runs no code.

A folder holds configurations (JSON) and weights (HDF5). KerasHub makes whatever objects a configuration names, so all
are checked first: they may name KerasHub's own segmenters and Keras's harmless parts, and nothing else.
"""

import re
import warnings
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import keras

from files.whole import read_json
from networks.saved import UNREADABLE, read_weights, short_reason
from networks.trust import Refused, check_weights
from utils import UserError, shown

INSTALL = 'pip install "keras-hub<0.30"'  # later ones want a kagglesdk that is too old for Kaggle's own client
WEIGHTS_ENDINGS = (".keras", ".h5", ".hdf5")  # of our own networks
TASK, BACKBONE = "task.json", "config.json"
CONFIGS = (TASK, BACKBONE, "preprocessor.json", "image_converter.json")  # all that KerasHub reads of a segmenter
TASK_WEIGHTS, BACKBONE_WEIGHTS = "task.weights.h5", "model.weights.h5"
MOST_CONFIG = 1_000_000  # bytes
MOST_NUMBER = 4096  # of filters, layers or pixels in a configuration
HUB_PARTS = r"\w+(Backbone|ImageSegmenter|ImageSegmenterPreprocessor|ImageConverter)|BASNetPreprocessor"
KERAS_PARTS = {"DTypePolicy", *(name for name in dir(keras.initializers) if name[0].isupper())}


def is_preset(model):
    """Whether --model names a preset of KerasHub, or a folder with one, and not a file of ours."""
    return model.is_dir() or not (model.is_file() or model.suffix in WEIGHTS_ENDINGS)


@cache
def preset_folder(option, model):
    """The folder of a preset: the one that the option names, or the one into which KerasHub's own is downloaded."""
    if not find_spec("keras_hub"):
        what = "a folder" if model.is_dir() else "no file"
        raise UserError(f"{option}={shown(model)} is {what}; for presets of KerasHub: {INSTALL}")
    if model.is_dir():
        return model
    known = {name: about for name, about in _hub().models.ImageSegmenter.presets.items() if not name.startswith("sam")}
    if str(model) not in known:
        raise UserError(
            f"{option}={shown(model)} is neither a file nor a folder nor a segmenter of KerasHub; "
            f"it has {', '.join(name for name in sorted(known) if 'b0' in name or 'voc' in name)} and others"
        )
    import kagglehub

    try:
        return Path(kagglehub.model_download(known[str(model)]["kaggle_handle"].removeprefix("kaggle://")))
    except Exception as error:  # a failed download may raise anything
        raise UserError(
            f"{option}={shown(model)} could not be downloaded ({short_reason(error)}); "
            "name a folder with it, copied from another machine"
        ) from None


def load_preset(option, folder):
    """Read the segmenter in a folder: a keras_hub.models.ImageSegmenter."""
    what = f"{option}={shown(folder)}"
    try:
        _check_configs(folder)
        with _quiet():
            segmenter = _hub().models.ImageSegmenter.from_preset(str(folder), load_weights=False)
        _read_weights(segmenter, folder)
    except Refused as error:
        raise UserError(f"{what} is refused: it {error}; copy it again from its source, or name another") from None
    except UNREADABLE as error:
        raise UserError(f"{what} holds no segmenter of KerasHub ({short_reason(error)}); name another") from None
    return segmenter


def _hub():
    """KerasHub. To import it takes seconds, so only what needs it does."""
    with _quiet():
        import keras_hub
    return keras_hub


@contextmanager
def _quiet():
    """Hide warnings that only KerasHub's makers can act on."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _read_weights(segmenter, folder):
    """Give a segmenter its weights, first checked: those of its head, then those of its backbone."""
    needed = [BACKBONE_WEIGHTS, *([TASK_WEIGHTS] if segmenter.has_task_weights() else [])]
    if missing := [name for name in needed if not (folder / name).is_file()]:
        raise Refused(f"has no {missing[0]}")
    if TASK_WEIGHTS in needed:
        check_weights(folder / TASK_WEIGHTS, segmenter)
        segmenter.load_task_weights(str(folder / TASK_WEIGHTS))
    read_weights(segmenter.backbone, folder / BACKBONE_WEIGHTS)


# ---------------------------------------------------------------- configurations


def _check_configs(folder):
    """Refuse configurations that name anything but parts of KerasHub's segmenters and Keras's harmless ones."""
    for name in CONFIGS:  # the task first
        if name in (TASK, BACKBONE) or (folder / name).exists():
            config = _read_config(folder / name)
            if not isinstance(config, dict) or "registered_name" not in config:
                raise Refused(f"holds a {name} that KerasHub did not write")
            if name == TASK:
                _check_task(str(config.get("class_name")))
            _check_config(config)


def _check_task(name):
    if not name.endswith("ImageSegmenter"):
        raise Refused(f"holds {shown(name, 40)}, which is no image segmenter")
    if name.startswith("SAM"):
        raise Refused("segments what points and boxes say, and knows no classes")


def _read_config(file):
    try:
        return read_json(file, MOST_CONFIG)
    except FileNotFoundError:
        raise Refused(f"has no {file.name}") from None
    except (OSError, ValueError) as error:
        raise Refused(f"holds a damaged {file.name} ({short_reason(error)})") from None


def _check_config(config):
    waiting = [config]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if "class_name" in part and not _is_known(part):
                named = shown(part["class_name"], 40)
                raise Refused(f"holds {named}, which no segmenter needs and which could run code")
            waiting += [value for key, value in part.items() if key != "seed"]
        elif isinstance(part, list):
            waiting += part
        elif isinstance(part, (int, float)) and abs(part) > MOST_NUMBER:
            raise Refused(f"asks for {part:,}, far more than a segmenter has of anything")


def _is_known(part):
    """Whether an object's class is one of KerasHub's for segmenters, or a harmless one of Keras."""
    name, module = part["class_name"], part.get("module")
    package = str(module).split(".")[0]
    registered = part.get("registered_name")
    if not isinstance(name, str):
        return False
    if package == "keras":
        return name in KERAS_PARTS and registered in (None, name)
    is_hubs = package in ("keras_hub", "keras_nlp") and registered in (f"keras_hub>{name}", f"keras_nlp>{name}")
    return is_hubs and bool(re.fullmatch(HUB_PARTS, name))
