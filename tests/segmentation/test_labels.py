import numpy as np
import pytest
from PIL import Image

from segmentation.labels import WrongLabels, read_labels, read_mask, refuse_numbers
from segmentation.layouts import LAYOUTS, VOID
from utils import UserError

FIGURE = np.zeros((12, 16), np.uint8)
FIGURE[3:9, 4:12] = 1


def palette_mask(figure):
    image = Image.new("P", figure.shape[::-1])
    image.putdata((figure * 15).ravel().tolist())
    image.putpalette([0, 0, 0] + [value for index in range(1, 16) for value in (index * 8, 64, 100)])
    return image


def reversed_palette(figure):
    image = Image.new("P", figure.shape[::-1])
    image.putdata((1 - figure).ravel().tolist())
    image.putpalette([255, 255, 255, 0, 0, 0])
    return image


def cut_out(figure):
    image = Image.new("RGBA", figure.shape[::-1], (200, 30, 90, 255))
    image.putalpha(Image.fromarray(figure * 255))
    return image


MASKS = {
    "0/1": lambda f: Image.fromarray(f),
    "0/255": lambda f: Image.fromarray(f * 255),
    "0/128": lambda f: Image.fromarray(f * 128),
    "one bit": lambda f: Image.fromarray(f * 255).convert("1"),
    "16 bits": lambda f: Image.fromarray(f.astype(np.uint16) * 65535),
    "16 bits, 0/1": lambda f: Image.fromarray(f.astype(np.uint16)),
    "RGB grey": lambda f: Image.fromarray(f * 255).convert("RGB"),
    "RGB grey, 0/1": lambda f: Image.fromarray(f).convert("RGB"),
    "palette of classes": palette_mask,
    "reversed palette": reversed_palette,
    "cut-out": cut_out,
    "grey palette": lambda f: Image.fromarray(f * 255).convert("P"),
}


@pytest.mark.parametrize("kind", MASKS)
@pytest.mark.parametrize("figure", [FIGURE, FIGURE * 0, FIGURE * 0 + 1], ids=["some", "none", "all"])
def test_masks_of_every_kind_are_read_right(tmp_path, kind, figure):
    MASKS[kind](figure).save(tmp_path / "mask.png")
    mask = read_mask(tmp_path / "mask.png")
    assert mask.mode == "L" and (np.asarray(mask) == figure * 255).all()


def test_a_jpeg_mask_is_read_without_its_ringing(tmp_path):
    figure = np.zeros((64, 64), np.uint8)
    figure[16:48, 16:48] = 255
    Image.fromarray(figure).convert("RGB").save(tmp_path / "mask.jpg", quality=75)
    assert (np.asarray(read_mask(tmp_path / "mask.jpg")) == figure).mean() > 0.999


# ---------------------------------------------------------------- numbers and colours of several classes

NAMES = ("ground", "road", "tree")
COLOURS = {(0, 0, 0): 0, (128, 64, 128): 1, (0, 200, 0): 2}
PLAIN = LAYOUTS["classes"].with_classes(NAMES)
PAINTED = LAYOUTS["classes"].with_classes(NAMES, COLOURS)
LABELS = np.uint8([[0, 1, 2, VOID], [2, 2, 0, 1]])


def in_colours(labels, void=(255, 255, 255)):
    """Labels painted in COLOURS: (H, W, 3) uint8."""
    table = {label: colour for colour, label in COLOURS.items()} | {VOID: void}
    return np.uint8([[table[label] for label in row] for row in labels.tolist()])


def palette(labels, colours):
    image = Image.fromarray(labels).convert("P")
    image.putpalette([part for number in range(256) for part in colours.get(number, (7, 7, 7))])
    return image


def as_numbers(labels):
    return Image.fromarray(labels)


LABELLED = {
    "grey": (PLAIN, as_numbers),
    "16 bits": (PLAIN, lambda labels: Image.fromarray(labels.astype(np.uint16))),
    "the same in three channels": (PLAIN, lambda labels: Image.fromarray(labels).convert("RGB")),
    "palette of any colours": (PLAIN, lambda labels: palette(labels, {1: (9, 200, 7), 2: (90, 2, 77)})),
    "grey, with colours listed": (PAINTED, as_numbers),
    "colours": (PAINTED, lambda labels: Image.fromarray(in_colours(labels))),
    "colours with transparency": (PAINTED, lambda labels: Image.fromarray(in_colours(labels)).convert("RGBA")),
    "palette of the colours": (
        PAINTED,
        lambda labels: palette(
            np.uint8(np.where(labels == VOID, VOID, 2 - labels)),  # numbered the other way round: only colours tell
            {2: (0, 0, 0), 1: (128, 64, 128), 0: (0, 200, 0), VOID: (224, 224, 192)},
        ),
    ),
}


