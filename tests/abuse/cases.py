"""A case is a correct command with one or two bad things done to it or to its files."""

import importlib
import json
import os
import random
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from abuse.networks import RECORD, damage, faces, spoil_record
from abuse.pictures import ALL, THINGS, put_bad_picture, sound
from abuse.values import odd_name, odd_text
from utils import shown


class Script(NamedTuple):
    """What there is to be spoilt about a script."""

    weight: int  # how often its turn comes
    options: dict  # of a command that is right, in the folder of `stage.stock`
    also: tuple = ()  # further options that are right
    pictures: tuple = ()  # the options that name a picture to read ...
    networks: tuple = ()  # ... a network ...
    folders: dict = MappingProxyType({})  # ... a folder, and where in it the pictures lie
    writes: tuple = ()  # ... or a place to write to
    words: tuple = ()  # what the message names where the rest is right, of a script that cannot come to its end
    runs: str = ""  # the option by which it finds what is left of a training run


TRAIN = {"--size": "32", "--epochs": "1", "--precision": "float32", "--network": "conv_deconv", "--batch_size": "4"}
PAINT = {"--style": "style.png", "--size": "64", "--epochs": "1", "--precision": "float32", "--mask": "mask.png"}
PAINT |= {"--turns": "off"}
DISTIL = {"--vgg_weights": "nowhere.h5", "--precision": "float32"}
SET = {"--data": ("set/images", "set/masks")}
SCRIPTS = {
    "predict.py": Script(
        700,
        {"--file_path": "photo.jpg", "--save": "out.png", "--model": "tiny.keras"},
        also=("--output=mask", "--output=alpha", "--output=overlay", "--output=index", "--output=masks"),
        pictures=("--file_path",),
        networks=("--model",),
        folders={"--file_path": ("folder",)},
        writes=("--save",),
    ),
    "stylize.py": Script(
        500,
        {"--content": "photo.jpg", "--save": "out.png"} | PAINT,
        also=("--keep=background", "--color=content", "--similarity=content,style", "--snapshots=1", "--init=noise"),
        pictures=("--content", "--style", "--mask", "--init", "--show"),
        networks=("--model", "--vgg_weights"),
        folders={"--content": ("folder",), "--mask": ("folder",)},
        writes=("--save", "--evolution", "--panel", "--parts"),
    ),
    "train.py": Script(
        230,
        {"--data": "set", "--model": "new.keras"} | TRAIN,
        also=(
            *("--loss=focal", "--augment=off", "--class_weights=auto", "--validation=0", "--sources=00:2", "--seed=3"),
            *("--steps=1", "--nobody_share=0.5", "--blend=0.5", "--encoder_rate=0"),
        ),
        networks=("--init", "--encoder_weights"),
        folders=SET | {"--nobody": ("folder",)},
        writes=("--model", "--tensorboard"),
        runs="--model",
    ),
    "evaluate.py": Script(
        350,
        {"--data": "set", "--model": "tiny.keras"},
        also=("--part=held_back", "--sources=00,a", "--nobody", "--model=tiny.keras,faces.keras", "--threshold=0.3"),
        networks=("--model", "--curves"),
        folders=SET,
        writes=("--json", "--panel", "--confusion", "--save"),
        runs="--curves",
    ),
    "download_data.py": Script(
        200,
        {"--dataset": "someone/something", "--file_path": "data"},
        also=("--force", "--dataset=helen", "--dataset=a/done"),
        folders={"--file_path": ("data", "data/done")},
        writes=("--file_path",),
        words=("Kaggle", "helen"),
    ),
    "distill.py": Script(
        80,
        {"--photos": "folder", "--paintings": "folder", "--model": "new.keras"} | DISTIL,
        also=("--resume", "--widths=1,1,1,1,1"),
        networks=("--init", "--vgg_weights"),
        folders={"--photos": ("folder",), "--paintings": ("folder",)},
        writes=("--model",),
        words=("--vgg_weights",),
    ),
}
UNKNOWN = ("--nonsense", "--nonsense=3", "-x", "stray", "--help=3", "--", "-", "--s", "\udcff")
COSTLY = {"--size", "--epochs", "--network", "--precision", "--turns"}  # whose defaults are for more than a case
ENDINGS = {"--json": ".json", "--panel": ".png", "--confusion": ".png", "--evolution": ".gif", "--model": ".keras"}
PLACES = (
    *("photo.jpg/below{}", "nowhere/deep/new{}", "folder", "folder/", "folder/new{}", "new/", "new", "a.txt", "{}"),
    *("photo.jpg", "photo.jpg/", "style.png", "tiny.json", "tiny.keras", "../out{}", "/proc/new{}", "/dev/null/a{}"),
    *("./a/../b{}", "x" * 251 + "{}", "x" * 260 + "{}", "x/" * 3000 + "{}", "alias{}", "OUT.PNG", "a.tar.gz", "a b{}"),
)


