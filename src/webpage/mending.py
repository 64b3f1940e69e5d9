"""Show the figure, and mend its mask with the strokes of a brush."""

import base64
import binascii
import io

import numpy as np
from PIL import Image

from pictures.images import fit, flatten, resize, to_array, to_image
from segmentation.prediction import TINT, overlay
from utils import UserError

SIDE = 1024  # px; the long side of pictures on the page
ERASED = (32, 96, 255)  # the colour of strokes that take away; those that add have the colour of the figure's tint
MOST_BYTES = 1 << 23  # of a picture of strokes
MIDDLE = (TINT[2] + ERASED[2]) / 2  # of blue: more of it takes away


def tinted(picture, mask):
    """A Pillow picture with its figure, (H, W) in 0..1, tinted, as large as the page shows it: RGB Pillow image."""
    small = fit(flatten(picture), min(SIDE, max(picture.size)))
    return overlay(small, to_image(resize(mask, small.size)))


def as_url(picture):
    """A Pillow image as a data: URL, which needs no file."""
    content = io.BytesIO()
    flatten(picture).save(content, "JPEG", quality=90)
    return "data:image/jpeg;base64," + base64.b64encode(content.getvalue()).decode()


def read_strokes(url):
    """The strokes that the browser sends as the data: URL of a PNG: an RGBA Pillow image; None if there are none."""
    if url == "":
        return None
    try:
        content = base64.b64decode(url.partition(",")[2][:MOST_BYTES], validate=True)
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            if max(image.size) > SIDE:
                raise ValueError("larger than any picture on the page")
            strokes = image.convert("RGBA")
    except (OSError, SyntaxError, ValueError, AttributeError, binascii.Error):
        raise UserError("the strokes of the brush cannot be read; reload the page") from None
    return strokes if strokes.getchannel("A").getbbox() else None


def mended(mask, strokes):
    """A mask (H, W) in 0..1 with strokes, RGBA Pillow image of the same shape, painted over it."""
    size = mask.shape[::-1]
    pixels = to_array(strokes)
    adds = np.float32(pixels[..., 2] * 255 < MIDDLE)
    opaque = resize(pixels[..., 3], size)
    added = resize(pixels[..., 3] * adds, size)
    return mask * (1 - opaque) + added
