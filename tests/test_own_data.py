"""A data set that the project has never heard of, from folder to pictures, by the commands that a user types."""

import colorsys

import numpy as np
import pytest
from PIL import Image, ImageDraw

import train
from files.whole import read_json
from segmentation.cache import decoded
from segmentation.labels import read_labels
from segmentation.layouts import VOID, layout_of

pytestmark = pytest.mark.xdist_group("harbour")  # whose network is trained once
NAMES = ("sea", "boat", "buoy", "pier", "gull", "left shoe", "right shoe")
SIDE = 48
# The colours of the classes in the masks; in the pictures they differ.
COLOURS = [tuple(int(255 * part) for part in colorsys.hsv_to_rgb(place / 7, 1, 0.9)) for place in range(7)]


def draw_harbour(random):
    """A picture, RGB, with two to four things in it, and its labels (SIDE, SIDE) uint8, unclear around each thing."""
    picture, labels = Image.new("RGB", (SIDE, SIDE), (30, 60, 120)), Image.new("L", (SIDE, SIDE), 0)
    shades = [None, (200, 40, 40), (240, 170, 30), (130, 90, 60), (240, 240, 240), (40, 160, 60), (150, 40, 160)]
    for label in random.permutation(np.arange(1, 7))[: random.integers(2, 5)].tolist():
        left, top = random.integers(0, SIDE - 20, 2).tolist()
        box = [left, top, left + 17, top + 17]
        ImageDraw.Draw(picture).rectangle(box, fill=shades[label])
        ImageDraw.Draw(labels).rectangle(box, fill=label, outline=VOID)
    noisy = np.asarray(picture) + random.normal(0, 6, (SIDE, SIDE, 3))
    return Image.fromarray(np.uint8(np.clip(noisy, 0, 255))), np.asarray(labels)


def as_numbers(labels):
    return Image.fromarray(labels)


def as_palette(labels):
    image = Image.fromarray(labels).convert("P")
    image.putpalette([part for colour in COLOURS for part in colour] + [255] * 3 * (VOID + 1 - len(COLOURS)))
    return image


def as_colours(labels):
    table = np.full((VOID + 1, 3), 255, np.uint8)
    table[:7] = COLOURS
    return Image.fromarray(table[labels])


def draw_harbours(folder, as_mask, colours=False, count=40):
    random = np.random.default_rng(4)
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
    for number in range(count):
        picture, labels = draw_harbour(random)
        picture.save(folder / "images" / f"{number:02}.png")
        as_mask(labels).save(folder / "masks" / f"{number:02}.png")
    lines = [f"{name} {r} {g} {b}" if colours else name for name, (r, g, b) in zip(NAMES, COLOURS, strict=True)]
    (folder / "classes.txt").write_text("\n".join(lines) + "\n")
    return folder


KINDS = {"numbers": (as_numbers, False), "palette": (as_palette, False), "colours": (as_colours, True)}


def test_the_kind_of_masks_makes_no_difference(tmp_path):
    sets = [decoded(draw_harbours(tmp_path / kind, *KINDS[kind], count=4), 48) for kind in KINDS]
    assert set(np.unique(sets[0].labels)) == {*range(7), VOID}
    for other in sets[1:]:
        assert (other.labels == sets[0].labels).all() and other.layout.classes == NAMES


@pytest.fixture(scope="module")
def harbour(tmp_path_factory):
    return draw_harbours(tmp_path_factory.mktemp("sets") / "harbour", as_colours, colours=True)