@pytest.mark.parametrize("kind", LABELLED)
def test_labels_of_every_kind_are_read_right(tmp_path, kind):
    layout, draw = LABELLED[kind]
    draw(LABELS).save(tmp_path / "a.png")
    labels = read_labels(tmp_path / "a.png", layout)
    assert labels.dtype == np.uint8 and (labels == LABELS).all()


def test_black_and_white_may_be_the_colours_of_classes(tmp_path):
    layout = LAYOUTS["classes"].with_classes(("out", "in"), {(0, 0, 0): 0, (255, 255, 255): 1})
    Image.fromarray(FIGURE * 255).save(tmp_path / "a.png")
    assert (read_labels(tmp_path / "a.png", layout) == FIGURE).all()


@pytest.mark.parametrize(
    ("layout", "mask", "name", "words"),
    [
        (PLAIN, Image.new("L", (4, 4), 3), "a.png", r"labels outside 0 to 2, such as 3; name it in classes\.txt"),
        (PLAIN, Image.new("RGB", (4, 4), (1, 2, 3)), "a.png", r"holds colours; add those .* as in: road 128 64 128"),
        (PAINTED, Image.new("RGB", (4, 4), (1, 2, 3)), "a.png", r"the colour 1 2 3, which classes\.txt does not list"),
        (PLAIN, Image.new("L", (4, 4), 1), "a.jpg", r"a\.jpg is a JPEG, which blurs labels"),
    ],
)
def test_labels_that_are_none_of_the_classes_are_named(tmp_path, layout, mask, name, words):
    mask.save(tmp_path / name)
    with pytest.raises(WrongLabels, match=words):
        read_labels(tmp_path / name, layout)


# ---------------------------------------------------------------- numbers that pass for empty masks


def saved(folder, *masks):
    files = [folder / f"{number}.png" for number in range(len(masks))]
    for mask, file in zip(masks, files, strict=True):
        Image.fromarray(np.asarray(mask)).save(file)
    return files


@pytest.mark.parametrize(
    ("values", "found"),
    [((0, 1, 2), "0, 1, 2"), ((0, 1, VOID), "0, 1, 255"), ((3,), "3"), ((0, 5, 100, 150), "0, 5, 100, 150")],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_numbers_of_classes_do_not_pass_for_masks(tmp_path, values, found, dtype):
    files = saved(tmp_path, *(np.full((8, 8), value, dtype) for value in values))
    with pytest.raises(UserError, match=rf"--data=.*: its masks hold the numbers of classes, {found}; .*classes\.txt"):
        refuse_numbers("--data", tmp_path, files)


def test_masks_of_figures_do_not_pass_for_numbers(tmp_path):
    for masks in (
        [FIGURE, FIGURE * 0],
        [FIGURE * 255, FIGURE * 0 + 255],
        [np.uint16(FIGURE) * 65535],
        [np.uint8(np.linspace(0, 255, 64).reshape(8, 8))],  # a soft edge
        [np.uint8([[0, 0, 128, 255]])],
        [np.uint8([[0] * 50 + [20] * 3 + [240] + [255] * 30])],  # hair: more dark greys than bright ones
        [np.uint8([[3] + [255] * 200])],  # a stray pixel
    ):
        refuse_numbers("--data", tmp_path, saved(tmp_path, *masks))
    palette_mask(FIGURE).save(tmp_path / "0.png")  # coloured: all but black is figure
    (tmp_path / "1.png").write_bytes(b"broken")
    refuse_numbers("--data", tmp_path, [tmp_path / "0.png", tmp_path / "1.png"])
    refuse_numbers("--data", tmp_path, [])


@pytest.mark.parametrize(("layout", "name", "number"), [(LAYOUTS["voc"], "person", 15), (PAINTED, "tree", 2)])
def test_a_palette_of_the_only_known_class_is_read_as_numbers(tmp_path, layout, name, number):
    layout = layout.only([name], rest=254)
    labels = np.where(FIGURE, number, 0).astype(np.uint8)
    labels[0] = VOID
    for used, expected in ((labels, np.where(labels, labels, 254)), (FIGURE, np.where(FIGURE, number, 254))):
        image = Image.fromarray(used).convert("P")
        image.putpalette([0, 0, 0] + [value for index in range(1, 256) for value in (index, 64, 100)])
        image.save(tmp_path / "mask.png")
        refuse_numbers("--partial", tmp_path, [tmp_path / "mask.png"])
        np.testing.assert_array_equal(read_labels(tmp_path / "mask.png", layout), expected)


def test_a_palette_with_colours_of_which_only_dark_ones_are_used_does_not_pass_for_numbers(tmp_path):
    image = Image.fromarray(np.where(FIGURE, 1, 0).astype(np.uint8)).convert("P")
    image.putpalette([0, 0, 0, 30, 30, 35, 200, 40, 40])
    image.save(tmp_path / "mask.png")
    refuse_numbers("--data", tmp_path, [tmp_path / "mask.png"])
