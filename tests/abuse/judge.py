"""Judge how a case ended: a list of sentences about what is wrong, empty if nothing is."""

import hashlib
import json
import os
import re
import stat
from pathlib import Path

from PIL import ExifTags, Image

from abuse.pictures import FORMATS
from abuse.stage import MOST_WORK
from command import options

LONGEST = 300
REMEDY = re.compile(r"; \S| must ")
PARTLY = re.compile(r"\d+ of \d+ pictures failed: |epochs 1 to \d+ are kept in ")  # what exit 2 may leave behind


def snapshot(folder):
    """{path: what is there}, of all files, links and folders; folders without their times."""
    found = {}
    for place, folders, files in os.walk(os.fsencode(folder)):
        for name in (*folders, *files):
            path = os.path.join(place, name)
            found[os.fsdecode(os.path.relpath(path, os.fsencode(folder)))] = _seen(path)
    return found


def _seen(path):
    told = os.lstat(path)
    if stat.S_ISLNK(told.st_mode):
        return "link", os.readlink(path)
    if stat.S_ISREG(told.st_mode):
        with open(path, "rb") as file:
            return "file", told.st_mtime_ns, hashlib.blake2b(file.read()).hexdigest()
    return "other", stat.S_IFMT(told.st_mode)


def differences(before, after):
    """The names that were there before and are not now, or not the same; and those that are new."""
    lost = [name for name in before if after.get(name) != before[name]]
    return lost, [name for name in after if name not in before]


def judge(case, ended, before, after, outside=()):
    """All that is wrong: `ended` as `stage.play` gives it, the files before and after, what was written elsewhere."""
    wrong = [f"written outside: {place}" for place in outside]
    if ended.trace:
        return [*wrong, f"a traceback, or more than {MOST_WORK} s: {ended.trace}"]
    wrong += [f"left behind: {name}" for name in differences(before, after)[1] if _is_half(name)]
    if ended.status == 2:
        return [*wrong, *wrong_message(case, ended), *wrong_leavings(ended, before, after)]
    if ended.status:
        return [*wrong, f"exit code {ended.status}"]
    return [*wrong, *([f"on stderr: {ended.err}"] if ended.err else []), *wrong_result(case, ended, before, after)]


def _is_half(name):
    return ".part" in name and name.rpartition("/")[2].startswith(".")


# ---------------------------------------------------------------- exit 2


def wrong_message(case, ended):
    """What is wrong with a message."""
    line = ended.err
    if line.count("\n") != 1 or not line.endswith("\n") or not line.startswith(f"{case.script}: "):
        return [f"not one line: {line!r}"]
    wrong = []
    if len(line) > LONGEST + 1:
        wrong.append(f"{len(line)} characters: {line}")
    if not line.rstrip("\n").isprintable():
        wrong.append(f"not to be printed: {line!r}")
    if not any(word in line for word in case.words):
        wrong.append(f"names none of {sorted(case.words)}: {line}")
    if not REMEDY.search(line):
        wrong.append(f"says not what to do: {line}")
    return wrong


def wrong_leavings(ended, before, after):
    """What is not as it was, unless some of the pictures are done and the message says so."""
    lost, new = differences(before, after)
    if PARTLY.search(ended.err):
        return [f"lost or changed: {lost}"] * bool(lost) + wrong_pictures(new)
    return [f"exit 2 and changed: {lost}, new: {new}, {ended.err}"] * bool(lost or new)


# ---------------------------------------------------------------- exit 0


def wrong_result(case, ended, before, after):
    """What is wrong with what is promised."""
    lost, new = differences(before, after)
    if ended.out.strip() == case.module.__doc__.strip() and any("h" in word for word in (*case.more, *case.options)):
        return []  # -h, too, in any word with one dash
    told = {
        name: Path(case.options[name]).expanduser()
        for name in ("--save", "--json", "--panel", "--parts", "--evolution", "--confusion")
        if case.options.get(name) and "--show" not in case.options
    }
    wrong = wrong_pictures([name for name in (*lost, *new) if Path(name).suffix.lower() in FORMATS])
    wrong += [f"changed without being told: {name}" for name in lost if not _may_change(case, name)]
    return [*wrong, *RESULTS[case.script](case, ended, told, [*lost, *new])]


