"""Refuse files of weights that would run code, read other files or take all memory.

Each test makes its exploit; where it is cheap, it shows first that who trusts the file falls for it.
"""

import json
import os
import pickle
import shutil
import stat
import struct
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from PIL import Image

import packing
from files.whole import read_json, write_json
from networks import trust
from networks.runs import Run
from networks.saved import record_path
from segmentation.registry import build, load_network
from style.features import mini, vgg19
from utils import ROOT, UserError

WEIGHTS = "model.weights.h5"


def refusal(load, option="--model"):
    """The line in which a network is refused."""
    with pytest.raises(UserError) as refused:
        load()
    line = str(refused.value)
    assert line.startswith(f"{option}=") and len(line) <= 280 and line.isprintable(), line
    return line


def copied(network, folder):
    """A copy of the file of a network and of its record in a folder, to be spoilt."""
    shutil.copy(record_path(network), folder)
    return Path(shutil.copy(network, folder))


@pytest.fixture
def model(trained, tmp_path):
    """A sound .keras file."""
    return copied(trained, tmp_path)


@pytest.fixture(scope="module")
def saved_whole(trained, tmp_path_factory):
    """The same network as an .h5 file."""
    target = tmp_path_factory.mktemp("whole") / "whole.h5"
    network, record = load_network(trained)
    network.save(target)
    write_json(record_path(target), record)
    return target


@pytest.fixture
def whole(saved_whole, tmp_path):
    """A sound .h5 file."""
    return copied(saved_whole, tmp_path)


@pytest.fixture
def marker(tmp_path):
    """A file that is there once a stranger's code has run."""
    return tmp_path / "ran"


class Payload:
    """What touches a file when it is unpickled."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return Path.touch, (self.file,)


# ---------------------------------------------------------------- archives


def repack(model, change):
    """Write a .keras file anew after change({name: content}), and hand the archive on, still open, for more."""
    with zipfile.ZipFile(model) as bundle:
        members = {name: bundle.read(name) for name in bundle.namelist()}
    change(members)
    with zipfile.ZipFile(model, "w") as bundle:
        for name, content in members.items():
            bundle.writestr(name, content)


def add(name, content=b"x", **fields):
    """A change of a .keras file: one more member."""

    def change(model):
        with zipfile.ZipFile(model, "a") as bundle:
            entry = zipfile.ZipInfo("x")
            for field, value in fields.items():
                setattr(entry, field, value)
            entry.filename = name
            bundle.writestr(entry, content)

    return change


def replaced(content, how=zipfile.ZIP_STORED):
    """A change of a .keras file: other weights, packed in some way."""

    def change(model):
        with zipfile.ZipFile(model, "w") as bundle:
            bundle.writestr(WEIGHTS, content, how)

    return change


def patched(at, kind, value):
    """A change of a .keras file: a field of the last member's entry in the directory says something else."""

    def change(model):
        content = bytearray(model.read_bytes())
        struct.pack_into(kind, content, content.rindex(b"PK\1\2") + at, value)
        model.write_bytes(content)

    return change


