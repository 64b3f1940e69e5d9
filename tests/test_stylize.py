"""Run stylize.py: test every option, its output, its messages, and that it leaves other files alone."""

import json
import shutil
import signal
import subprocess
import sys
import time
from itertools import pairwise

import numpy as np
import psutil
import pytest
from PIL import Image

from networks import hardware
from pictures.images import read_record
from style import features
from utils import ROOT, UserError


def picture(width, height, seed):
    small = np.random.default_rng(seed).integers(0, 256, (5, 7, 3), np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with a photo, its mask, two styles, in which the script runs."""
    picture(96, 64, 0).save(tmp_path / "me.png")
    picture(64, 64, 1).save(tmp_path / "monet.png")
    picture(50, 70, 2).save(tmp_path / "munch.jpg")
    mask = np.zeros((64, 96), np.uint8)
    mask[20:64, 30:60] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    half = np.zeros((64, 64), np.uint8)
    Image.fromarray(half).save(tmp_path / "black.png")
    half[:, :32] = 255
    Image.fromarray(half).save(tmp_path / "half.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def stylize(script, place, thin, eager):
    """Paint me.png like monet.png for a few steps: stylize("--keep=none") gives (status, stdout, stderr)."""

    def call(*more, content="me.png", save="out.png", keep="--mask=mask.png", init="--init=content"):
        given = [f"--content={content}", "--style=monet.png", f"--save={save}", keep]
        given += ["--epochs=2", "--size=64", "--precision=float32", "--network=vgg19", "--turns=off"]
        given += [*filter(None, [init]), *more]
        names = [option.split("=")[0] for option in more]
        return script(
            "stylize.py", *(option for option in given if option.split("=")[0] not in names or option in more)
        )

    return call


def pixels(name):
    return np.asarray(Image.open(name))


def changed(*names):
    """Whether the pictures differ, two by two."""
    return [bool((pixels(one) != pixels(two)).any()) for one, two in pairwise(names)]


def test_the_figure_stays_to_the_bit_and_the_rest_is_painted(stylize, place):
    status, out, err = stylize()
    assert (status, err) == (0, "") and "wrote out.png" in out and "me.png: 21% of the photo is kept" in out
    kept = pixels("mask.png") == 255
    assert (pixels("out.png")[kept] == pixels("me.png")[kept]).all()
    assert (pixels("out.png")[:10] != pixels("me.png")[:10]).mean() > 0.3


def test_the_background_stays_instead(stylize):
    assert stylize("--keep=background")[0] == 0
    kept, result, photo = pixels("mask.png") == 0, pixels("out.png"), pixels("me.png")
    assert (result[kept] == photo[kept]).all() and (result[~kept] != photo[~kept]).mean() > 0.3


def test_all_of_it_is_painted(stylize):
    assert stylize(keep="--keep=none")[0] == 0
    assert (pixels("out.png") != pixels("me.png")).mean() > 0.5


def test_a_network_finds_the_figure(stylize, trained, people, place):
    shutil.copy(people / "images" / "0003.jpg", place / "them.jpg")
    status, out, err = stylize(content="them.jpg", keep=f"--model={trained}")
    assert status in (0, 2) and ("them.jpg: " in out or "nothing is left" in err)


def test_no_figure_is_said_and_all_is_painted(stylize):
    Image.new("L", (96, 64)).save("none.png")
    status, out, _ = stylize(keep="--mask=none.png")
    assert status == 0 and "no figure found" in out and (pixels("out.png") != pixels("me.png")).mean() > 0.5


def test_a_photo_that_is_all_figure_ends_with_2(stylize, place):
    Image.new("L", (96, 64), 255).save("full.png")
    status, _, err = stylize(keep="--mask=full.png")
    assert status == 2 and err.count("\n") == 1 and "me.png: the figure fills the photo" in err
    assert not (place / "out.png").exists()


def test_save_without_an_ending_is_a_jpg_of_the_photos_size(stylize, place):
    picture(150, 97, 4).save("large.png")
    assert stylize(content="large.png", save="painted", keep="--keep=none")[0] == 0
    with Image.open("painted.jpg") as image:
        assert image.format == "JPEG" and image.size == (150, 97)


def test_into_a_folder_that_is_there(stylize, place):
    (place / "paintings").mkdir()
    assert stylize(save="paintings")[0] == 0 and (place / "paintings" / "me.jpg").is_file()


@pytest.mark.parametrize("keep", ["--keep=none", "--mask=mask.png"])
def test_a_photo_of_nothing_is_named(stylize, place, keep):
    clear = np.zeros((64, 96, 4), np.uint8)
    clear[30:50, 40:50, 3] = 255 * (keep != "--keep=none")  # all that can be seen of it is kept
    Image.fromarray(clear).save("clear.png")
    status, _, err = stylize(content="clear.png", keep=keep)
    assert status == 2 and "clear.png: all of it is kept or transparent" in err and err.count("\n") == 1


def test_exif_orientation_is_applied_and_alpha_survives(stylize):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    picture(96, 64, 0).save("turned.jpg", exif=exif)
    assert stylize(content="turned.jpg", keep="--keep=none")[0] == 0
    with Image.open("out.png") as image:
        assert image.size == (64, 96) and image.getexif().get(0x0112, 1) == 1
    alpha = np.tile(np.linspace(0, 255, 96).astype(np.uint8), (64, 1))
    figure = picture(96, 64, 0)
    figure.putalpha(Image.fromarray(alpha))
    figure.save("glass.png")
    assert stylize(content="glass.png")[0] == 0
    kept = pixels("mask.png") == 255
    assert (pixels("out.png")[..., 3] == alpha).all()
    assert (pixels("out.png")[kept] == pixels("glass.png")[kept]).all()
    assert stylize(content="glass.png", save="flat.jpg")[0] == 0 and Image.open("flat.jpg").mode == "RGB"


def test_three_similarities_and_their_sheet(stylize, place):
    status, out, _ = stylize("--similarity=content,balanced,style", "--panel=panel.png", save="x.png")
    assert "wrote x_similarity.png" in out
    names = ["x_content.png", "x_balanced.png", "x_style.png"]
    assert status == 0 and changed(*names, names[0]) == [True] * 3
    assert Image.open("x_similarity.png").width > 3 * 480 and Image.open("panel.png").width > 4 * 480
    assert not (place / "x.png").exists()
    assert [read_record(name)["options"]["similarity"] for name in names] == ["content", "balanced", "style"]


OPTIONS = [
    "--method=moments",
    "--style_mask=half.png",
    "--color=content",
    "--feather=20",
]
LONG = [  # what they mean for a painting is also tested without the script
    "--turns=on",
    "--init=munch.jpg",
    "--style=monet.png,munch.jpg",
    "--style_weight=100",
    "--content_weight=50",
    "--tv_weight=30",
    "--method=gram",
    "--style_scale=0.6",
    "--init=noise",
    "--averaging=0.9",
    "--epochs=4",
    "--size=80",
    "--precision=bfloat16",
    "--style=munch.jpg",
]
OPTIONS += [pytest.param(option, marks=pytest.mark.long) for option in LONG]


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """Where the painting without any further option is kept for the tests below."""
    return tmp_path_factory.mktemp("plain") / "plain.png"


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_changes_the_painting(stylize, plain, option):
    if not plain.exists():
        assert stylize(save=str(plain))[0] == 0
    assert stylize(option)[0] == 0
    assert changed(plain, "out.png") == [True]
    name, value = option.lstrip("-").split("=")
    told = read_record("out.png")["options"][name]
    assert value == (",".join(told) if isinstance(told, list) else told) or float(value) == told


@pytest.mark.long
def test_blending_weights_lean_towards_a_style(stylize):
    for name, blend in (("one", "1,0"), ("two", "0,1"), ("both", "1,1")):
        assert stylize("--style=monet.png,munch.jpg", f"--blend={blend}", save=f"{name}.png")[0] == 0
    assert stylize(save="alone.png")[0] == 0
    assert changed("one.png", "both.png", "two.png") == [True, True] and changed("one.png", "alone.png") == [False]


@pytest.mark.long
def test_the_seed_decides_the_noise(stylize):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert stylize("--init=noise", f"--seed={seed}", save=f"{name}.png")[0] == 0
    assert changed("a.png", "b.png", "c.png") == [False, True]


@pytest.mark.long
def test_a_picture_continues_an_earlier_run(stylize):
    """By moments, whose targets are the same for every painting of a photo: J can be compared."""
    own = {"keep": "--keep=none"}
    assert stylize("--method=moments", "--epochs=6", save="first.png", **own)[0] == 0
    assert stylize("--method=moments", "--epochs=1", save="fresh.png", **own)[0] == 0
    assert stylize("--method=moments", "--epochs=1", "--init=first.png", save="second.png", **own)[0] == 0
    assert read_record("second.png")["J"] < read_record("fresh.png")["J"]


def test_evolution_snapshots_and_panel(stylize, place):
    before = {file.name for file in place.iterdir()}
    extras = ["--evolution=e.gif", "--snapshots=1,3", "--panel=p.jpg", "--epochs=3"]
    assert stylize(*extras)[0] == 0
    assert Image.open("e.gif").n_frames >= 3 and Image.open("p.jpg").height > 480
    assert changed("out_1.png", "out_3.png") == [True] and changed("out_3.png", "out.png") == [False]
    made = {"out.png", "out_1.png", "out_3.png", "e.gif", "p.jpg"}
    assert {file.name for file in place.iterdir()} == made | before


def test_the_panel_shows_the_snapshots_and_parts_add_up(stylize, place):
    assert stylize("--panel=few.png")[0] == 0
    assert stylize("--panel=more.png", "--snapshots=1,2", "--parts=parts.png")[0] == 0
    few, more, parts = (Image.open(name) for name in ("few.png", "more.png", "parts.png"))
    assert more.width == few.width + 2 * (720 + 12) and parts.width == 3 * (720 + 12) + 12
    kept, painted, whole = (np.asarray(parts.crop((12 + n * 732, 12, 732 + n * 732, 492)), int) for n in range(3))
    assert np.abs(kept + painted - whole).mean() < 2 and kept.any() and painted.any()


@pytest.mark.parametrize("keep", ["--keep=none", "--mask=mask.png"])
def test_classes_without_a_network_are_refused(stylize, place, keep):
    status, _, err = stylize("--keep_classes=person,bicycle", keep=keep)
    assert status == 2 and f"--keep_classes=person,bicycle needs a network; leave out {keep}" in err


def test_parts_of_a_painting_that_keeps_nothing_are_refused(stylize, place):
    status, _, err = stylize("--parts=parts.png", keep="--keep=none")
    assert status == 2 and "--parts=parts.png" in err and err.count("\n") == 1 and not (place / "out.png").exists()


@pytest.mark.parametrize("save", ["told.png", "told.jpg", "told.webp", "told.tif"])
def test_a_painting_tells_how_it_was_made(stylize, script, save):
    assert stylize("--seed=7", save=save)[0] == 0
    status, out, err = script("stylize.py", f"--show={save}")
    told = dict(line.split(": ", 1) for line in out.splitlines())
    assert (status, err) == (0, "") and json.loads(told["options"])["seed"] == 7
    assert float(told["J"]) > 0 and int(told["steps"]) == 2 and "keras" in told["versions"] and "seconds" in told
    assert json.loads(told["options"])["content"] == "me.png"


def test_show_says_where_there_is_nothing_to_tell(script, place):
    for name in ("me.png", "missing.png"):
        status, out, err = script("stylize.py", f"--show={name}")
        assert status == 2 and out == "" and err.count("\n") == 1 and name in err


def test_one_bad_file_does_not_stop_a_folder(stylize, place):
    (place / "holiday").mkdir()
    picture(70, 64, 5).save(place / "holiday" / "a.png")
    (place / "holiday" / "b.jpg").write_text("no picture")
    picture(64, 70, 6).save(place / "holiday" / "c.webp")
    status, _, err = stylize(content="holiday", save="paintings", keep="--keep=none")
    assert status == 2 and "1 of 3 pictures failed: b.jpg; the other 2 are done" in err
    assert sorted(file.name for file in (place / "paintings").iterdir()) == ["a.jpg", "c.jpg"]
    assert Image.open("paintings/c.jpg").size == (64, 70)


@pytest.fixture
def holiday(place):
    """A folder of three photos."""
    (place / "holiday").mkdir()
    for seed in (1, 2, 3):
        picture(70, 64, seed).save(place / "holiday" / f"{seed}.png")
    return place / "holiday"


def ages(folder):
    return {file.name: file.stat().st_mtime_ns for file in folder.iterdir()}


@pytest.mark.parametrize("similarity", ["balanced", pytest.param("content,style", marks=pytest.mark.long)])
def test_a_folder_goes_on_where_it_was_stopped(stylize, place, holiday, monkeypatch, similarity):
    from style.brush import Brush

    def stop(brush):  # in the second painting
        stop.steps = getattr(stop, "steps", 0) + 1
        if stop.steps == 2 * len(similarity.split(",")) + 1:
            raise KeyboardInterrupt

    given = {"content": "holiday", "save": "paintings", "keep": "--keep=none"}
    with monkeypatch.context() as patch:
        patch.setattr(Brush, "_tell", stop)
        status, _, err = stylize(f"--similarity={similarity}", **given)
    assert status == 130 and "is the picture after 1 steps" in err and "paintings" in err
    before = ages(place / "paintings")
    status, out, _ = stylize(f"--similarity={similarity}", **given)
    assert status == 0 and "1 of 3 are done already; --force makes them again" in out
    after = ages(place / "paintings")
    assert {name for name, age in before.items() if after[name] == age} == {n for n in after if n.startswith("1")}
    assert stylize(f"--similarity={similarity}", **given)[0] == 0 and ages(place / "paintings") == after
    assert stylize(f"--similarity={similarity}", "--force", **given)[0] == 0
    assert not ages(place / "paintings").items() & after.items()


OTHERWISE = [
    ("style", 0),
    ("record", 3),
    *(pytest.param(*each, marks=pytest.mark.long) for each in (("option", 0), ("mask", 2))),
]


@pytest.mark.parametrize(("what", "kept"), OTHERWISE)
def test_what_was_painted_otherwise_is_painted_again(stylize, place, holiday, what, kept):
    (place / "masks").mkdir()
    for seed in (1, 2, 3):
        picture(70, 64, 7).save(place / "masks" / f"{seed}.png")
    given = {"content": "holiday", "save": "paintings", "keep": "--mask=masks"}
    assert stylize(**given)[0] == 0
    before = ages(place / "paintings")
    if what == "style":
        picture(64, 64, 9).save("monet.png")
    if what == "mask":
        picture(70, 64, 8).save(place / "masks" / "2.png")
    more = {"option": ["--tv_weight=3"], "record": ["--record=full"]}.get(what, [])
    assert stylize(*more, **given)[0] == 0
    assert len(ages(place / "paintings").items() & before.items()) == kept


def test_records_tell_no_places_unless_asked(stylize, place):
    given = f"--content={place}/me.png", f"--init={place}/munch.jpg"
    assert stylize(*given)[0] == 0 and str(place) not in str(read_record("out.png"))
    assert stylize(*given, "--record=full")[0] == 0
    assert read_record("out.png")["paths"]["style"] == [str(place / "monet.png")]


def test_the_networks_are_loaded_once_for_a_folder(stylize, place, monkeypatch, thin):
    from style import features

    loaded = []
    monkeypatch.setitem(features.NETWORKS, "vgg19", lambda *given: loaded.append(given) or thin(*given))
    (place / "holiday").mkdir()
    for seed in (1, 2, 3):
        picture(64, 64, seed).save(place / "holiday" / f"{seed}.png")
    assert stylize(content="holiday/*.png", save="paintings", keep="--keep=none")[0] == 0 and len(loaded) == 1


def test_ctrl_c_saves_the_picture_so_far_and_says_so(stylize, monkeypatch, place):
    from style.brush import Brush

    def stop(brush):
        if len(brush.losses) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(Brush, "_tell", stop)
    status, _, err = stylize("--epochs=50")
    assert status == 130 and "out.png is the picture after 3 steps" in err
    assert read_record("out.png")["steps"] == 3 and changed("out.png", "me.png") == [True]


@pytest.mark.long
@pytest.mark.parametrize(("method", "why"), [("match", "more would hardly show"), ("moments", "J stopped falling")])
def test_it_says_why_it_stops_sooner(stylize, monkeypatch, method, why):
    monkeypatch.setattr("style.brush.LEAST_GAIN", 0.9)
    status, out, _ = stylize("--epochs=400", f"--method={method}")
    assert status == 0 and "of 400 steps (" in out and f" s; {why})" in out and read_record("out.png")["steps"] < 400


def test_full_size_is_the_photos_own(stylize, place):
    picture(120, 78, 4).save("large.png")
    sizes = []
    for size in ("full", "120", "16384"):
        assert (
            stylize(f"--size={size}", "--scales=1", content="large.png", save=f"{size}.png", keep="--keep=none")[0] == 0
        )
        sizes.append(Image.open(f"{size}.png").size)
    assert sizes == [(120, 78)] * 3 and changed("full.png", "120.png", "16384.png") == [False, False]
    assert read_record("full.png")["options"]["size"] == "full"
    status, _, err = stylize("--size=whole", content="large.png")
    assert status == 2 and "--size=whole must be a whole number from 64 to 16384, or full" in err


def test_a_killed_run_goes_on_from_its_last_finished_scale(stylize, place, monkeypatch):
    """To the same bits and the same record; and what it went on from is gone at the end."""
    from studio.unfinished import Unfinished
    from style.brush import Brush

    picture(192, 72, 4).save("large.png")
    given = ["--size=192", "--epochs=6", "--network=mini"]
    more = {"content": "large.png", "keep": "--keep=none"}
    assert stylize(*given, save="whole.png", **more)[0] == 0
    whole, steps, begin = read_record("whole.png"), [], Brush.begin

    def die(brush, side, *given):
        steps.append(side)
        if side == 192 and len(steps) == 2:
            raise SystemExit(9)  # as good as a kill: nothing is tidied up
        begin(brush, side, *given)

    with monkeypatch.context() as patch:
        patch.setattr(Brush, "begin", die)
        patch.setattr(Unfinished, "remove", lambda progress: None)
        assert stylize(*given, save="out.png", **more)[0] == 9
    assert not (place / "out.png").exists() and len(list(place.glob(".*.part"))) == 1
    monkeypatch.setattr(Brush, "begin", die)
    assert stylize(*given, save="out.png", **more)[0] == 0
    assert steps == [96, 192, 192] and changed("whole.png", "out.png") == [False]
    assert not list(place.glob(".*.part"))
    again = read_record("out.png")
    assert [again[name] for name in ("J", "steps", "troubles")] == [whole[name] for name in ("J", "steps", "troubles")]


def test_a_large_painting_is_painted_tile_by_tile_by_the_memory_that_is_free(stylize, place, monkeypatch):
    """A tile is what fits; the painting is the same but for rounding, and what used to be refused is painted."""
    from style import painting

    picture(320, 250, 4).save("large.png")
    given = ["--size=full", "--scales=1", "--epochs=3"]
    more = {"content": "large.png", "keep": "--keep=none"}
    assert stylize(*given, save="whole.png", **more)[0] == 0
    counts, cut = [], painting.cut
    monkeypatch.setattr(painting, "cut", lambda *own: counts.append(len(found := cut(*own))) or found)
    monkeypatch.setattr("networks.hardware.LEAST_TILE", 200 * 200)
    monkeypatch.setattr("networks.hardware.free_memory", lambda: 0.65 * 2**30)
    status, _, err = stylize(*given, save="out.png", **more)
    assert status == 0 and max(counts) > 1, err
    assert np.abs(np.float32(pixels("out.png")) - pixels("whole.png")).mean() < 0.5


def test_too_little_memory_names_the_size_that_fits(stylize, monkeypatch, place):
    monkeypatch.setattr("networks.hardware.free_memory", lambda: 0.85 * 2**30)
    picture(2000, 1500, 0).save("large.png")
    status, _, err = stylize("--size=full", content="large.png", keep="--keep=none")
    fits = int(err.split("--size=")[2].split()[0])
    assert status == 2 and "--size=2000 needs" in err and 64 <= fits < 2000 and err.count("\n") == 1
    status, _, err = stylize(f"--size={fits}", content="large.png", keep="--keep=none")
    assert status == 0, err


def test_a_photo_that_does_not_fit_names_the_megapixels_that_do(stylize, monkeypatch, place):
    monkeypatch.setattr("networks.hardware.free_memory", lambda: 100e6)
    picture(2000, 1500, 0).save("large.png")
    status, _, err = stylize(content="large.png", keep="--keep=none")
    assert status == 2 and "large.png needs 0.1 GiB" in err and "2 megapixels fit" in err and err.count("\n") == 1
    monkeypatch.setattr("networks.hardware.free_memory", lambda: -1)  # other programs took more than was there
    assert "0.0 are free; close other programs" in stylize(content="large.png", keep="--keep=none")[2]


def test_a_limit_of_the_process_counts():
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_AS)
    now = psutil.Process().memory_info().vms
    resource.setrlimit(resource.RLIMIT_AS, (now + 2**28, limits[1]))
    try:
        free = hardware.free_memory()
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)
    assert free <= 2**28 < hardware.free_memory()


def test_the_least_of_nested_containers_counts(monkeypatch, tmp_path):
    monkeypatch.setattr("networks.hardware.GROUP", tmp_path)
    monkeypatch.setattr("networks.hardware.OWN_GROUP", tmp_path / "own")
    (tmp_path / "own").write_text("1:name=systemd:/elsewhere\n0::/user/job\n")
    (tmp_path / "user/job").mkdir(parents=True)
    for folder, most in (("user", 5000), ("user/job", 8000)):
        told = {"max": most, "current": 1000, "stat": "inactive_file 0\nactive_file 0"}
        for name, text in told.items():
            (tmp_path / folder / f"memory.{name}").write_text(str(text))
    assert hardware.free_memory() == 4000


def test_a_containers_memory_that_files_fill_counts_as_free(monkeypatch, tmp_path):
    monkeypatch.setattr("networks.hardware.GROUP", tmp_path)
    machine = hardware.free_memory()
    told = {"max": "1000", "current": "900", "stat": "anon 300\nfile 600\ninactive_file 250\nactive_file 350\n"}
    for name, text in told.items():
        (tmp_path / f"memory.{name}").write_text(text)
    assert hardware.free_memory() == 700 < machine
    (tmp_path / "memory.max").write_text("max\n")
    assert hardware.free_memory() > 700


def test_memory_that_runs_out_is_one_line(stylize, monkeypatch, place):
    def full(*_):
        raise MemoryError

    monkeypatch.setattr("style.painting.Painter._paint_scale", full)
    status, _, err = stylize("--size=70")
    assert status == 2 and "--size=70" in err and err.count("\n") == 1 and not (place / "out.png").exists()


WRONG = [
    ("--style=monet.png,missing.png", "missing.png"),
    ("--style=monet.png,mask.txt", "mask.txt"),
    ("--content=missing.png", "missing.png"),
    ("--mask=missing.png", "missing.png"),
    ("--mask=monet.png", "monet.png"),
    ("--save=out.gif", "out.gif"),
    ("--save=me.png", "me.png"),
    ("--save=me.png/deep/out.png", "me.png"),
    ("--similarity=content,content", "--similarity"),
    ("--similarity=contents", "--similarity"),
    ("--blend=1,2", "--blend"),
    ("--blend=1,2,x", "--blend"),
    ("--blend=0", "--blend"),
    ("--epochs=0", "--epochs"),
    ("--size=63", "--size"),
    ("--size=1e9", "--size"),
    ("--feather=-1", "--feather"),
    ("--style_weight=nan", "--style_weight"),
    ("--style_scale=0", "--style_scale"),
    ("--averaging=1", "--averaging"),
    ("--snapshots=1,x", "--snapshots"),
    ("--evolution=e.mp4", "--evolution"),
    ("--panel=p.gif", "--panel"),
    ("--init=missing.png", "missing.png"),
    ("--network=vgg16", "--network"),
    ("--color=both", "--color"),
    ("--keep=sky", "--keep"),
    ("--precision=float16", "--precision"),
    ("--method=magic", "--method"),
    ("--turns=left", "--turns"),
    ("--style_mask=nowhere.png", "nowhere.png"),
    ("--style_mask=mask.png", "--style_mask=mask.png is 96 x 64, the style is 64 x 64"),
    ("--style_mask=black.png", "--style_mask=black.png is black"),
    ("--model=missing.keras", "missing.keras"),
]


@pytest.mark.parametrize(("wrong", "named"), WRONG, ids=lambda value: value.replace("/", " "))
def test_what_is_wrong_is_named_and_changes_nothing(stylize, place, wrong, named):
    before = {file.name: file.read_bytes() for file in place.iterdir()}
    given = {"keep": wrong} if wrong.startswith(("--model", "--mask")) else {}
    status, _, err = stylize(*([] if given else [wrong]), **given)
    assert status == 2 and err.count("\n") == 1 and len(err) <= 300 and named in err
    assert {file.name: file.read_bytes() for file in place.iterdir()} == before


def test_wrong_weights_are_named(script, place):
    (place / "text.weights.h5").write_text("no weights")
    given = ["--content=me.png", "--style=monet.png", "--save=o", "--keep=none", "--vgg_weights=text.weights.h5"]
    given.append("--precision=float32")
    status, _, err = script("stylize.py", *given)
    assert status == 2 and "--vgg_weights=text.weights.h5" in err and err.count("\n") == 1


def test_two_weights_of_nothing_are_refused(stylize):
    status, _, err = stylize("--style_weight=0", "--content_weight=0")
    assert status == 2 and "--style_weight=0" in err and err.count("\n") == 1


@pytest.mark.parametrize("option", ["--evolution=e.gif", "--panel=p.jpg"])
def test_what_shows_one_photo_goes_with_one(stylize, place, option):
    (place / "holiday").mkdir()
    picture(64, 64, 1).save(place / "holiday" / "a.png")
    status, _, err = stylize(option, content="holiday", save="paintings", keep="--keep=none")
    assert status == 2 and option.split("=")[0] in err and not (place / "paintings").exists()


def test_odd_shapes_are_painted(stylize):
    picture(400, 20, 3).save("panorama.png")
    picture(300, 4, 4).save("strip.png")
    assert stylize("--style=strip.png", content="panorama.png", keep="--keep=none")[0] == 0
    assert Image.open("out.png").size == (400, 20)
    picture(64, 9, 3).save("line.png")
    status, _, err = stylize(content="line.png", keep="--keep=none")
    assert status == 2 and "line.png is 64 x 9" in err and err.count("\n") == 1


@pytest.mark.parametrize(
    ("number", "status", "network"),
    [(signal.SIGTERM, 143, "mini"), pytest.param(signal.SIGINT, 130, "vgg19", marks=pytest.mark.long)],
)
def test_a_signal_while_painting_saves_the_picture(place, vgg_weights, number, status, network):
    """The same in a process of its own, once with all of VGG19."""
    given = ["--content=me.png", "--style=monet.png", "--save=out.png", "--mask=mask.png", "--size=64"]
    given += ["--epochs=100000", "--snapshots=2", f"--network={network}", "--precision=float32"]
    given += [f"--vgg_weights={vgg_weights}"] if network == "vgg19" else []
    running = subprocess.Popen(
        [sys.executable, str(ROOT / "src" / "stylize.py"), *given],
        cwd=place,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    while not (place / "out_2.png").exists() and running.poll() is None:
        time.sleep(0.05)
    running.send_signal(number)
    _, err = running.communicate()
    assert running.returncode == status and "out.png is the picture after" in err
    assert read_record(place / "out.png")["steps"] >= 2 and changed(place / "out.png", place / "me.png") == [True]


@pytest.mark.parametrize("option", ["--panel=me.png", "--parts=monet.png", "--panel=mask.png", "--panel=out.png"])
def test_a_panel_is_not_drawn_over_what_is_read_or_painted(stylize, place, option):
    before = {file.name: file.read_bytes() for file in place.iterdir()}
    status, _, err = stylize(option)
    assert status == 2 and f"{option} would overwrite" in err
    assert {file.name: file.read_bytes() for file in place.iterdir()} == before


# ---------------------------------------------------------------- without steps


@pytest.fixture
def small(monkeypatch, drawing):
    """Let a small untrained network be the one that ships with us."""
    for place in ("style.features.MINI", "studio.orders.MINI"):
        monkeypatch.setattr(place, drawing)


def test_instant_paints_without_steps(stylize, small, place):
    status, out, err = stylize("--network=instant", init=None)
    assert (status, err) == (0, "") and "me.png: painted in " in out
    kept = pixels("mask.png") == 255
    assert (pixels("out.png")[kept] == pixels("me.png")[kept]).all()
    assert (pixels("out.png")[:10] != pixels("me.png")[:10]).mean() > 0.3
    record = read_record("out.png")
    assert record["options"]["network"] == "instant" and record["steps"] == 0
    assert set(record["files"]) == {"content", "mask", "style", "vgg_weights"}


@pytest.mark.parametrize(
    "more", [["--init=noise"], ["--averaging=0.5"], ["--evolution=e.gif"], ["--snapshots=1,2"], ["--method=gram"]]
)
def test_instant_refuses_what_needs_steps(stylize, small, place, more):
    status, _, err = stylize("--network=instant", *more, init=None)
    assert status == 2 and err.count("\n") == 1 and f"{more[0]} is for a painting in steps" in err
    assert not (place / "out.png").exists()


def test_matching_starts_with_the_instant_painting_at_the_finest_scale(stylize, small):
    picture(300, 100, 4).save("large.png")
    given = {"content": "large.png", "keep": "--keep=none", "init": None}
    assert stylize("--network=instant", "--size=192", save="instant.png", **given)[0] == 0
    status, out, _ = stylize("--init=instant", "--size=192", "--epochs=1", save="one.png", **given)
    assert status == 0 and "after 1 of 1 steps" in out and "init" in read_record("one.png")["files"]
    assert stylize("--init=content", "--size=192", "--epochs=1", save="photo.png", **given)[0] == 0
    start, one, photo = (np.float32(pixels(f"{name}.png")) for name in ("instant", "one", "photo"))
    assert np.abs(one - start).mean() < 0.5 * np.abs(photo - start).mean()


def test_auto_without_weights_paints_at_once_and_says_how_to_get_finer_strokes(stylize, small, monkeypatch):
    def none(weights, precision):
        raise UserError("the weights of VGG19 could not be downloaded; give --vgg_weights=<that file>")

    monkeypatch.setitem(features.NETWORKS, "vgg19", none)
    status, out, _ = stylize("--network=auto", init=None)
    assert status == 0 and "painting with --network=instant, since the weights of VGG19 could not be downloaded" in out
    assert read_record("out.png")["options"]["network"] == "instant"
    status, _, err = stylize("--network=auto", "--vgg_weights=x.h5", init=None)
    assert status == 2 and "could not be downloaded" in err
    status, out, _ = stylize("--network=auto", "--method=gram", init=None)
    assert status == 0 and "painting with --network=mini" in out


def test_auto_with_weights_is_vgg19(stylize, small):
    assert stylize("--network=auto", init=None)[0] == 0 and read_record("out.png")["options"]["network"] == "vgg19"


def test_each_style_by_itself_and_a_sheet(stylize, small, place):
    each = ["--network=instant", "--each", "--style=monet.png,munch.jpg"]
    status, out, _ = stylize(*each, init=None)
    assert status == 0 and "wrote out_styles.png" in out
    assert changed("out_monet.png", "out_munch.png") == [True]
    assert read_record("out_munch.png")["options"]["style"] == ["munch.jpg"]
    stylize("--network=instant", "--style=munch.jpg", save="alone.png", init=None)
    assert changed("out_munch.png", "alone.png") == [False]
    assert Image.open("out_styles.png").width > 3 * 480


def test_each_with_similarities_and_a_folder_that_goes_on(stylize, small, place):
    (place / "all").mkdir()
    each = ["--network=instant", "--each", "--style=monet.png,munch.jpg", "--similarity=content,style"]
    shutil.copy("me.png", "all/me.png")
    given = {"content": "all", "save": "paintings", "keep": "--keep=none", "init": None}
    assert stylize(*each, **given)[0] == 0
    names = {file.name for file in (place / "paintings").iterdir()}
    words = {f"me_{style}_{word}.jpg" for style in ("monet", "munch") for word in ("content", "style")}
    assert words | {"me_styles.jpg"} == names
    (place / "paintings" / "me_munch_style.jpg").unlink()
    before = (place / "paintings" / "me_monet_style.jpg").stat().st_mtime_ns
    assert stylize(*each, **given)[0] == 0
    assert (place / "paintings" / "me_munch_style.jpg").exists()
    assert (place / "paintings" / "me_monet_style.jpg").stat().st_mtime_ns == before


def test_each_and_blend_contradict_each_other(stylize, small):
    status, _, err = stylize("--each", "--style=monet.png,munch.jpg", "--blend=1,2")
    assert status == 2 and "--each" in err and "--blend" in err
