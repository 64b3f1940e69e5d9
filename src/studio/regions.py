"""Painting a part of a photo: what lies under the kept part, where to work, and how both are put together.

`kept` (H, W), 0..1, is 1 where the photo stays as it is. Pictures are (H, W, 3), 0..1, unless Pillow images are named.
"""

import numpy as np
from PIL import Image, ImageFilter

from pictures.images import fit, resize, to_array, to_image

MARGIN = 0.01  # of the long side: so close to the kept part nothing is taken for background, masks being a little off
CONTEXT = 32  # px around what is painted that the network sees besides
LEAST_BOX = 64  # px, the sides of the box at least, where the photo has them
COLOUR_SIDE = 1024  # the colours of the edge are found at this long side; they change slowly


def clear(picture, kept):
    """The picture without its kept part: what lies under and close to it continues what is around.

    What is painted there shows through soft edges, so it must know nothing of the figure: nothing bleeds over the edge.
    """
    return fill_in(picture, 1 - widen(kept, max(1, round(MARGIN * max(kept.shape)))))


def fill_in(picture, known):
    """Replace what is not `known` (H, W), 0..1, by the colours around it, the nearest first."""
    height, width = known.shape
    if height * width == 1:
        return picture
    half = ((width + 1) // 2, (height + 1) // 2)
    weight = resize(known, half, Image.Resampling.BOX)
    coarse = resize(picture * known[..., None], half, Image.Resampling.BOX) / np.maximum(weight, 1e-6)[..., None]
    below = resize(fill_in(coarse, np.minimum(2 * weight, 1)), (width, height))
    return below + known[..., None] * (picture - below)


def widen(mask, radius):
    """The largest value of a mask in the (2 radius + 1)-sided square around each pixel."""
    for axis in (0, 1):
        reach, padded = 0, np.pad(mask, [(radius, radius) if a == axis else (0, 0) for a in (0, 1)])
        while reach < 2 * radius:  # windows of twice the length each time
            shift = min(reach + 1, 2 * radius - reach)
            length = padded.shape[axis] - shift
            padded = np.maximum(padded.take(range(length), axis), padded.take(range(shift, shift + length), axis))
            reach += shift
        mask = padded
    return mask


def feathered(levels, pixels):
    """Let the kept part, (H, W) uint8, fade out over some pixels outside of it; where it was 255 it stays 255."""
    if not pixels:
        return levels
    radius = (pixels + 1) // 2
    return np.maximum(levels, Image.fromarray(widen(levels, radius)).filter(ImageFilter.BoxBlur(radius)))


def box_around(painted):
    """The box (left, top, right, bottom) to work in: what is painted of a mask (H, W), and some context."""
    rows, columns = (np.flatnonzero(painted.max(axis=axis) > 0) for axis in (1, 0))
    spans = []
    for found, length in ((columns, painted.shape[1]), (rows, painted.shape[0])):
        low, high = found[0] - CONTEXT, found[-1] + 1 + CONTEXT
        more = max(0, LEAST_BOX - (high - low)) // 2
        spans.append((int(max(0, low - more)), int(min(length, high + more))))
    (left, right), (top, bottom) = spans
    return left, top, right, bottom


def compose(photo, painting, kept, feather=0):
    """The kept part of a photo over a painting, both RGB Pillow images of one size; kept pixels stay to the bit.

    feather: over how many pixels it fades out. At a soft edge the photo mixes the figure with its old background, and
    beyond the edge it shows nothing else, so there the figure's colours are carried outwards.
    """
    levels = feathered(np.asarray(to_image(kept)), feather)
    result, pixels = np.array(painting), np.asarray(photo)
    result[levels == 255] = pixels[levels == 255]
    edge = (levels > 0) & (levels < 255)
    if edge.any():
        share = levels[edge][:, None] / 255
        mixed = share * kept_colours(photo, kept)[edge] + (1 - share) * result[edge]
        result[edge] = np.uint8(mixed + 0.5)
    return Image.fromarray(result)


def kept_colours(photo, kept):
    """The colours of the kept part of an RGB Pillow image, carried outwards: (H, W, 3) uint8."""
    small = fit(photo, min(COLOUR_SIDE, max(photo.size)))
    share = resize(kept, small.size)
    # The fourth power: what is kept for a half is a half of something else, and says little of the colour.
    colours = to_image(fill_in(to_array(small), share**4))
    return np.asarray(colours.resize(photo.size, Image.Resampling.BILINEAR))
