"""Extra pictures around a painting: its evolution as an animation, panels side by side, and its parts."""

from PIL import Image, ImageDraw, ImageFont

from files.whole import whole_file
from pictures.images import fit, flatten, to_image

FRAMES = 40
FRAME_SIDE = 480  # px
FRAME_MS, LAST_FRAME_MS = 100, 2000
PANEL_HEIGHT = 480  # px
GAP = 12
LABEL_HEIGHT = 32


class Evolution:
    """An animation of a painting coming into being, with frames at regular intervals of steps."""

    def __init__(self, steps):
        """steps: the most steps that may come."""
        self.every = max(1, steps // FRAMES)
        self.frames = []

    def wants(self, step):
        """Whether a frame is due after this step."""
        return step % self.every == 0

    def add(self, picture):
        """Take a Pillow image as the next frame."""
        self.frames.append(flatten(picture))

    def write(self, target):
        """Write the animation, .gif or .webp, whole or not at all. It pauses on its last frame."""
        times = [FRAME_MS] * (len(self.frames) - 1) + [LAST_FRAME_MS]
        with whole_file(target) as temporary:
            self.frames[0].save(temporary, save_all=True, append_images=self.frames[1:], duration=times, loop=0)


def taken_apart(result, kept):
    """Split a painting by its kept part, (H, W) in 0..1: [kept, painted], each on black; their sum is the painting."""
    picture, mask = flatten(result), to_image(kept)
    black = Image.new("RGB", picture.size)
    return [Image.composite(picture, black, mask), Image.composite(black, picture, mask)]


def side_by_side(pictures, labels):
    """Put Pillow images side by side at the same height, with a label under each: an RGB Pillow image."""
    pictures = [flatten(picture) for picture in pictures]
    pictures = [fit(picture, _side(picture.size, PANEL_HEIGHT)) for picture in pictures]
    width = sum(picture.width for picture in pictures) + GAP * (len(pictures) + 1)
    sheet = Image.new("RGB", (width, PANEL_HEIGHT + 2 * GAP + LABEL_HEIGHT), "white")
    brush, left = ImageDraw.Draw(sheet), GAP
    for picture, label in zip(pictures, labels, strict=True):
        sheet.paste(picture, (left, GAP))
        middle = (left + picture.width // 2, PANEL_HEIGHT + GAP + LABEL_HEIGHT // 2)
        brush.text(middle, label, "black", ImageFont.load_default(20), anchor="mm")
        left += picture.width + GAP
    return sheet


def contact_sheet(pictures, labels, columns=4):
    """Put Pillow images into rows of so many, with a label under each: an RGB Pillow image."""
    starts = range(0, len(pictures), columns)
    rows = [side_by_side(pictures[first : first + columns], labels[first : first + columns]) for first in starts]
    sheet = Image.new("RGB", (max(row.width for row in rows), sum(row.height for row in rows)), "white")
    for number, row in enumerate(rows):
        sheet.paste(row, (0, number * row.height))
    return sheet


def _side(size, height):
    """The long side of a picture of `size` once it is scaled to a height."""
    return max(1, round(max(size) * height / size[1]))
