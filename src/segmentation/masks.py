"""Find the soft mask of a photo's figure, or the class of each pixel, at the photo's own size."""

import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import product

import numpy as np
from PIL import Image

from pictures.images import box_sum, fit, pad_offset, pad_square, resize, to_array
from segmentation.agreement import agree
from segmentation.layouts import LAYOUTS, indices, stored_layout
from segmentation.registry import at_size

GUIDE_SIDE = 1024  # px; the long side at which edges are found, before they are enlarged; cost grows with its square
TILE = 128  # px of the guide refined at a time
EDGE = 2  # how far, in pixels of the network, the true edge may lie from the one it found
DECISION = 2.0  # logits beyond half of this, either way, count as certain: only edges stay soft
MOST = 30.0  # a logit that stands for certainty
SMALL = 0.5  # of the photo's long side; the network looks again if the figure covers no more than such a square
SURE = 2.65  # a logit (93 %) that some pixel must reach, or the whole mask is ignored
CONTRAST = 1.5  # compensates for the filter's softening of edges
LEAST_PART = 0.001  # of the photo; a smaller figure, or a smaller background, counts as none
SMOOTHNESS = 1e-4  # a colour variance below this is noise, not an edge


def find_masks(network, record, pictures, threshold=0.5, classes=None):
    """Find the masks, (H, W) float32 0..1, of RGB Pillow images of any sizes, each at its picture's size.

    classes: the names of the classes that make up the figure; None: those that the record calls the figure.
    """
    shift = np.log(threshold / (1 - threshold))  # puts the edge where the probability equals the threshold
    labels = figure_labels(record, classes)
    guides = [_guide(picture) for picture in pictures]
    seen = guides if record["network_options"]["size"] <= GUIDE_SIDE else pictures
    found = [_of_figure(each, labels) for each in find_scores(network, record, seen)]
    _look_again(network, record, labels, seen, found)
    figures = [sure(each - shift) for each in found]
    return [refine(*each) for each in zip(figures, pictures, guides, strict=True)]


def find_labels(network, record, pictures):
    """Find each pixel's class, (H, W) uint8, in RGB Pillow images of any sizes; 1 is the figure of a single class."""
    if len(record.get("class_names", ["person"])) == 1:
        return [np.uint8(mask > 0.5) for mask in find_masks(network, record, pictures)]
    found = find_scores(network, record, pictures)
    return [_best_class(each, picture.size) for each, picture in zip(found, pictures, strict=True)]


def _look_again(network, record, labels, pictures, found):
    """Replace the figure's logits in `found`, [(h, w)], where it is small, by those of the record's second size."""
    small = [place for place, each in enumerate(found) if (each > 0).sum() ** 0.5 <= SMALL * max(each.shape)]
    if record.get("second_size") and small:
        again = find_scores(*at_size(network, record, record["second_size"]), [pictures[place] for place in small])
        for place, scores in zip(small, again, strict=True):
            found[place] = _of_figure(scores, labels)


def find_scores(network, record, pictures):
    """The network's logits for each picture, (h, w, classes) float32, at the size that the network sees."""
    if not pictures:
        return []
    size = record["network_options"]["size"]
    small = [fit(picture, size) for picture in pictures]
    logits = _scores_of(network, record, np.stack([to_array(pad_square(image, size)) for image in small]))
    places = [(*pad_offset(image.size, size), *image.size) for image in small]
    return [
        np.float32(each[top : top + height, left : left + width])
        for each, (left, top, width, height) in zip(logits, places, strict=True)
    ]


def _scores_of(network, record, batch):
    """The logits of a batch, averaged over the pictures and their mirror images.

    The mean weakens what the network sees in only one of the two. Networks trained without mirroring skip it.
    """
    if record.get("options", {}).get("augment") == "off":
        return np.asarray(network.predict_on_batch(batch))
    one, other = np.split(np.asarray(network.predict_on_batch(np.concatenate([batch, batch[:, :, ::-1]]))), 2)
    known = record.get("class_names", ())
    layout = stored_layout(record.get("data", {}).get("layout"), known) or LAYOUTS["people"]
    return (one + other[:, :, ::-1, layout.mirror[: one.shape[-1]]]) / 2


def label_names(record):
    """The names of the labels that `find_labels` gives."""
    known = record.get("class_names", ["person"])
    return list(known) if len(known) > 1 else ["background", *known]


def figure_labels(record, classes=None, option="--classes"):
    """The labels of the figure: those of the classes named, or of the classes that the record calls the figure."""
    known = record.get("class_names", ["person"])
    return indices(option, classes or record.get("figure", known), known)


def _of_figure(scores, labels):
    """The figure's logits (h, w) from those of all classes (h, w, classes): its classes together against the rest."""
    if scores.shape[-1] == 1:
        return scores[..., 0]
    of_figure = np.isin(np.arange(scores.shape[-1]), labels)
    if of_figure.all():
        return np.full(scores.shape[:2], MOST, np.float32)
    one, other = (np.logaddexp.reduce(scores[..., part], axis=-1) for part in (of_figure, ~of_figure))
    return np.clip(one - other, -MOST, MOST)


def sure(scores):
    """Ignore low-confidence masks, so that a cat is not mistaken for a person: logits (h, w) in, logits out."""
    return scores if scores.max() >= SURE else np.full_like(scores, -MOST)


