"""From a photo of any size to the soft mask of its figure at that size."""

import numpy as np
from PIL import Image

from images import box_sum, fit, pad_offset, pad_square, to_array

GUIDE_SIDE = 1024  # the edge is found at this long side and carried up: twice the side would take four times as long
STRIP = 256  # rows at a time at full resolution, so that 50 megapixels take little memory
EDGE = 2  # how many of the network's pixels the true edge may lie off its own
DECISION = 2.0  # a score of half of it either way decides: doubt belongs to the edge, not to a ghost of the background
CONTRAST = 1.5  # makes up for how the filter softens an edge
LEAST_PART = 0.001  # of the photo: a figure, or what is left of the photo beside it, is none if it is smaller
SMOOTHNESS = 1e-4  # the colour variance below which a difference is noise, not an edge


def find_masks(network, record, pictures, threshold=0.5):
    """The masks (H, W) float32, 0..1, of a list of RGB Pillow images of any sizes, each at its picture's size."""
    if not pictures:
        return []
    size = record["network_options"]["size"]
    small = [fit(picture, size) for picture in pictures]
    logits = network.predict_on_batch(np.stack([to_array(pad_square(image, size)) for image in small]))[..., 0]
    shift = np.log(threshold / (1 - threshold))  # so that the edge lies where the probability is the threshold
    masks = []
    for image, picture, scores in zip(small, pictures, np.asarray(logits, np.float32), strict=True):
        left, top = pad_offset(image.size, size)
        scores = scores[top : top + image.height, left : left + image.width]
        masks.append(refine(scores - shift, picture))
    return masks


def refine(scores, picture):
    """Turn a network's scores (h, w), logits, into the mask of its RGB picture, along the picture's own edges: (H, W).

    A guided filter (He et al.): around each pixel the mask is the best linear function of the colour. The function
    is found at GUIDE_SIDE and applied at full size (the fast variant), which is where the sharp edge comes from.
    """
    guide = to_array(fit(picture, min(GUIDE_SIDE, max(picture.size))))
    size = guide.shape[1::-1]
    coarse = np.asarray(Image.fromarray(np.float32(scores)).resize(size, Image.Resampling.BICUBIC)) / DECISION
    radius = max(1, round(EDGE * max(size) / max(scores.shape)))
    return _apply(_linear_functions(guide, np.clip(coarse + 0.5, 0, 1), radius), picture)


def _linear_functions(guide, mask, radius):
    """The (H, W, 4) of factors for red, green, blue and 1 that make the mask out of the guide around each pixel."""
    one, other = np.triu_indices(3)  # the six products of two colours, of which nine make a symmetric matrix
    mask = mask[..., None]
    planes = [guide, mask, guide * mask, guide[..., one] * guide[..., other]]
    count = box_sum(np.ones(guide.shape[:2]), radius)[..., None]
    colour, level, together, products = np.split(box_sum(np.concatenate(planes, axis=-1), radius) / count, [3, 4, 7], 2)
    spread = np.empty((*guide.shape, 3))
    spread[..., one, other] = spread[..., other, one] = products - colour[..., one] * colour[..., other]
    target = (together - colour * level)[..., None]
    factors = np.linalg.solve(spread + SMOOTHNESS * np.eye(3), target)[..., 0]
    offsets = level - (factors * colour).sum(axis=-1, keepdims=True)
    return (box_sum(np.concatenate([factors, offsets], axis=-1), radius) / count).astype(np.float32)


def _apply(functions, picture):
    """Enlarge the linear functions to the picture's size, strip by strip, and apply them to its colours."""
    planes = [Image.fromarray(np.ascontiguousarray(functions[..., plane])) for plane in range(4)]
    (width, height), scale = picture.size, functions.shape[0] / picture.height
    mask = np.empty((height, width), np.float32)
    for top in range(0, height, STRIP):
        bottom = min(top + STRIP, height)
        box = (0, top * scale, functions.shape[1], bottom * scale)
        *factors, offset = (
            np.asarray(plane.resize((width, bottom - top), Image.Resampling.BILINEAR, box=box)) for plane in planes
        )
        strip = to_array(picture.crop((0, top, width, bottom)))
        level = sum(factor * strip[..., channel] for channel, factor in enumerate(factors)) + offset
        mask[top:bottom] = np.clip((level - 0.5) * CONTRAST + 0.5, 0, 1)
    return mask
