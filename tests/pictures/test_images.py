import io
import os
import struct
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

from files import reading
from pictures.images import (
    STRIP,
    box_sum,
    fit,
    fitted_size,
    flatten,
    load,
    open_picture,
    pad_offset,
    pad_square,
    read_record,
    to_array,
    to_image,
    write_picture,
)
from pictures.provenance import planned
from utils import PICTURES, UserError

# Four corners of four colours: every turn and mirror of them differs.
CORNERS = np.uint8([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 255]]])


def corners(side=16):
    return Image.fromarray(CORNERS).resize((2 * side, side), Image.Resampling.NEAREST)


@pytest.mark.parametrize("ending", PICTURES)
def test_every_format_comes_back(tmp_path, ending):
    picture = corners()
    write_picture(tmp_path / f"a{ending}", picture, {"seed": 3})
    back = open_picture(tmp_path / f"a{ending}")
    assert back.mode == "RGB" and back.size == picture.size
    assert np.abs(to_array(back)[::15, ::31] - CORNERS / 255).max() < 0.2
    if ending != ".bmp":
        assert read_record(tmp_path / f"a{ending}") == {"seed": 3}


def test_the_ending_need_not_tell_the_truth(tmp_path):
    corners().save(tmp_path / "a.png", "JPEG")
    assert open_picture(tmp_path / "a.png").size == (32, 16)


# What a camera held that way stores, by EXIF orientation: undone by the Pillow operation beside it.
TURNS = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a, -1),
}


@pytest.mark.parametrize("orientation", TURNS)
def test_pictures_come_in_upright(tmp_path, orientation):
    upright = np.asarray(corners())
    stored = Image.fromarray(np.ascontiguousarray(TURNS[orientation](upright)))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    stored.save(tmp_path / "a.png", exif=exif)
    back = open_picture(tmp_path / "a.png")
    assert (np.asarray(back) == upright).all()
    write_picture(tmp_path / "b.png", back)
    assert (np.asarray(open_picture(tmp_path / "b.png")) == upright).all()  # not turned twice


def test_broken_exif_is_ignored(tmp_path):
    corners().save(tmp_path / "a.jpg", exif=b"Exif\0\0II*\0\xff\xff\xff\xff garbage")
    assert open_picture(tmp_path / "a.jpg").size == (32, 16)


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "RGB"])
def test_modes_without_alpha(tmp_path, mode):
    corners().convert("L").convert("RGB").convert(mode).save(tmp_path / "a.tif")
    back = np.asarray(open_picture(tmp_path / "a.tif"), int)
    grey = np.asarray(corners().convert("L").convert("RGB").convert(mode).convert("RGB"), int)
    assert back.shape == (16, 32, 3) and np.abs(back - grey).max() <= 2


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("ending", ["png", "tif"])
def test_modes_with_alpha(tmp_path, mode, ending):
    picture = corners().convert("RGBA")
    picture.putalpha(Image.new("L", picture.size, 0))
    picture.convert(mode).save(tmp_path / f"a.{ending}")
    back = open_picture(tmp_path / f"a.{ending}")
    assert back.mode == "RGBA" and np.asarray(back)[..., 3].max() == 0
    assert np.asarray(flatten(back)).min() == 255  # transparent means white


def test_a_palette_with_a_transparent_entry(tmp_path):
    picture = Image.new("P", (8, 8), 1)
    picture.putpalette([0, 0, 0, 200, 100, 50])
    picture.save(tmp_path / "a.png", transparency=1)
    assert open_picture(tmp_path / "a.png").getpixel((0, 0)) == (200, 100, 50, 0)


def test_sixteen_bits_keep_their_brightness(tmp_path):
    ramp = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    for name in ("a.png", "a.tif"):
        Image.fromarray(ramp).save(tmp_path / name)
        back = np.asarray(open_picture(tmp_path / name))[..., 0].astype(int).ravel()
        assert np.abs(back - np.arange(256)).max() <= 1


@pytest.mark.parametrize("top", [1.0, 255.0, 65535.0])
def test_float_pictures_keep_their_brightness(tmp_path, top):
    Image.fromarray(np.linspace(0, top, 256, dtype=np.float32).reshape(16, 16)).save(tmp_path / "a.tif")
    assert np.abs(np.asarray(open_picture(tmp_path / "a.tif"))[..., 0].ravel() - np.arange(256.0)).max() <= 1


def test_colour_profiles_are_converted_to_srgb(tmp_path):
    lab = ImageCms.createProfile("LAB")
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # An RGB profile with red and blue exchanged: the same file with two of its tags' names exchanged.
    swapped = srgb.replace(b"rXYZ", b"tmpX").replace(b"bXYZ", b"rXYZ").replace(b"tmpX", b"bXYZ")
    swapped = swapped.replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be")).replace(b"sRGB", b"swap")
    Image.new("RGB", (4, 4), (255, 0, 0)).save(tmp_path / "a.png", icc_profile=swapped)
    red, _, blue = open_picture(tmp_path / "a.png").getpixel((0, 0))
    assert blue > 200 > red
    for broken in (b"garbage", swapped[:200], ImageCms.ImageCmsProfile(lab).tobytes()):
        Image.new("RGB", (4, 4), (255, 0, 0)).save(tmp_path / "b.png", icc_profile=broken)
        assert open_picture(tmp_path / "b.png").getpixel((0, 0)) == (255, 0, 0)


