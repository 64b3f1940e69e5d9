import shutil

import numpy as np
import pytest
from PIL import ExifTags, Image

from pictures import images
from pictures.images import open_picture, read_record
from segmentation import prediction as module
from segmentation.prediction import OUTPUTS, predict
from utils import UserError


class Upper:
    """A network for which the upper half of every picture is figure."""

    def predict_on_batch(self, pictures):
        scores = np.full((*pictures.shape[:3], 1), -9, np.float32)
        scores[:, : pictures.shape[1] // 2] = 9
        return scores


@pytest.fixture
def upper(monkeypatch):
    loaded = []

    def load_network(model):
        loaded.append(model)
        return Upper(), {"network_options": {"size": 64}}

    monkeypatch.setattr(module, "load_network", load_network)
    return loaded


@pytest.fixture
def photo(tmp_path):
    """80 x 60 px, grey."""
    Image.new("RGB", (80, 60), (120, 130, 140)).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def names(folder):
    return sorted(file.name for file in folder.iterdir())


@pytest.mark.parametrize(
    ("output", "name", "mode", "figure", "background"),
    [
        ("cutout", "photo_mask.jpeg", "RGB", (120, 130, 140), (0, 0, 0)),
        ("mask", "photo_mask.png", "L", 255, 0),
        ("alpha", "photo_alpha.png", "RGBA", (120, 130, 140, 255), (120, 130, 140, 0)),
        ("overlay", "photo_overlay.jpeg", "RGB", (187, 97, 86), (120, 130, 140)),
    ],
)
def test_each_output(upper, photo, output, name, mode, figure, background):
    predict(photo, output)
    assert names(photo.parent) == sorted(["photo.png", name])
    with Image.open(photo.parent / name) as result:
        assert result.size == (80, 60) and result.mode == mode
        near = np.allclose(result.getpixel((40, 8)), figure, atol=3)
        assert near and np.allclose(result.getpixel((40, 52)), background, atol=3)
    record = read_record(photo.parent / name)
    assert record["output"] == output and record["model"] == "person.keras"
    assert str(photo.parent) not in str(record)


def test_alpha_is_soft_at_the_edge(upper, photo):
    predict(photo, "alpha")
    alpha = np.asarray(Image.open(photo.parent / "photo_alpha.png"))[:, 40, 3]
    assert len(set(alpha.tolist())) > 3 and (np.diff(alpha.astype(int)) <= 0).all()


@pytest.mark.parametrize("ending", ["jpg", "webp", "tif", "bmp", "png"])
def test_save_names_the_file_and_its_format(upper, photo, tmp_path, ending):
    predict(photo, save=str(tmp_path / "new" / f"result.{ending}"))
    assert names(tmp_path / "new") == [f"result.{ending}"]
    assert open_picture(tmp_path / "new" / f"result.{ending}").size == (80, 60)


@pytest.mark.parametrize("save", ["new/", "there"])
def test_save_may_be_a_folder(upper, photo, tmp_path, save):
    (tmp_path / "there").mkdir()
    predict(photo, save=f"{tmp_path}/{save}")
    assert names(tmp_path / save) == ["photo_mask.jpeg"]


def test_a_turned_photo_comes_out_upright(upper, tmp_path):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    Image.new("RGB", (80, 60), "grey").save(tmp_path / "a.jpg", exif=exif)
    predict(tmp_path / "a.jpg", "mask")
    with Image.open(tmp_path / "a_mask.png") as mask:
        assert mask.size == (60, 80) and not mask.getexif().get(ExifTags.Base.Orientation)


def test_what_is_transparent_is_no_figure(upper, tmp_path):
    picture = Image.new("RGBA", (80, 60), (9, 9, 9, 255))
    picture.paste((9, 9, 9, 0), (0, 0, 20, 60))
    picture.save(tmp_path / "a.png")
    predict(tmp_path / "a.png", "mask")
    mask = np.asarray(Image.open(tmp_path / "a_mask.png"))
    assert mask[:, :20].max() == 0 and mask[10, 40] == 255


def test_a_folder_loads_the_network_once_and_skips_its_own_results(upper, people, tmp_path, capsys):
    folder = shutil.copytree(people / "images", tmp_path / "photos")
    for _ in range(2):  # the second time the results of the first lie there
        predict(folder)
        assert len(names(folder)) == 48
    predict(folder, "overlay")
    assert len(names(folder)) == 72 and len(upper) == 3
    assert "and 21 more" in capsys.readouterr().out


def ages(folder):
    return {file.name: file.stat().st_mtime_ns for file in folder.iterdir() if "_mask" in file.name}


@pytest.mark.parametrize("output", ["cutout", "mask"])
def test_a_folder_goes_on_where_it_was_stopped(upper, people, tmp_path, capsys, output):
    folder = shutil.copytree(people / "images", tmp_path / "photos")
    predict(folder, output)
    before = ages(folder)
    gone, other, foreign, *_ = sorted(before)
    (folder / gone).unlink()
    shutil.copy(folder / foreign, folder / other)  # the right name, but made of another picture
    Image.new("L", (64, 64)).save(folder / foreign)  # no result at all
    predict(folder, output)
    after = ages(folder)
    assert {name for name in after if after[name] != before[name]} == {gone, other, foreign}
    assert "21 of 24 are done already; --force makes them again" in capsys.readouterr().out
    predict(folder, output, force=True)
    assert not ages(folder).items() & after.items()


@pytest.mark.parametrize(
    ("what", "kept"),
    [("threshold", 0), ("model", 0), ("picture", 23), ("record", 24)],  # where files lie changes no result
)
def test_what_was_made_otherwise_is_made_again(upper, people, tmp_path, trained, what, kept):
    folder, model = shutil.copytree(people / "images", tmp_path / "photos"), shutil.copy(trained, tmp_path / "m.keras")
    predict(folder, model=model)
    before = ages(folder)
    if what == "model":
        model.write_bytes(b"other numbers under the same name")
    if what == "picture":
        Image.open(folder / "0003.jpg").rotate(90).save(folder / "0003.jpg")
    options = {"threshold": {"threshold": 0.6}, "record": {"record": "full"}}.get(what, {})
    predict(folder, model=model, **options)
    assert len(ages(folder).items() & before.items()) == kept


def test_records_tell_no_places_unless_asked(upper, photo):
    predict(photo)
    assert str(photo.parent) not in str(read_record(photo.parent / "photo_mask.jpeg"))
    predict(photo, record="full")
    assert read_record(photo.parent / "photo_mask.jpeg")["paths"]["picture"] == str(photo)


def test_a_pattern_and_a_folder_to_save_in(upper, people, tmp_path):
    predict(f"{people}/images/000*.jpg", "alpha", save=str(tmp_path / "out"))
    assert names(tmp_path / "out") == [f"{number:04}_alpha.png" for number in range(10)]


def test_pictures_that_differ_in_their_endings_alone_get_results_of_their_own(upper, photo):
    Image.open(photo).save(photo.with_suffix(".jpg"))
    predict(photo.parent)
    assert names(photo.parent) == ["photo.jpg", "photo.jpg_mask.jpeg", "photo.png", "photo.png_mask.jpeg"]


def test_one_bad_file_does_not_stop_the_rest(upper, people, tmp_path, capsys):
    folder = shutil.copytree(people / "images", tmp_path / "photos")
    (folder / "0004.jpg").write_bytes(b"broken")
    (folder / "0011.jpg").write_bytes(b"")
    with pytest.raises(UserError, match=r"2 of 24 pictures failed: 0004\.jpg, 0011\.jpg; the other 22 are done"):
        predict(folder)
    assert len(names(folder)) == 24 + 22
    assert capsys.readouterr().out.count("failed: ") == 2


def test_a_photo_that_does_not_fit_into_memory_is_left_out(upper, people, tmp_path, monkeypatch):
    folder = shutil.copytree(people / "images", tmp_path / "photos")
    Image.open(folder / "0003.jpg").resize((300, 300)).save(folder / "0003.jpg")
    monkeypatch.setattr("networks.hardware.free_memory", lambda: 1e6)
    with pytest.raises(UserError, match=r"1 of 24 pictures failed: 0003\.jpg"):
        predict(folder)


def test_memory_that_runs_out_over_one_picture_does_not_stop_the_rest(upper, people, tmp_path, monkeypatch):
    folder, read = shutil.copytree(people / "images", tmp_path / "photos"), images.read_file

    def read_all_but_one(file):
        if file.name == "0003.jpg":
            raise MemoryError
        return read(file)

    monkeypatch.setattr(images, "read_file", read_all_but_one)
    with pytest.raises(UserError, match=r"1 of 24 pictures failed: 0003\.jpg"):
        predict(folder)


def test_a_bad_picture_alone_is_an_error_and_leaves_nothing(upper, tmp_path):
    (tmp_path / "bad.jpg").write_bytes(b"broken")
    with pytest.raises(UserError, match=r"bad\.jpg cannot be read"):
        predict(tmp_path / "bad.jpg")
    assert names(tmp_path) == ["bad.jpg"]


@pytest.mark.parametrize(
    ("save", "output", "said"),
    [
        ("{folder}/photo.png", "cutout", "is the picture itself"),
        ("{folder}/new.gif", "cutout", "must end in"),
        ("{folder}/new.jpg", "alpha", "must end in .png"),
        ("{folder}/new", "cutout", "must end in"),
    ],
)
def test_a_save_that_cannot_be(upper, photo, save, output, said):
    with pytest.raises(UserError, match=rf"--save=.*{said}"):
        predict(photo, output, save.format(folder=photo.parent))
    assert names(photo.parent) == ["photo.png"] and not upper  # said before the network is loaded


def test_many_pictures_into_one_file_are_refused(upper, photo, tmp_path):
    Image.open(photo).save(tmp_path / "other.png")
    (tmp_path / "file.jpg").write_bytes(b"mine")
    with pytest.raises(UserError, match="--save"):
        predict(f"{tmp_path}/*.png", save=str(tmp_path / "file.jpg"))
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        shutil.copy(photo, tmp_path / folder)
    with pytest.raises(UserError, match="would both become"):
        predict(f"{tmp_path}/[ab]/photo.png", save=str(tmp_path / "out"))


def test_a_real_network_runs_through(trained, photo):
    predict(photo, "mask", model=trained)
    assert Image.open(photo.parent / "photo_mask.png").size == (80, 60)


def test_the_usage_knows_every_output():
    import predict as script

    assert script.OPTIONS["--output"].names == tuple(OUTPUTS)
    assert all(f"{name}:" in script.__doc__ and ending in script.__doc__ for name, (ending, _) in OUTPUTS.items())


# ---------------------------------------------------------------- several classes


class Thirds:
    """A network that sees three classes from above to below."""

    def predict_on_batch(self, pictures):
        labels = np.arange(pictures.shape[1]) * 3 // pictures.shape[1]
        return np.broadcast_to(18 * np.eye(3, dtype=np.float32)[labels][:, None], (*pictures.shape[:3], 3))


@pytest.fixture
def thirds(monkeypatch):
    record = {"network_options": {"size": 64}, "class_names": ["pet", "surroundings", "border"], "figure": ["pet"]}
    monkeypatch.setattr(module, "load_network", lambda model: (Thirds(), record))


@pytest.mark.parametrize(
    ("classes", "rows"),
    [(None, (255, 0, 0)), (("border",), (0, 0, 255)), (("pet", "border"), (255, 0, 255))],
    ids=["the figure", "one", "two"],
)
def test_any_classes_make_the_figure(thirds, photo, classes, rows):
    predict(photo, "mask", classes=classes)
    mask = Image.open(photo.parent / "photo_mask.png")
    assert tuple(mask.getpixel((40, row)) for row in (6, 30, 54)) == rows


def test_the_index_has_the_numbers_of_the_classes_and_a_palette(thirds, photo):
    predict(photo, "index")
    with Image.open(photo.parent / "photo_index.png") as image:
        assert image.mode == "P" and image.size == (80, 60)
        assert [image.getpixel((40, row)) for row in (6, 30, 54)] == [0, 1, 2]
        assert len({image.convert("RGB").getpixel((40, row)) for row in (6, 30, 54)}) == 3


def test_a_mask_of_each_class_that_is_there(thirds, photo):
    predict(photo, "masks")
    assert names(photo.parent) == ["photo.png", *(f"photo_mask_{x}.png" for x in ("border", "pet", "surroundings"))]
    total = sum(np.asarray(Image.open(file)).astype(int) for file in photo.parent.glob("*_mask_*"))
    assert (total == 255).all()  # each pixel is of one class
    predict(photo.parent, "masks", classes=("pet",))  # and the masks are taken for no photos
    assert len(names(photo.parent)) == 4


def test_masks_of_each_class_are_done_when_all_of_them_are_there(thirds, photo, capsys):
    predict(photo.parent, "masks")
    predict(photo.parent, "masks")
    assert "1 of 1 are done already" in capsys.readouterr().out
    (photo.parent / "photo_mask_pet.png").unlink()
    predict(photo.parent, "masks")
    assert "done already" not in capsys.readouterr().out and len(names(photo.parent)) == 4


def test_the_overlay_of_several_classes_explains_itself(thirds, photo):
    predict(photo, "overlay")
    with Image.open(photo.parent / "photo_overlay.jpeg") as image:
        assert image.width == 80 and image.height > 75
        shades = [image.getpixel((40, row)) for row in (6, 30, 54)]
    assert len({tuple(value // 40 for value in shade) for shade in shades}) == 3
    predict(photo, "overlay", classes=("pet",))  # one figure, tinted
    assert Image.open(photo.parent / "photo_overlay.jpeg").size == (80, 60)


def test_what_was_written_is_listed(thirds, photo, capsys):
    predict(photo, "masks", classes=("pet", "border"))
    said = capsys.readouterr().out
    assert all(f"photo_mask_{name}.png" in said for name in ("pet", "border")) and "surroundings" not in said


def test_classes_that_are_not_in_the_picture_are_said(monkeypatch, photo, capsys):
    record = {"network_options": {"size": 64}, "class_names": ["pet", "surroundings", "border", "sky"]}

    class Fourths(Thirds):
        def predict_on_batch(self, pictures):
            return np.pad(super().predict_on_batch(pictures), ((0, 0), (0, 0), (0, 0), (0, 1)))

    monkeypatch.setattr(module, "load_network", lambda model: (Fourths(), record))
    predict(photo, "masks", classes=("sky",))
    assert names(photo.parent) == ["photo.png"]
    said = capsys.readouterr().out
    assert "photo.png: none of the classes found" in said and "wrote" not in said


def test_the_index_has_all_classes(thirds, photo):
    with pytest.raises(UserError, match="--classes=pet has no effect on --output=index"):
        predict(photo, "index", classes=("pet",))


def test_a_class_that_is_not_known_is_named(thirds, photo):
    with pytest.raises(UserError, match=r"--classes=dog is not a class; choose from pet, surroundings, border"):
        predict(photo, classes=("dog",))
    assert names(photo.parent) == ["photo.png"]


def test_one_class_has_an_index_too(upper, photo):
    predict(photo, "index")
    with Image.open(photo.parent / "photo_index.png") as image:
        assert image.getpixel((40, 8)) == 1 and image.getpixel((40, 52)) == 0


@pytest.mark.long
@pytest.mark.xdist_group("cluster")
@pytest.mark.parametrize("output", ["alpha", "masks"])
def test_the_workers_of_a_cluster_make_the_same_files(people, tmp_path, trained, output):
    pytest.importorskip("distributed")
    folder = tmp_path / "photos"
    shutil.copytree(people / "images", folder, ignore=lambda _, names: names[6:])
    for place, cluster in (("here", None), ("there", "local:2")):
        predict(folder, output, save=str(tmp_path / place), model=trained, cluster=cluster)
    made = {file.name: file.read_bytes() for file in (tmp_path / "here").iterdir()}
    assert len(made) >= 6 and made == {file.name: file.read_bytes() for file in (tmp_path / "there").iterdir()}