def _may_change(case, name):
    """Whether a file is a place that the command names, or part of one."""
    stems = {os.path.normpath(str(value)) for value in case.options.values() if value}
    return any(name.startswith(os.path.splitext(stem)[0]) for stem in stems)


def wrong_pictures(names):
    """Those of some files that are no whole pictures of the format that they are called by."""
    wrong = []
    for name in names:
        if os.path.islink(name) or not os.path.isfile(name) or Path(name).suffix.lower() not in FORMATS:
            continue
        try:
            with Image.open(name) as image:
                image.load()
                kind = image.format
        except Exception as error:
            wrong.append(f"{name!r} cannot be opened: {error}")
        else:
            if kind != FORMATS[Path(name).suffix.lower()]:
                wrong.append(f"{name!r} is a {kind}")
    return wrong


def upright_size(file):
    """The (width, height) of a picture as it is looked at."""
    with Image.open(file) as image:
        image.load()  # of a TIFF, this turns it already
        try:
            turn = image.getexif().get(ExifTags.Base.Orientation)
        except Exception:
            turn = None
        return image.size[::-1] if turn in (5, 6, 7, 8) else image.size


def wrong_paintings(case, ended, told, touched):
    """Of predict.py and stylize.py: the result has its place and the size of its picture."""
    source = Path(case.options.get("--content") or case.options.get("--file_path") or "")
    made = [name for name in touched if Path(name).suffix.lower() in FORMATS and os.path.isfile(name)]
    if wrong_pictures(made):
        return []  # which is told already
    if "--show" in case.options:
        return [f"--show wrote {touched}"] * bool(touched) or [] if ended.out else ["nothing is shown"]
    extra = {os.path.normpath(told[name]) for name in told if name != "--save"}
    several = "," in str(case.options.get("--similarity"))  # which are animated apart
    wrong = [f"{place} is not there" for place in extra if not (os.path.isfile(place) or several)]
    if not source.is_file():
        return wrong if made else [*wrong, "nothing is written"]
    save = os.path.expanduser(case.options.get("--save") or "")
    if save and not os.path.isdir(save) and not save.endswith(("/", "\\")) and not several:
        place = save if Path(save).suffix else save + ".jpg"
        if case.options.get("--output") != "masks" and not os.path.isfile(place):
            wrong.append(f"{place} is not there")
    sizes = {name: Image.open(name).size for name in made if os.path.normpath(name) not in extra}
    full = upright_size(source)
    odd = {name: size for name, size in sizes.items() if size != full and "similarity" not in name}
    legend = case.options.get("--output") == "overlay"  # below the picture
    return [*wrong, *(f"{name} is {size}, not {full}" for name, size in odd.items() if not legend)]


def wrong_training(case, ended, told, touched):
    """Of train.py: a network and its record, which can be read."""
    from segmentation.registry import load_network

    try:
        load_network(Path(case.options.get("--model") or options.ROOT / "model/Unet_model.keras").expanduser())
    except Exception as error:
        return [f"the network cannot be read: {error}"]
    return []


def wrong_scores(case, ended, told, touched):
    """Of evaluate.py: a table, and the files that are asked for."""
    wrong = [f"{place} is not there" for name, place in told.items() if name != "--save" and not place.is_file()]
    if "--curves" in case.options:
        wrong = [] if told["--save"].is_file() else ["no curves"]
    elif "iou" not in ended.out:
        wrong.append(f"no table: {ended.out}")
    if "--json" in told and told["--json"].is_file():
        wrong += wrong_json(told["--json"])
    return wrong


def wrong_json(file):
    """What is wrong with a file of JSON: NaN is none."""
    try:
        json.loads(file.read_text(encoding="utf-8"), parse_constant=lambda word: int(word))
    except ValueError as error:
        return [f"{file} is no JSON: {error}"]
    return []


def wrong_download(case, ended, told, touched):
    """Of download_data.py, which has no network: the data set was there before."""
    return [] if "is complete" in ended.out else [f"what is there? {ended.out}"]


RESULTS = {
    "predict.py": wrong_paintings,
    "stylize.py": wrong_paintings,
    "train.py": wrong_training,
    "evaluate.py": wrong_scores,
    "download_data.py": wrong_download,
    "distill.py": lambda *given: ["distill.py cannot have come to its end"],
}