@pytest.fixture(scope="module")
def trained_on_it(harbour, tmp_path_factory):
    """A network that train.py taught."""
    model = tmp_path_factory.mktemp("model") / "harbour.keras"
    quick = ["--size=48", "--network=conv_deconv", "--epochs=12", "--batch_size=4", "--learning_rate=0.01"]
    quick += ["--precision=float32", "--augment=off", "--loss=cross_entropy"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("segmentation.cache.CACHE", tmp_path_factory.mktemp("cache"))
        patch.setattr("networks.runs.draw_curves", lambda *given: None)
        train.main([f"--data={harbour}", f"--model={model}", *quick])
    return model


def test_the_record_holds_the_classes_of_the_list(trained_on_it):
    record = read_json(trained_on_it.with_suffix(".json"))
    assert record["class_names"] == list(NAMES) and record["figure"] == list(NAMES[1:])
    assert record["data"]["layout"] == "classes" and record["network_options"]["classes"] == 7


def test_all_classes_are_scored(script, harbour, trained_on_it, tmp_path):
    given = [f"--data={harbour}", f"--model={trained_on_it}", "--part=held_back", f"--json={tmp_path}/a.json"]
    status, said, error = script("evaluate.py", *given, f"--confusion={tmp_path}/c.png", f"--panel={tmp_path}/p.png")
    assert status == 0 and all(name in said for name in NAMES), error
    whole = read_json(tmp_path / "a.json")["models"][str(trained_on_it)]
    assert whole["set"]["mean_iou"] > 0.6 and (tmp_path / "c.png").exists() and (tmp_path / "p.png").exists()
    status, said, _ = script("evaluate.py", *given, "--ignore=sea,left shoe")
    less = read_json(tmp_path / "a.json")["models"][str(trained_on_it)]
    assert status == 0 and less["classes"]["sea"]["pixels"] == less["classes"]["left shoe"]["pixels"] == 0
    assert less["classes"]["boat"]["pixels"] == whole["classes"]["boat"]["pixels"] > 0


def test_unclear_pixels_never_count(script, harbour, trained_on_it, tmp_path):
    script("evaluate.py", f"--data={harbour}", f"--model={trained_on_it}", f"--json={tmp_path}/a.json")
    counted = np.sum(read_json(tmp_path / "a.json")["models"][str(trained_on_it)]["confusion"])
    layout = layout_of(harbour)
    labels = [read_labels(file, layout) for file in sorted((harbour / "masks").iterdir())]
    assert counted == sum(np.sum(each != VOID) for each in labels) < len(labels) * SIDE**2


def test_all_classes_are_found_in_a_picture(script, harbour, trained_on_it, tmp_path):
    photo, given = harbour / "images/00.png", [f"--model={trained_on_it}", f"--save={tmp_path}/"]
    for output in ("index", "masks", "overlay", "mask"):
        status, _, error = script("predict.py", f"--file_path={photo}", *given, f"--output={output}")
        assert status == 0, error
    true, found = read_labels(harbour / "masks/00.png", layout_of(harbour)), Image.open(tmp_path / "00_index.png")
    labels = np.asarray(found)
    assert found.mode == "P" and (labels == true)[true != VOID].mean() > 0.9
    for name in (NAMES[number] for number in np.unique(labels)):
        mask = np.asarray(Image.open(tmp_path / f"00_mask_{name}.png"))
        assert (mask == 255 * (labels == NAMES.index(name))).all()
    figure = np.asarray(Image.open(tmp_path / "00_mask.png")) > 127
    assert (figure == (labels > 0)).mean() > 0.9  # all but the first class
    status, _, error = script("predict.py", f"--file_path={photo}", *given, "--classes=buoys")
    assert status == 2 and "--classes=buoys is not a class; choose from sea, boat, buoy, pier, gull" in error


def test_numbers_without_a_list_of_names_are_refused(script, tmp_path, trained_on_it):
    folder = draw_harbours(tmp_path / "harbour", as_numbers, count=4)
    (folder / "classes.txt").unlink()
    for name, model in (("train.py", tmp_path / "m.keras"), ("evaluate.py", trained_on_it)):
        status, _, error = script(name, f"--data={folder}", f"--model={model}")
        assert status == 2 and error.count("\n") == 1
        assert "its masks hold the numbers of classes, 0, 1, 2, 3, 4, 5, 6, 255; name them in classes.txt" in error
    assert not (tmp_path / "m.keras").exists()


def test_what_a_class_is_missing_for_is_said(script, tmp_path):
    folder = draw_harbours(tmp_path / "harbour", as_numbers, count=4)
    (folder / "classes.txt").write_text("sea\nboat\n")
    status, _, error = script("train.py", f"--data={folder}", f"--model={tmp_path}/m.keras", "--size=48")
    assert status == 2 and "labels outside 0 to 1" in error and "name it in classes.txt" in error
