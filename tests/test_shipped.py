"""The networks that ship load offline, are as small as promised, and do their work."""

import re

import numpy as np
import pytest
from PIL import Image

from files.whole import read_json
from pictures.images import flatten, open_picture, to_array
from segmentation.registry import load_network
from shell import SHARED, in_a_shell, needs_shared
from style.features import CONTENT_LAYER, LAYERS, NETWORKS, STYLE_LAYERS
from style.objective import gram, relative
from utils import ROOT

SHIPPED = ("mini", "person")
pytestmark = pytest.mark.xdist_group("shipped")  # whose networks are loaded once
NO_SOCKETS = """
import socket, sys
def shut(*_, **__):
    raise OSError("no network here")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = shut
sys.argv = sys.argv[1:]
sys.path.insert(0, "src")
import runpy
runpy.run_path(sys.argv[0], run_name="__main__")
"""
PORTRAIT = ROOT / "examples/portraits/images/eileen_collins.jpg"


def test_together_they_are_small():
    files = [ROOT / "model" / f"{name}{ending}" for name in SHIPPED for ending in (".keras", ".json")]
    assert sum(file.stat().st_size for file in files) <= 16e6


@pytest.mark.long
def test_photo_to_painting_without_a_network_connection(tmp_path):
    target = tmp_path / "painted.png"
    given = [f"--content={PORTRAIT}", f"--style={ROOT}/examples/styles/rain.jpg", f"--save={target}"]
    given += ["--network=mini", "--epochs=3", "--size=96"]
    done = in_a_shell("-c", NO_SOCKETS, "src/stylize.py", *given)
    assert done.returncode == 0, done.stderr
    assert re.search(r"\d+% of the photo is kept", done.stdout)
    photo, painted = (np.asarray(Image.open(file), int) for file in (PORTRAIT, target))
    same = (photo == painted).all(axis=2)
    assert same[60:110, 190:260].mean() > 0.95 and same[:60, 380:].mean() < 0.1  # her face, and what is behind her


@pytest.mark.parametrize("name", ["mini", "person"])
def test_the_card_tells_data_command_and_scores(name):
    card = (ROOT / "model/README.md").read_text()
    record = read_json(ROOT / "model" / f"{name}.json")
    assert f"## `{name}.keras`" in card and record["command"] in card.replace("\n", " ")
    assert all(word in card for word in ("CC BY 4.0", "commercial", "academic", "minutes"))


@pytest.fixture(scope="module")
def person():
    return load_network(ROOT / "model/person.keras")


def test_the_person_network_finds_the_portraits(person):
    network, record = person
    from segmentation.masks import find_masks

    for name in ("eileen_collins", "grace_hopper"):
        folder = ROOT / "examples/portraits"
        photo = flatten(open_picture(folder / f"images/{name}.jpg"))
        true = np.asarray(Image.open(folder / f"masks/{name}.png")) > 0
        found = find_masks(network, record, [photo])[0] > 0.5
        assert (true & found).sum() / (true | found).sum() > 0.7


CAT = next((ROOT / "examples/pets/images").iterdir())


def test_a_cat_is_found_offline(script, tmp_path, tried):
    given = [f"--file_path={CAT}", f"--save={tmp_path}/", "--output=masks", "--classes=cat,dog,person"]
    status, _, error = script("predict.py", *given)
    assert status == 0 and tried == [], error
    found = {file.name.rpartition("_")[2]: np.asarray(Image.open(file)) for file in tmp_path.iterdir()}
    assert (found["cat.png"] == 255).mean() > 0.1 and "person.png" not in found


@needs_shared
@pytest.mark.parametrize(("stem", "name"), [("000000000074", "dog"), ("000000261888", "bicycle")])
def test_things_are_found(person, stem, name):
    network, record = person
    from segmentation.masks import find_labels

    photo = flatten(open_picture(SHARED / f"data/things/images/{stem}.jpg"))
    number = record["class_names"].index(name)
    true = np.asarray(Image.open(SHARED / f"data/things/masks/{stem}.png")) == number
    found = find_labels(network, record, [photo])[0] == number
    assert (true & found).sum() / (true | found).sum() > 0.5


@pytest.mark.long
@needs_shared
def test_a_cyclist_is_kept_with_his_bicycle(tmp_path):
    photo, target = SHARED / "data/things/images/000000261888.jpg", tmp_path / "kept.png"
    given = [f"--content={photo}", f"--style={ROOT}/examples/styles/rain.jpg", "--network=instant", "--size=192"]
    done = in_a_shell("-c", NO_SOCKETS, "src/stylize.py", *given, f"--save={target}", "--keep_classes=person,bicycle")
    assert done.returncode == 0, done.stderr
    same = (np.asarray(Image.open(photo), int) == np.asarray(Image.open(target).convert("RGB"), int)).all(axis=2)
    true = np.asarray(Image.open(SHARED / "data/things/masks/000000261888.png"))
    for label in (2, 15):  # bicycle and person
        assert same[true == label].mean() > 0.6
    assert same[:60].mean() < 0.1  # the sky


@pytest.mark.long
@needs_shared
def test_the_mini_network_sees_much_as_vgg19_does():
    weights = SHARED / "weights/vgg19_notop.weights.h5"
    photo, style = (
        to_array(flatten(open_picture(file)).resize((256, 256)))[None]
        for file in (PORTRAIT, ROOT / "examples/styles/wheat.jpg")
    )
    distances = {}
    for name in ("vgg19", "mini"):
        network = NETWORKS[name](weights if name == "vgg19" else None)
        one, other = network(photo), network(style)
        distances[name] = [float(relative(gram(one[layer])[0], gram(other[layer])[0])) for layer in STYLE_LAYERS]
        distances[name].append(float(relative(one[CONTENT_LAYER], other[CONTENT_LAYER])))
    assert len(distances["mini"]) == len(LAYERS)
    ratios = np.array(distances["mini"]) / distances["vgg19"]
    assert np.all((ratios > 0.6) & (ratios < 1.6)), ratios