@pytest.mark.parametrize("content", [b"", b"text, not a picture", b"\xff\xd8\xff\xe0 cut", b"RIFF\x10\0\0\0WEBPVP8 "])
def test_what_is_no_picture_is_named(tmp_path, content):
    (tmp_path / "bad.jpg").write_bytes(content)
    with pytest.raises(UserError, match=r"bad\.jpg cannot be read"):
        open_picture(tmp_path / "bad.jpg")


def test_a_truncated_picture_is_named(tmp_path):
    whole = io.BytesIO()
    Image.effect_noise((64, 64), 90).convert("RGB").save(whole, "JPEG")
    (tmp_path / "cut.jpg").write_bytes(whole.getvalue()[: len(whole.getvalue()) // 2])
    with pytest.raises(UserError, match=r"cut\.jpg"):
        open_picture(tmp_path / "cut.jpg")


def test_paths_that_are_no_files(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        open_picture(tmp_path / "none.jpg")
    (tmp_path / "folder.jpg").mkdir()
    with pytest.raises(UserError, match=r"directory|denied"):
        open_picture(tmp_path / "folder.jpg")


@pytest.mark.parametrize("side", [11_000, 60_000])
def test_a_bomb_is_refused_before_it_is_decoded(tmp_path, side):
    header = b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + struct.pack("<IiiHHIIiiII", 40, side, side, 1, 24, *[0] * 6)
    (tmp_path / "bomb.bmp").write_bytes(header)
    with pytest.raises(UserError, match="120 million"):
        open_picture(tmp_path / "bomb.bmp")


def test_arrays_and_images_round_trip():
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert (np.asarray(to_image(to_array(Image.fromarray(levels)))) == levels).all()
    assert to_array(Image.fromarray(levels)).dtype == np.float32
    assert (np.asarray(to_image(np.array([[-1.0, 2.0]]))) == [[0, 255]]).all()


@pytest.mark.parametrize("size", [(640, 480), (480, 640), (1000, 1), (1, 1), (320, 320)])
def test_fitting_and_padding_keep_the_shape(size):
    picture = Image.new("RGB", size, "white")
    square = pad_square(fit(picture, 320), 320)
    assert square.size == (320, 320)
    (width, height), (left, top) = fitted_size(size, 320), pad_offset(fitted_size(size, 320), 320)
    assert max(width, height) == 320
    assert min(size) == 1 or abs(width / height - size[0] / size[1]) < 0.01
    inside = np.zeros((320, 320), bool)
    inside[top : top + height, left : left + width] = True
    assert (np.asarray(square)[..., 0] > 0).tolist() == inside.tolist()


@pytest.mark.parametrize("radius", [0, 1, 3, 50])
def test_box_sum_against_a_plain_loop(radius):
    array = np.random.default_rng(0).random((9, 7))
    sums = box_sum(array, radius)
    for y in range(9):
        for x in range(7):
            box = array[max(0, y - radius) : y + radius + 1, max(0, x - radius) : x + radius + 1]
            assert np.allclose(sums[y, x], box.sum())


def test_box_sums_of_several_planes_are_those_of_each():
    planes = np.random.default_rng(1).random((3, 8, 11))
    assert np.array_equal(box_sum(planes, 2), np.stack([box_sum(plane, 2) for plane in planes]))


def test_a_picture_of_more_rows_than_a_strip_is_converted_whole():
    levels = np.linspace(-0.1, 1.1, 2 * STRIP + 7, dtype=np.float32)[:, None]
    found = np.asarray(to_image(np.repeat(levels, 3, axis=1)))
    assert (found == np.uint8(np.clip(levels, 0, 1) * 255 + 0.5)).all()


def test_a_record_in_garbage_is_none_and_no_warning(tmp_path):
    for number, garbage in enumerate((b"Exif\0\0II*\0\x08\0\0\0\xff\xff", b"MM\0*", b"Exif\0\0" + bytes(range(256)))):
        target = tmp_path / f"{number}.webp"
        Image.new("RGB", (8, 8)).save(target, exif=garbage)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert read_record(target) is None and load(target).size == (8, 8)


def test_a_photo_is_read_once_for_its_checksum_and_its_pixels(tmp_path, monkeypatch):
    """Also when styles, masks and networks are read for the same plan."""
    names = ["photo.png", "style1.png", "style2.png", "mask.png", "network.bin"]
    for name in names:
        Image.new("RGB", (8, 8), (len(name), 0, 0)).save(tmp_path / name, "PNG")
    photo, *styles, mask, network = (tmp_path / name for name in names)
    opened, open_file = [], reading.open_file
    monkeypatch.setattr(reading, "open_file", lambda source: opened.append(Path(source).name) or open_file(source))
    planned("stylize.py", {}, {"content": photo, "mask": mask, "style": styles, "model": network}, paths=False)
    assert open_picture(photo).size == open_picture(mask).size == (8, 8)
    assert sorted(opened) == sorted(names)


def test_a_photo_that_changes_is_read_again(tmp_path):
    for colour in ("red", "lime"):
        Image.new("RGB", (8, 8), colour).save(tmp_path / "photo.png")
        os.utime(tmp_path / "photo.png", ns=(0, len(colour)))
        assert open_picture(tmp_path / "photo.png").getpixel((0, 0)) == Image.new("RGB", (1, 1), colour).getpixel(
            (0, 0)
        )