def _best_class(scores, size):
    """The class with the highest score at another (width, height): (H, W) uint8. Class by class, to save memory.

    Only classes that win somewhere at the network's size are compared: a few of perhaps 151.
    """
    first, *others = np.unique(scores.argmax(axis=-1))
    best, label = resize(scores[..., first], size, Image.Resampling.BICUBIC), np.full(size[::-1], first, np.uint8)
    for each in others:
        level = resize(scores[..., each], size, Image.Resampling.BICUBIC)
        label[level > best] = each
        best = np.maximum(best, level)
    return label


def _guide(picture):
    """The copy of an RGB Pillow image in which its edges are found."""
    return fit(picture, min(GUIDE_SIDE, max(picture.size)))


def refine(scores, picture, guide=None):
    """Turn a network's logits (h, w) into a mask (H, W) that follows the edges of its RGB picture.

    Pixels of one colour agree first. Then a guided filter (He et al.): around each pixel, the mask is the linear
    function of the colour that fits best. The function is found in the guide, the picture at GUIDE_SIDE, and applied
    at full size (the fast variant), which makes the edge sharp.
    """
    guide = _guide(picture) if guide is None else guide
    scores = agree(scores, guide.resize(scores.shape[::-1], Image.Resampling.BILINEAR))
    coarse = np.clip(resize(scores, guide.size, Image.Resampling.BICUBIC) / DECISION + 0.5, 0, 1)
    radius = max(1, round(EDGE * max(guide.size) / max(scores.shape)))
    mask = np.empty((picture.height, picture.width), np.float32)
    fill = partial(_fill_tile, mask, picture, to_array(guide), coarse, radius)
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        list(threads.map(fill, product(range(0, guide.height, TILE), range(0, guide.width, TILE))))
    return mask


def _fill_tile(mask, picture, guide, coarse, radius, corner):
    """Fill the part of a mask (H, W) that belongs to the tile of the guide, (h, w, 3), at a corner (top, left).

    Where there is no edge nearby, nothing is to be refined: that saves most of the time.
    """
    (top, left), (height, width) = corner, coarse.shape
    bottom, right = min(top + TILE, height), min(left + TILE, width)
    reach = 2 * radius + 2  # two averages over the radius, and a neighbour for enlarging
    near = np.s_[max(0, top - reach) : bottom + reach, max(0, left - reach) : right + reach]
    box = _enlarged((left, top, right, bottom), picture.width / width, picture.height / height)
    if np.ptp(coarse[near]) == 0:
        level = coarse[top, left]
    else:
        functions = _linear_functions(guide[near], coarse[near], radius)
        level = _apply(functions, (near[1].start, near[0].start), picture, box, (width, height))
    mask[box[1] : box[3], box[0] : box[2]] = np.clip((level - 0.5) * CONTRAST + 0.5, 0, 1)


def _enlarged(box, across, down):
    """A box (left, top, right, bottom) in a picture that is so many times larger."""
    return tuple(round(each * factor) for each, factor in zip(box, (across, down) * 2, strict=True))


def _linear_functions(guide, mask, radius):
    """The factors of red, green, blue and 1, (4, H, W), that best give the mask around each pixel of the guide."""
    count = box_sum(np.ones(mask.shape), radius)

    def mean(planes):
        return box_sum(planes, radius) / count

    colours = np.moveaxis(guide, -1, 0)
    one, other = np.triu_indices(3)
    *colour, level = mean([*colours, mask])
    spread = mean(colours[one] * colours[other])
    for place, (first, second) in enumerate(zip(one, other, strict=True)):
        spread[place] += SMOOTHNESS * (first == second) - colour[first] * colour[second]
    target = mean(colours * mask) - np.stack(colour) * level
    factors = _solved(np.float64(spread), target)
    offset = level - sum(factor * plane for factor, plane in zip(factors, colour, strict=True))
    return mean([*factors, offset])


def _solved(matrix, target):
    """Solve the symmetric 3 x 3 systems of all pixels at once, with Cramer's rule: ten times as fast as LAPACK.

    matrix: (6, H, W), its upper half, row by row. target: (3, H, W). Returns three planes.
    """
    a, b, c, d, e, f = matrix
    # The rows of the matrix's adjugate, which is symmetric too.
    first = d * f - e * e, c * e - b * f, b * e - c * d
    second = first[1], a * f - c * c, b * c - a * e
    third = first[2], second[2], a * d - b * b
    whole = a * first[0] + b * first[1] + c * first[2]
    x, y, z = target
    return [(row[0] * x + row[1] * y + row[2] * z) / whole for row in (first, second, third)]


def _apply(functions, start, picture, box, size):
    """Apply linear functions to the colours in a box of the picture: the mask there, (rows, columns).

    functions: (4, h, w), the part that begins at `start`, (left, top), of those for a whole guide of `size`.
    """
    across, down = size[0] / picture.width, size[1] / picture.height
    left, top, right, bottom = box
    seen = left * across - start[0], top * down - start[1], right * across - start[0], bottom * down - start[1]
    shape = right - left, bottom - top
    *factors, offset = (
        np.asarray(Image.fromarray(plane).resize(shape, Image.Resampling.BILINEAR, box=seen)) for plane in functions
    )
    colours = to_array(picture.crop(box))
    return sum(factor * colours[..., channel] for channel, factor in enumerate(factors)) + offset
