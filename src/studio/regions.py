"""Paint a part of a photo: fill what lies under the kept part, choose where to work, and put both parts together.

`kept` (H, W), 0..1, is 1 where the photo stays as it is. Pictures are (H, W, 3), 0..1, unless they are Pillow images.
"""

import numpy as np
from PIL import Image, ImageFilter

from pictures.images import fit, resize, to_array, to_image

MARGIN = 0.01  # of the long side; pixels this close to the kept part may belong to it, as masks are not exact
CONTEXT = 32  # px around the painted part that the network sees as well
LEAST_BOX = 64  # px; the shortest side of the box to work in, if the photo is that large
COLOUR_SIDE = 1024  # px; the long side at which the colours of the edge are found, since they change slowly


def clear(picture, kept):
    """Replace the kept part, and what lies close to it, by a continuation of what is around.

    The painting shows through the soft edges of the kept part. It must not contain the figure, or the figure would
    bleed over its edge.
    """
    return fill_in(picture, 1 - widen(kept, max(1, round(MARGIN * max(kept.shape)))))


def fill_in(picture, known):
    """Replace pixels that are not `known` (H, W), 0..1, by the colours around them; the nearest count most."""
    height, width = known.shape
    if height * width == 1:
        return picture
    half = ((width + 1) // 2, (height + 1) // 2)
    weight = resize(known, half, Image.Resampling.BOX)
    coarse = resize(picture * known[..., None], half, Image.Resampling.BOX) / np.maximum(weight, 1e-6)[..., None]
    below = resize(fill_in(coarse, np.minimum(2 * weight, 1)), (width, height))
    return below + known[..., None] * (picture - below)


def widen(mask, radius):
    """The largest value of a mask in the square with side 2 * radius + 1 around each pixel."""
    for axis in (0, 1):
        reach, padded = 0, np.pad(mask, [(radius, radius) if a == axis else (0, 0) for a in (0, 1)])
        while reach < 2 * radius:  # the window doubles in each round
            shift = min(reach + 1, 2 * radius - reach)
            length = padded.shape[axis] - shift
            padded = np.maximum(padded.take(range(length), axis), padded.take(range(shift, shift + length), axis))
            reach += shift
        mask = padded
    return mask


def feathered(levels, pixels):
    """Let the kept part, (H, W) uint8, fade out over some pixels beyond its edge; 255 stays 255."""
    if not pixels:
        return levels
    radius = (pixels + 1) // 2
    return np.maximum(levels, Image.fromarray(widen(levels, radius)).filter(ImageFilter.BoxBlur(radius)))


def box_around(painted):
    """The box (left, top, right, bottom) to work in: the painted part, (H, W), and some context around it."""
    rows, columns = (np.flatnonzero(painted.max(axis=axis) > 0) for axis in (1, 0))
    spans = []
    for found, length in ((columns, painted.shape[1]), (rows, painted.shape[0])):
        low, high = found[0] - CONTEXT, found[-1] + 1 + CONTEXT
        more = max(0, LEAST_BOX - (high - low)) // 2
        spans.append((int(max(0, low - more)), int(min(length, high + more))))
    (left, right), (top, bottom) = spans
    return left, top, right, bottom


def compose(photo, painting, kept, feather=0):
    """Put the kept part of a photo over a painting, both RGB Pillow images of the same size; kept pixels stay exact.

    feather: over how many pixels the kept part fades out. At a soft edge the photo mixes the figure with its old
    background, and beyond the edge it shows only background. So the figure's own colours are carried outwards.
    """
    levels = Image.fromarray(feathered(np.asarray(to_image(kept)), feather))
    result = Image.composite(kept_colours(photo, kept), painting, levels)
    result.paste(photo, mask=levels.point([0] * 255 + [255]))
    return result


def kept_colours(photo, kept):
    """The colours of the kept part of an RGB Pillow image, continued beyond its edge: an image of the same size."""
    small = fit(photo, min(COLOUR_SIDE, max(photo.size)))
    share = resize(kept, small.size)
    # The fourth power: a pixel that is half kept is half something else, and says little about the kept colour.
    colours = to_image(fill_in(to_array(small), share**4))
    return colours.resize(photo.size, Image.Resampling.BILINEAR)
