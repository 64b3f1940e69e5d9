"""All scripts except the one that downloads work without sockets, and never try to use one."""

import socket

import pytest
from PIL import Image

from drawn import draw_set

QUICK = ("--batch_size=2", "--precision=float32", "--epochs=1")


@pytest.fixture
def place(tmp_path):
    """A folder with a small data set and two pictures."""
    draw_set(tmp_path / "set", 8, width=40, height=40)
    for number, name in enumerate(("me.png", "style.png")):
        Image.effect_noise((48, 40), 60 + number).convert("RGB").save(tmp_path / name)
    return tmp_path


def commands(place, trained, vgg_weights):
    painting = ("stylize.py", f"--content={place}/me.png", f"--style={place}/style.png", "--size=64", "--epochs=1")
    photos = (f"--photos={place}/set/images", f"--paintings={place}/set/images")
    return {
        "predict": ("predict.py", f"--file_path={place}/me.png", f"--model={trained}"),
        "paint with mini": (*painting, "--network=mini", f"--save={place}/mini.png", "--precision=float32"),
        "paint with VGG19": (
            *(*painting, "--network=vgg19", f"--vgg_weights={vgg_weights}", "--keep=none"),
            *(f"--save={place}/vgg.png", "--precision=float32"),
        ),
        "train": ("train.py", f"--data={place}/set", f"--model={place}/m.keras", "--size=32", "--base=1", *QUICK),
        "evaluate": ("evaluate.py", f"--data={place}/set", f"--model={trained}", f"--json={place}/scores.json"),
        "distill": (
            *("distill.py", *photos, f"--model={place}/d.keras", "--widths=1,1,1,1,1", "--size=32", "--steps=1"),
            *("--canvases=0", f"--vgg_weights={vgg_weights}", *QUICK),
        ),
    }


def test_the_sockets_are_shut(tried):
    with pytest.raises(OSError, match="no network here"):
        socket.create_connection(("127.0.0.1", 9))
    with pytest.raises(OSError, match="no network here"):
        socket.socket().connect(("127.0.0.1", 9))
    assert [name for name, _ in tried] == ["create_connection", "connect"]


@pytest.mark.parametrize("name", ["predict", "paint with mini", "paint with VGG19", "train", "evaluate", "distill"])
def test_a_script_asks_no_network(name, script, place, trained, vgg_weights, tried, monkeypatch, eager):
    monkeypatch.setattr("distilling.distillation.JUDGED", 1)
    monkeypatch.setattr("distilling.distillation.FIRST", 2)
    before = set(place.rglob("*"))
    status, _, err = script(*commands(place, trained, vgg_weights)[name])
    assert status == 0, err
    assert set(place.rglob("*")) > before and tried == []
