"""Read and write pictures as arrays: orientation, colour, alpha, size, and the record inside a picture.

Arrays are RGB, float32, 0..1, of shape (H, W, 3); masks are (H, W), float32, 0..1, 1 = figure.
"""

import io
import json
import struct
import warnings
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageOps, PngImagePlugin

from files.reading import read_file
from files.whole import whole_file
from utils import UserError, shown

READABLE = ("JPEG", "PNG", "WEBP", "BMP", "TIFF")
LANCZOS = Image.Resampling.LANCZOS  # for pictures; masks must not overshoot and are resized bilinearly
UNREADABLE_EXIF = (SyntaxError, ValueError, KeyError, TypeError, OSError, OverflowError, struct.error)
STRIP = 256  # rows converted at a time; a copy of a 50-megapixel mask in floats takes 200 MB
MOST_PIXELS = 120_000_000  # twice what phones make; a larger picture is more likely a trap


# ---------------------------------------------------------------- in


def open_picture(source):
    """Read a picture as an upright 8-bit sRGB Pillow image: RGB, or RGBA if it has transparency."""
    return _to_srgb(load(source))


def load(source):
    """Read a file as an upright Pillow image in the file's own mode."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about sizes below our own limit, and about unreadable EXIF
            with Image.open(io.BytesIO(read_file(source)), formats=READABLE) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise Image.DecompressionBombError
                image.load()
                return _upright(image)
    except FileNotFoundError:
        raise UserError(f"{shown(source)} does not exist; check the path") from None
    except Image.DecompressionBombError:
        most = MOST_PIXELS // 10**6
        raise UserError(f"{shown(source)} has more than {most} million pixels; make it smaller") from None
    except MemoryError:  # one large picture must not end the work on a whole folder
        raise UserError(f"{shown(source)} takes more memory than is free; make it smaller, or leave it out") from None
    except (OSError, SyntaxError, ValueError, EOFError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "damaged, or not a picture"
        raise UserError(
            f"{shown(source)} cannot be read ({reason}); give a JPEG, PNG, WebP, BMP or TIFF file"
        ) from None


def _upright(image):
    """Apply the EXIF orientation if there is a readable one."""
    with suppress(*UNREADABLE_EXIF):
        ImageOps.exif_transpose(image, in_place=True)  # without a copy where nothing is to be turned
    return image


def _to_srgb(image):
    """Convert any Pillow image to 8-bit sRGB: RGB, or RGBA if it has transparency."""
    image = _to_8_bits(image)
    alpha = None
    if image.mode in ("LA", "PA", "La", "RGBA", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        alpha = image.getchannel("A")
    profile = image.info.get("icc_profile")
    picture = _apply_profile(image, profile) if profile else None
    picture = picture or image.convert("RGB")
    if alpha is not None:
        picture.putalpha(alpha)
    picture.info = {}
    return picture


def _to_8_bits(image):
    """Scale 16-bit, 32-bit and float grey down to 8-bit grey; leave other modes alone."""
    if image.mode not in ("I", "F") and not image.mode.startswith("I;16"):
        return image
    grey = np.nan_to_num(np.asarray(image).astype(np.float32))
    # Integers range over 0..65535. Floats may range over 0..1, 0..255 or 0..65535: take the smallest that fits.
    full = 65535.0 if image.mode != "F" else next((top for top in (1.0, 255.0) if grey.max() <= top), 65535.0)
    return Image.fromarray(np.uint8(np.clip(grey / full, 0, 1) * 255 + 0.5))


def _apply_profile(image, profile):
    """Convert an image with an ICC profile to sRGB; None if the profile is broken or meant for another mode."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(source):
            return None
        base = image.convert("RGB") if image.mode not in ("L", "CMYK") else image
        return ImageCms.profileToProfile(base, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def flatten(image):
    """Turn an RGB or RGBA Pillow image into RGB, with transparent parts over white."""
    if image.mode == "RGB":
        return image
    white = Image.new("RGB", image.size, "white")
    white.paste(image, mask=image.getchannel("A"))
    return white


def to_array(image):
    """Turn a Pillow image into float32 0..1: (H, W, 3) if it is RGB, (H, W) if it is grey."""
    array = np.array(image, np.float32)
    array /= 255  # in place, as a large photo takes much memory
    return array


def to_image(array):
    """Turn a float array in 0..1, (H, W, 3) or (H, W), into an 8-bit Pillow image."""
    levels = np.empty(array.shape, np.uint8)
    for top in range(0, len(array), STRIP):
        levels[top : top + STRIP] = np.clip(array[top : top + STRIP], 0, 1) * 255 + 0.5
    return Image.fromarray(levels)


# ---------------------------------------------------------------- size


def fitted_size(size, side):
    """The (width, height) of a picture of `size` scaled to the long side `side`, each at least 1."""
    scale = side / max(size)
    return tuple(max(1, round(length * scale)) for length in size)


def fit(image, side, resample=Image.Resampling.BILINEAR):
    """A Pillow image scaled, up or down, to the long side `side`."""
    size = fitted_size(image.size, side)
    return image if size == image.size else image.resize(size, resample, reducing_gap=None if resample == 0 else 3.0)


def resize(array, size, resample=Image.Resampling.BILINEAR):
    """Resize a float array (H, W) or (H, W, channels) to (width, height), averaging where it shrinks; float32.

    An array of that size already is returned as it is.
    """
    if array.shape[1::-1] == tuple(size):
        return np.asarray(array, np.float32)
    if array.ndim == 3:
        return np.stack([resize(array[..., plane], size, resample) for plane in range(array.shape[2])], axis=-1)
    return np.asarray(Image.fromarray(np.ascontiguousarray(array, np.float32)).resize(size, resample))


def pad_square(image, side):
    """Put a Pillow image of long side `side` into the middle of a black square, without distorting it."""
    square = Image.new(image.mode, (side, side))
    square.paste(image, pad_offset(image.size, side))
    return square


def pad_offset(size, side):
    """The (left, top) corner of a picture of `size` inside the square of `pad_square`."""
    return (side - size[0]) // 2, (side - size[1]) // 2


def box_sum(planes, radius):
    """Sums over the (2 radius + 1)-sided square around each pixel of (..., H, W), cut at the edges; float32.

    Sums of 2, 4, 8 ... neighbours make up those of the whole square, which takes fewer steps than the square has pixels
    and loses no digits to the large numbers of a running sum.
    """
    planes = np.asarray(planes, np.float32)
    for axis in (-1, -2):
        padding = [(0, 0)] * planes.ndim
        padding[axis] = (radius, radius)
        planes = _sum_along(np.pad(planes, padding), axis, 2 * radius + 1)
    return planes


def _sum_along(planes, axis, many):
    """Sums of so many neighbours along an axis, which becomes shorter by `many` - 1."""
    length = planes.shape[axis] - many + 1

    def part(begin, end):
        place = [slice(None)] * planes.ndim
        place[axis] = slice(begin, end)
        return tuple(place)

    total, start, block = 0, 0, planes  # a pixel of `block` is the sum of `width` neighbours
    for width in (1 << bit for bit in range(many.bit_length())):
        if many & width:
            total = total + block[part(start, start + length)]
            start += width
        if 2 * width <= many:
            block = block[part(None, -width)] + block[part(width, None)]
    return total


# ---------------------------------------------------------------- out


def write_picture(target, image, record=None):
    """Write a Pillow image whole or not at all, in the format of its ending, with the run's record inside."""
    target = Path(target)
    options = {"quality": 95} if target.suffix.lower() in (".jpg", ".jpeg", ".webp") else {}
    if record is not None:
        options |= _record_options(target, record)
    with whole_file(target) as temporary:
        image.save(temporary, **options)


def _record_options(target, record):
    """The arguments with which Pillow stores the record: as text in a PNG, as EXIF elsewhere, not at all in a BMP."""
    line = json.dumps(record)
    if target.suffix.lower() == ".png":
        info = PngImagePlugin.PngInfo()
        info.add_text("record", line)
        return {"pnginfo": info}
    if target.suffix.lower() == ".bmp":
        return {}
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = line
    return {"exif": exif}


def read_record(source):
    """The record that `write_picture` stored in a picture, or None."""
    with warnings.catch_warnings(), Image.open(source, formats=READABLE) as image:
        warnings.simplefilter("ignore")  # about unreadable EXIF
        try:
            return json.loads(image.info.get("record") or image.getexif().get(ExifTags.Base.ImageDescription))
        except (*UNREADABLE_EXIF, RecursionError):
            return None


def show_record(source):
    """Print the record in a picture, one line for each entry."""
    load(source)
    record = read_record(source)
    if not isinstance(record, dict):
        raise UserError(f"--show={shown(source)} holds no record; name a picture that this toolkit made")
    for name, value in record.items():
        print(f"{shown(name)}: {shown(value if isinstance(value, str) else json.dumps(value), 2000)}")