@dataclass
class Case:
    """One call of a script in a folder of its own, and what its message may name."""

    number: int
    script: str
    options: dict
    more: list = field(default_factory=list)  # arguments besides the options
    words: set = field(default_factory=set)  # one of which a message must have
    story: list = field(default_factory=list)  # what was done, to be told if it goes wrong

    @property
    def plan(self):
        return SCRIPTS[self.script]

    @property
    def module(self):
        return importlib.import_module(self.script.removesuffix(".py"))

    @property
    def argv(self):
        given = [name if value is None else f"{name}={value}" for name, value in self.options.items()]
        return [*given, *self.more]

    def blame(self, option, *names):
        """Expect a message to name the option or one of these files."""
        parts = [part for name in names for part in (str(name), Path(name).name, *str(name).split(","))]
        self.words |= {
            option,
            *(shown(os.path.expanduser(part)) for part in (*parts, *map(str.strip, parts))),
            *(part.stem for part in map(Path, names)),
        }
        self.words -= {""}
        self.story.append(f"{option}: {shown(', '.join(map(str, names)))}")

    def give(self, option, value):
        self.options[option] = value
        self.blame(option, value)


def make_case(base, number):
    """The case of that number, and the source of its chances."""
    chance = random.Random(f"{base}-{number}")
    script = chance.choices(list(SCRIPTS), [each.weight for each in SCRIPTS.values()])[0]
    return Case(number, script, dict(SCRIPTS[script].options), words=set(SCRIPTS[script].words)), chance


def spoil(case, chance):
    """Do one or two bad things to a case, in the current folder; now and then something right besides."""
    if case.plan.also and chance.random() < 0.3:
        option, _, value = chance.choice(case.plan.also).partition("=")
        case.options[option] = value or None
        case.blame(option, value)
        case.words |= {"--data"} if option == "--nobody" else set()  # which then has to be a folder of photos
    fitting = [change for change, needs in CHANGES.items() if needs is None or getattr(case.plan, needs)]
    for _ in range(chance.choice([1, 1, 1, 2])):
        change = chance.choice(fitting)
        case.story.append(change.__name__)
        change(case, chance)


# ---------------------------------------------------------------- what is done


def odd_value(case, chance):
    """Give an option a text that it does not want."""
    option, check = chance.choice(list(case.module.OPTIONS.items()))
    case.give(option, odd_text(chance, getattr(check, "each", check)))


def odd_list(case, chance):
    """Give an option a list."""
    option, check = chance.choice(list(case.module.OPTIONS.items()))
    case.give(option, ",".join(odd_text(chance, getattr(check, "each", check))[:40] for _ in range(2)))


def bad_picture(case, chance):
    """Name a picture that is bad, or has an odd name, or both."""
    option, ending = chance.choice(case.plan.pictures), chance.choice(ALL)
    name = chance.choice(["bad" + ending, odd_name(chance, ending)])
    case.story.append(put_bad_picture(chance, name))
    if option == "--show":
        case.options.clear()
    if option == "--mask":
        case.blame(option, "photo.jpg")  # in which it leaves nothing to paint
    case.give(option, name)


def good_picture_of_odd_name(case, chance):
    option, ending = chance.choice(case.plan.pictures), chance.choice(ALL)
    name = odd_name(chance, ending)
    Path(name).write_bytes(sound(ending))
    case.give(option, name)


def bad_in_folder(case, chance):
    """Name a folder in which something is bad."""
    option, places = chance.choice(list(case.plan.folders.items()))
    folder = chance.choice(places)
    case.give(option, folder.split("/")[0])
    there = [file for file in sorted(Path(folder).iterdir()) if file.is_file()] if Path(folder).is_dir() else []
    old = chance.choice(there) if there and chance.random() < 0.6 else None
    ending = old.suffix if old and old.suffix in ALL else chance.choice(ALL)
    place = old.with_suffix(ending) if old else Path(folder, odd_name(chance, ending))
    if old:
        old.unlink()
    place.parent.mkdir(exist_ok=True)
    case.story.append(put_bad_picture(chance, place))
    case.blame(option, place.name)
    if case.script in ("predict.py", "stylize.py") and chance.random() < 0.7:
        case.give("--save", "results")