LINK = (stat.S_IFLNK | 0o777) << 16
ARCHIVES = {
    "asset": (add("assets/a.txt"), "holds assets/a.txt, which Keras never writes"),
    "shard": (add("model_00001.weights.h5"), "Keras never writes"),
    "pickle": (add("payload.pkl", pickle.dumps(Payload(Path("x")))), "holds payload.pkl"),
    "upwards": (add("../evil"), "holds ../evil"),
    "absolute": (add("/evil"), "holds /evil"),
    "drive": (add("C:\\evil"), "holds C:\\evil"),
    "terminal": (add("\x1b]0;owned\x07"), "holds \\x1b]0;owned\\x07"),
    "link": (add(WEIGHTS, b"/etc/passwd", create_system=3, external_attr=LINK), "twice"),
    "only a link": (
        lambda model: (replaced(b"/etc/passwd")(model), patched(38, "<I", LINK)(model)),
        "which is a link",
    ),
    "twice": (add(WEIGHTS), "twice"),
    "password": (patched(8, "<H", 1), "password"),
    "bomb": (replaced(bytes(2_000_000), zipfile.ZIP_DEFLATED), "would grow to 2,000,000"),
    "giant": (patched(24, "<I", 2**32 - 2), "would grow to 4,294,967,294"),
    "bzip2": (replaced(bytes(9), zipfile.ZIP_BZIP2), "packed in a way"),
    "lzma": (replaced(bytes(9), zipfile.ZIP_LZMA), "packed in a way"),
    "100,000 members": (lambda model: model.write_bytes(packing.crowd()), "holds a/00000"),
    "no weights": (lambda model: repack(model, lambda members: members.pop(WEIGHTS)), "holds no model.weights.h5"),
    "no HDF5": (replaced(b"text"), "not the HDF5 file"),
    "pickled weights": (replaced(pickle.dumps(1)), "pickled content"),
    "torn": (lambda model: model.write_bytes(model.read_bytes()[:-30]), "damaged"),
    "empty": (lambda model: model.write_bytes(b""), "not the zip archive"),
    "huge": (lambda model: model.open("r+b").truncate(2**40), "1,099,511,627,776 bytes long"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(("change", "says"), ARCHIVES.values(), ids=ARCHIVES)
def test_a_hostile_archive_is_refused(model, change, says):
    change(model)
    before = sorted(model.parent.iterdir())
    line = refusal(lambda: load_network(model))
    assert "is refused: it " in line and says in line, line
    assert sorted(model.parent.iterdir()) == before


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_a_pickle_by_another_name_is_refused(model, marker, ending):
    file = model.with_suffix(ending)
    file.write_bytes(pickle.dumps(Payload(marker)))
    pickle.loads(file.read_bytes())
    marker.unlink()  # who trusts it falls for it
    assert "pickled content, which could run code" in refusal(lambda: load_network(file))
    assert not marker.exists()


@pytest.mark.parametrize("name", ["m.weights.json", "m.pkl", "m", "m.keras.zip"])
def test_only_the_formats_that_hold_numbers_are_read(model, name):
    file = model.with_name(name)
    shutil.copy(record_path(model), record_path(file))
    if file != record_path(file):
        shutil.copy(model, file)
    assert "neither in .keras nor in .h5" in refusal(lambda: load_network(file))


# ---------------------------------------------------------------- code in configurations


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_a_lambda_layer_is_refused_and_never_run(model, marker, ending):
    network, _ = load_network(model)
    touch = eval(f"lambda x: (__import__('pathlib').Path({str(marker)!r}).touch(), x)[1]")
    evil = keras.Model(network.input, keras.layers.Lambda(touch)(network.output))
    evil.save(model.with_suffix(ending))
    marker.unlink()
    keras.saving.load_model(model.with_suffix(ending), safe_mode=False)
    assert marker.exists()  # who trusts it falls for it
    marker.unlink()
    assert "holds Lambda, which its network does not have" in refusal(lambda: load_network(model.with_suffix(ending)))
    assert not marker.exists()


def deep(part, times):
    """A part of a configuration below as many others."""
    return json.loads("[" * times + json.dumps(part) + "]" * times)


CODE = {
    "Lambda": {"module": "keras.layers", "class_name": "Lambda", "registered_name": None},
    "TorchModuleWrapper": {"module": "keras.layers", "class_name": "TorchModuleWrapper", "config": {"module": "gASV"}},
    "TFSMLayer": {"module": "keras.layers", "class_name": "TFSMLayer", "config": {"filepath": "/tmp/saved_model"}},
    "__lambda__": {"class_name": "__lambda__", "config": {"value": ["4wEAAAA="]}},
    "function": {"module": "os", "class_name": "function", "config": "system", "registered_name": "system"},
    "get_file": {"module": "keras.utils", "class_name": "get_file", "config": {"origin": "http://evil"}},
    "Conv2D": {"module": "evil", "class_name": "Conv2D", "registered_name": None},
    "Add": {"module": "keras.layers", "class_name": "Add", "registered_name": None},  # harmless, but not of a U-Net
    "MaxPooling2D": {"module": "keras.layers", "class_name": "MaxPooling2D", "registered_name": "evil>MaxPooling2D"},
    "['Conv2D']": {"module": "keras.layers", "class_name": ["Conv2D"]},
    "\\x1b[2J": {"class_name": "\x1b[2J"},
}


@pytest.mark.parametrize("where", ["layer", "wrapped", "below 300", "loss"])
@pytest.mark.parametrize("says", CODE)
def test_what_could_run_code_is_refused_wherever_it_is(model, says, where):
    def change(members):
        config = json.loads(members["config.json"])
        if where == "loss":
            config["compile_config"] = {"loss": CODE[says]}
        else:
            layer = config["config"]["layers"][3]["config"]
            layer["layer"] = {"layer": CODE[says], "below 300": deep(CODE[says], 300)}.get(where, {"a": [CODE[says]]})
        members["config.json"] = json.dumps(config)

    repack(model, change)
    assert f"holds {says}, which" in refusal(lambda: load_network(model))


@pytest.mark.parametrize("text", ["[" * 200_000 + "]" * 200_000, "{", "\xff", ""], ids=["deep", "torn", "text", "none"])
def test_a_configuration_that_is_none_is_refused(model, text):
    repack(model, lambda members: members.update({"config.json": text.encode("latin-1")}))
    assert "is refused: it " in refusal(lambda: load_network(model))


def test_a_compiled_network_is_none_the_worse(model, whole):
    network, _ = load_network(model)
    network.compile("adam", keras.losses.BinaryCrossentropy(), metrics=["accuracy"])
    wanted = network.get_weights()
    for file in (model, whole):
        network.save(file)
        found, _ = load_network(file)
        assert all(map(np.array_equal, found.get_weights(), wanted))


# ---------------------------------------------------------------- HDF5


def first_numbers(file):
    """The name of a dataset, and its group."""
    return next(
        (group, name)
        for group in trust._places(file)
        if isinstance(group, h5py.Group)
        for name in group
        if isinstance(group[name], h5py.Dataset)
    )


def put(make):
    """A change of an HDF5 file: something else in place of one of its datasets, by make(group, name, folder)."""

    def change(file, folder):
        group, name = first_numbers(file)
        del group[name]
        make(group, name, folder)

    return change


def external_link(group, name, folder):
    with h5py.File(folder / "secret.h5", "w") as secret:
        secret["a"] = 42
    group[name] = h5py.ExternalLink(str(folder / "secret.h5"), "a")
    assert group[name][()] == 42  # who trusts it falls for it


def external_numbers(group, name, folder):
    (folder / "secret").write_bytes(b"password")
    group.create_dataset(name, 8, "u1", external=[(str(folder / "secret"), 0, 8)])
    assert bytes(group[name][:]) == b"password"  # who trusts it falls for it


def virtual(group, name, folder):
    with h5py.File(folder / "secret.h5", "w") as secret:
        secret["a"] = np.ones(8, np.uint8)
    layout = h5py.VirtualLayout(8, "u1")
    layout[:] = h5py.VirtualSource(str(folder / "secret.h5"), "a", 8)
    group.create_virtual_dataset(name, layout)
    assert group[name][0] == 1  # who trusts it falls for it


def loop(file, folder):
    group = file.create_group("a")
    group["a"] = group
    assert "a/a/a/a/a/a" in file  # who trusts it walks for ever


def grown(file, folder):
    """Long names, each of which might be the same one, read a hundred times."""
    file.attrs["names"] = ["x" * 140_000] * 100


def many(file, folder):
    for number in range(300):
        file.create_group(f"crowd{number}")


def config_of(layer):
    def change(file, folder):
        file.attrs["model_config"] = json.dumps({"config": {"layers": [{"class_name": layer, "config": {}}]}})

    return change


TERA = 2**40
DATA = {
    "external link": (put(external_link), "a link"),
    "soft link": (put(lambda group, name, _: group.update({name: h5py.SoftLink("/elsewhere")})), "a link"),
    "link out": (put(lambda group, name, _: group.update({name: h5py.ExternalLink("/etc/passwd", "/")})), "a link"),
    "external numbers": (put(external_numbers), "lies in another file"),
    "virtual": (put(virtual), "lies in another file"),
    "loop": (loop, "a second time"),
    "objects": (put(lambda group, name, _: group.create_dataset(name, 3, h5py.string_dtype())), "not numbers"),
    "lists": (put(lambda group, name, _: group.create_dataset(name, 3, h5py.vlen_dtype("f4"))), "not numbers"),
    "references": (put(lambda group, name, _: group.create_dataset(name, 3, h5py.ref_dtype)), "not numbers"),
    "opaque": (put(lambda group, name, _: group.create_dataset(name, 3, "V8")), "not numbers"),
    "records": (
        put(lambda group, name, _: group.create_dataset(name, 3, [("a", "f4"), ("b", "O")][:1])),
        "not numbers",
    ),
    "text": (put(lambda group, name, _: group.create_dataset(name, 3, "S8")), "not numbers"),
    "nothing": (put(lambda group, name, _: group.create_dataset(name, data=h5py.Empty("f4"))), "not numbers"),
    "a type": (put(lambda group, name, _: group.update({name: np.dtype("f4")})), "not numbers"),
    "terabyte": (put(lambda group, name, _: group.create_dataset(name, TERA, "u1", chunks=(10**6,))), "1,099,511,"),
    "packed": (put(lambda group, name, _: group.create_dataset(name, TERA, "f4", compression="gzip")), "4,398,046,"),
    "unallocated": (put(lambda group, name, _: group.create_dataset(name, TERA, "u1")), "claims 1,099,511,"),
    "many small": (lambda file, _: [file.create_dataset(f"n{n}", 2**20, "f4") for n in range(9)], "claims 37,"),
    "chunk": (
        put(lambda group, name, _: group.create_dataset(name, 4, "f4", maxshape=(None,), chunks=(2**29,))),
        "claims 2,147,",
    ),
    "filter": (put(lambda group, name, _: group.create_dataset(name, 99, "i4", scaleoffset=0)), "packed in a way"),
    "many": (many, "holds more than 300"),
    "attributes": (lambda file, _: [file.attrs.create(f"a{n}", 0) for n in range(1001)], "more than 1,000 attributes"),
    "attribute": (lambda file, _: file.attrs.create("a", file.ref, dtype=h5py.ref_dtype), "neither text nor number"),
    "strings": (grown, "fill the memory"),
    "Lambda": (config_of("Lambda"), "holds Lambda, which its network does not have"),
    "custom": (config_of("Evil"), "holds Evil, which its network does not have"),
}


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize(("change", "says"), DATA.values(), ids=DATA)
def test_numbers_that_are_none_are_refused(model, whole, tmp_path, monkeypatch, change, says, ending):
    monkeypatch.setattr(trust, "MOST_PLACES", 300)
    file = whole
    if ending == ".keras":
        file = model
        whole.write_bytes(zipfile.ZipFile(model).read(WEIGHTS))
    with h5py.File(whole, "r+", track_order=None) as numbers:
        change(numbers, tmp_path)
    if ending == ".keras":
        repack(model, lambda members: members.update({WEIGHTS: whole.read_bytes()}))
    assert says in refusal(lambda: load_network(file))


def test_numbers_that_are_listed_many_times_are_refused(whole):
    with h5py.File(whole, "r+") as numbers:
        top = numbers["model_weights"]
        top.attrs["layer_names"] = [*top.attrs["layer_names"]] * 100
    assert "lists the same numbers many times" in refusal(lambda: load_network(whole))


def test_numbers_that_are_listed_by_many_names_are_counted_each_time(whole):
    with h5py.File(whole, "r+") as numbers:
        group = numbers["model_weights/down5_b"]
        group.attrs["weight_names"] = ["./" * number + "down5_b/kernel" for number in range(700)]
    assert "far more than" in refusal(lambda: load_network(whole))


def test_bfloat16_is_a_number(tmp_path):
    record = {"network": "conv_deconv", "network_options": {"size": 32}}
    file = tmp_path / "m.weights.h5"
    write_json(record_path(file), record)
    network = build(record, "bfloat16")
    network.save_weights(file)
    found, _ = load_network(file)
    assert np.array_equal(found.get_weights()[0], np.float32(network.get_weights()[0]))


# ---------------------------------------------------------------- Keras's own networks


def test_published_weights_are_looked_through_too(vgg_weights, tmp_path, marker):
    linked, coded, pickled = tmp_path / "a.weights.h5", tmp_path / "b.h5", tmp_path / "c.h5"
    shutil.copy(vgg_weights, linked)
    with h5py.File(linked, "r+") as file:
        put(external_link)(file, tmp_path)
    with h5py.File(coded, "w") as file:
        config_of("Lambda")(file, None)
    pickled.write_bytes(pickle.dumps(Payload(marker)))
    for file, says in ((linked, "a link"), (coded, "Lambda"), (pickled, "pickled")):
        line = refusal(lambda file=file: vgg19(file), "--vgg_weights")
        assert says in line and "VGG19" in line and file.name in line
    assert not marker.exists()


def test_no_address_is_taken_for_a_file(model):
    for address in ("hf://evil/model", "gs://evil/a.h5", "https://evil/a.keras"):
        assert "does not exist" in refusal(lambda address=address: vgg19(address), "--vgg_weights")
        said = refusal(lambda address=address: load_network(Path(address)))
        assert "does not exist" in said or "is neither a file nor a folder" in said


# ---------------------------------------------------------------- records

DEEP = "[" * 100_000 + "]" * 100_000
WRONG = {  # entries of a record, and what is said of them
    "size must be": [{"network_options": {"size": size}} for size in (16, 10**6, -1, 0, 32.0, "32", True, None, [32])],
    "base must be": [{"network_options": {"size": 32, "base": base}} for base in (0, 257, 1.5, float("nan"))],
    "classes must be": [{"network_options": {"size": 32, "classes": n}} for n in (0, 256, 10**12, "1")],
    "has no option": [{"network_options": {"size": 32, name: 1}} for name in ("dtype", "self", "evil\x1b[2J" * 99)],
    "lacks size": [{"network_options": {}}],
    "network_options must be": [{"network_options": value} for value in (None, [], "size")],
    "class_names must be": [
        *({"class_names": value} for value in (None, "person", [], ["a", "b"], [1], [["a"]], [""], ["a" * 99])),
        *({"class_names": [name]} for name in ("../evil", "a/b", "a\\b", "a\nb", "\x1b[2J")),
    ],
    "figure must be": [{"figure": value} for value in ("person", ["cat"], [1], None, [["person"]])],
    "data must be": [{"data": value} for value in (None, [], "x")],
    "data.layout must be": [{"data": {"layout": value}} for value in (1, ["people"], {})],
    "data.held_back must be": [{"data": {"held_back": value}} for value in ("0.2", -1, 2, float("nan"), True, [0.2])],
    "options must be": [{"options": value} for value in (None, [], "x")],
    "options.augment must be": [{"options": {"augment": value}} for value in (1, ["off"])],
    "unknown network": [{"network": value} for value in ("evil", "\x1b[2J", "__class__", "a" * 10**5)],
    "it is damaged": [{"network": value} for value in (None, 1, ["unet"], {})],
}


@pytest.mark.parametrize(
    ("says", "entries"),
    [(says, entries) for says, each in WRONG.items() for entries in each],
    ids=lambda one: str(one)[:60],
)
def test_a_record_that_no_training_writes_is_refused(model, says, entries):
    record = read_json(record_path(model))
    write_json(record_path(model), record | entries)
    line = refusal(lambda: load_network(model))
    assert "needs its record tiny.json" in line and says in line, line


@pytest.mark.parametrize(
    "text",
    [DEEP, f'{{"network": "unet", "network_options": {DEEP}}}', "9" * 10_000, "\xff", "", "null"],
    ids=["deep", "deep inside", "digits", "no text", "nothing", "null"],
)
def test_a_record_that_is_no_record_is_refused(model, text):
    record_path(model).write_bytes(text.encode("latin-1"))
    assert "it is damaged" in refusal(lambda: load_network(model))


def test_a_record_without_end_is_refused_unread(model):
    with record_path(model).open("r+b") as file:
        file.truncate(2**40)
    assert "it is damaged" in refusal(lambda: load_network(model))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system without pipes that have names")
def test_a_record_that_never_comes_is_not_waited_for(model):
    record_path(model).unlink()
    os.mkfifo(record_path(model))
    assert "it is damaged" in refusal(lambda: load_network(model))


@pytest.mark.parametrize("widths", [[2, 2, 2, 2], [2] * 6, [2, 2, 2, 2, 513], [2, 2, 2, 2, True], "22222", [0] * 5])
def test_widths_of_no_network_are_refused(tmp_path, widths):
    check_thin(tmp_path, {"widths": widths}, "widths must be")


@pytest.mark.parametrize("layers", [["block1_conv3"], ["block9_pool"], ["block1_conv1"] * 2, [], [1], "block1_conv1"])
def test_layers_of_no_network_are_refused(tmp_path, layers):
    check_thin(tmp_path, {"layers": layers}, "layers must be")


def check_thin(folder, options, says):
    shutil.copy(ROOT / "model/mini.keras", folder / "mini.keras")
    record = read_json(ROOT / "model/mini.json")
    write_json(folder / "mini.json", record | {"network_options": record["network_options"] | options})
    assert says in refusal(lambda: mini(folder / "mini.keras"), "--vgg_weights")


def test_a_layout_of_other_classes_is_refused(model):
    write_json(record_path(model), read_json(record_path(model)) | {"data": {"layout": "helen"}})
    assert "layout with other classes" in refusal(lambda: load_network(model))


# ---------------------------------------------------------------- runs

ROW = {"epoch": 1, "loss": 1.0, "iou": 0.5, "learning_rate": 0.1, "seconds": 1.0}
STATE = {"options": {}, "fingerprint": "a", "finished": False, "history": [ROW]}
STATE |= {"weights": "state-0001.weights.h5", "best": "best-0001.weights.h5"}
MALFORMED = [
    *({"weights": name} for name in ("../../x.weights.h5", "/x.weights.h5", "a\\..\\state-0001.weights.h5", 1, None)),
    *({"best": name} for name in ("../best-0001.weights.h5", "best-0001.weights.h5\n", "x.keras")),
    *({"history": rows} for rows in (1, "x", [1], [ROW | {"epoch": 2}], [ROW | {"loss": "1"}], [{"epoch": 1}], None)),
    *({"options": value} for value in (None, [], 1)),
    *({"finished": value} for value in (None, 1)),
    *({"precision": value} for value in (1, "float128", [])),
    {"fingerprint": 1},
]


@pytest.mark.parametrize("entries", MALFORMED, ids=str)
def test_a_run_that_training_did_not_write_is_refused(tmp_path, entries):
    write_json(tmp_path / "m.run/run.json", STATE | entries)
    with pytest.raises(UserError, match=r"run\.json cannot be read; delete"):
        Run(tmp_path / "m.keras", {"resume": True}, "a", "iou")


@pytest.mark.parametrize("text", [DEEP, "[]", "1", '"a"', "null", "{}", "9" * 10_000])
def test_a_run_that_is_none_is_refused(tmp_path, text):
    (tmp_path / "m.run").mkdir()
    (tmp_path / "m.run/run.json").write_text(text)
    with pytest.raises(UserError, match=r"run\.json cannot be read; delete"):
        Run(tmp_path / "m.keras", {"resume": True}, "a", "iou")


def test_options_in_a_run_do_not_reach_the_terminal_as_they_are(tmp_path):
    write_json(tmp_path / "m.run/run.json", STATE | {"options": {"seed": "\x1b[2J" * 1000}})
    with pytest.raises(UserError, match="that run began with") as refused:
        Run(tmp_path / "m.keras", {"resume": True, "seed": 1}, "a", "iou")
    assert str(refused.value).isprintable() and len(str(refused.value)) <= 280


def test_the_weights_of_a_run_are_looked_through_too(model, tmp_path):
    network, _ = load_network(model)
    network.compile("adam", "mse")
    write_json(tmp_path / "m.run/run.json", STATE)
    run = Run(tmp_path / "m.keras", {"resume": True}, "a", "iou")
    for name in (STATE["weights"], STATE["best"]):
        network.save_weights(tmp_path / "m.run" / name)
        with h5py.File(tmp_path / "m.run" / name, "r+") as file:
            put(external_link)(file, tmp_path)
    for role in ("weights", "best"):
        with pytest.raises(UserError, match=r"-0001\.weights\.h5 cannot be used \(holds .*a link.*delete") as refused:
            run.load(role, network)
        assert str(refused.value).isprintable()


# ---------------------------------------------------------------- the script


def test_a_script_says_it_in_one_line_and_writes_nothing(script, model, tmp_path):
    add("payload.pkl")(model)
    Image.new("RGB", (40, 30)).save(tmp_path / "me.png")
    before = sorted(tmp_path.iterdir())
    status, out, err = script("predict.py", f"--file_path={tmp_path}/me.png", f"--model={model}")
    assert status == 2 and not out and err.startswith("predict.py: --model=") and "payload.pkl" in err
    assert err.count("\n") == 1 and sorted(tmp_path.iterdir()) == before


def test_long_names_leave_room_for_what_is_wrong(model):
    longer = model.with_name(model.parent.name + "n" * 200 + ".keras")
    shutil.copy(model, longer)
    refusal(lambda: load_network(longer))  # without a record
    shutil.copy(record_path(model), record_path(longer))
    add("assets/" + "a" * 5000)(longer)
    refusal(lambda: load_network(longer))
    repack(longer, lambda members: members.pop("assets/" + "a" * 5000))
    write_json(record_path(longer), read_json(record_path(model)) | {"network_options": {"size": 32, "base": 3}})
    assert "does not fit its record" in refusal(lambda: load_network(longer))


def test_what_is_sound_passes(vgg_weights):
    assert load_network(ROOT / "model/person.keras") and mini()
    assert vgg19(vgg_weights)