def bad_folder(case, chance):
    """Name a folder that is none, or not a set."""
    option = chance.choice(list(case.plan.folders))
    name = odd_name(chance, chance.choice(["", ".jpg"]))
    replace_by_thing(chance, Path(name))
    case.give(option, name)


def bad_network(case, chance):
    """Name a network that is damaged, or whose record is, or which is another."""
    option = chance.choice(case.plan.networks)
    stem, ending = chance.choice([("tiny", ".keras"), ("faces", ".keras"), ("tiny", ".h5")])
    name = Path(stem + ending)
    if chance.random() < 0.3 and name.is_file() and name.with_suffix(".json").is_file():
        name = name.rename(Path(odd_name(chance, ".keras")).with_suffix(ending))
        Path(stem + ".json").rename(name.with_suffix(".json"))
    record = name.with_suffix(".json")
    how = chance.randrange(5)
    if how == 0 and name.is_file():
        case.story.append(damage(chance, name))
    elif how in (1, 2) and record.is_file():
        case.story.append(spoil_record(chance, record))
    elif how == 3 or record.is_dir():
        case.story.append(replace_by_thing(chance, chance.choice([name, record])))
    else:
        record.unlink(missing_ok=True)
        record.write_text(json.dumps(RECORD if stem == "faces" else faces()))
    case.give(option, name)
    case.blame("--model", record.name)


def replace_by_thing(chance, file):
    what = chance.choice(sorted(THINGS))
    if os.path.lexists(file):
        shutil.rmtree(file) if file.is_dir() and not file.is_symlink() else file.unlink()
    THINGS[what](file)
    return what


def bad_run(case, chance):
    """Spoil what is told of a training run."""
    state = Path("tiny.run/run.json")
    change = spoil_record if chance.random() < 0.8 and state.is_file() else replace_by_thing
    case.story.append(change(chance, state))
    if case.script == "evaluate.py":
        case.options = {"--save": "curves.png"}
    elif chance.random() < 0.5:
        case.options["--resume"] = None
    case.give(case.plan.runs, "tiny.keras")
    case.blame("--resume", "tiny.run", "tiny.run/run.json")


def bad_place(case, chance):
    """Let what is written go where it cannot, or should not."""
    option = chance.choice(case.plan.writes)
    ending = ENDINGS.get(option, chance.choice(ALL))
    place = chance.choice([*(place.replace("{}", ending) for place in PLACES), odd_name(chance, ending)])
    if chance.random() < 0.3 or (os.path.lexists(place) and "alias" in place):
        place = chance.choice(["thing", "odd", "results"]) + ending
        replace_by_thing(chance, Path(place))
    elif place.startswith("alias"):
        os.symlink("photo.jpg", place)
    case.give(option, place)


def wrong_command(case, chance):
    """Leave an option out, give one twice, or one that there is not."""
    option = chance.choice(sorted(case.options.keys() - COSTLY))
    how = chance.randrange(4)
    if how == 0:
        del case.options[option]
    elif how == 1:
        case.more.append(f"{option}={chance.choice(['', 'again'])}")
    elif how == 2:
        case.more.append(chance.choice(UNKNOWN))
    else:
        case.more.append(chance.choice([option, option[:-1] + "=1", option.upper() + "=1", option[1:] + "=1"]))
    case.blame(option, *case.more, *(word.partition("=")[2] for word in case.more))
    case.words.add("--help")


def bad_credentials(case, chance):
    """Give Kaggle what it does not want."""
    home = Path(os.environ["HOME"], ".kaggle")
    home.mkdir(exist_ok=True)
    content = chance.choice(
        [b"", b"\xff\xfe", b"a b", b"a\nb", b"x" * 9999, b"{}", b"[]", b'{"username": 3, "key": []}']
    )
    (home / chance.choice(["access_token", "kaggle.json", "credentials.json"])).write_bytes(content)


CHANGES = {  # what is done, and what a script must have for it
    odd_value: None,
    odd_list: None,
    bad_picture: "pictures",
    good_picture_of_odd_name: "pictures",
    bad_in_folder: "folders",
    bad_folder: "folders",
    bad_network: "networks",
    bad_run: "runs",
    bad_place: "writes",
    bad_credentials: "words",
    wrong_command: None,
}
