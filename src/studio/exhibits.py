"""What is shown of a painting besides itself: how it came into being, and what it was made of."""

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
    """The frames of an animation, taken at even distances of a number of steps."""

    def __init__(self, steps):
        self.every = max(1, steps // FRAMES)
        self.frames = []

    def wants(self, step):
        """Whether a frame is due after this step."""
        return step % self.every == 0

    def add(self, picture):
        """Take a Pillow image as the next frame."""
        self.frames.append(flatten(picture))

    def write(self, target):
        """Write the animation, .gif or .webp, whole or not at all; it rests on its last frame."""
        times = [FRAME_MS] * (len(self.frames) - 1) + [LAST_FRAME_MS]
        with whole_file(target) as temporary:
            self.frames[0].save(temporary, save_all=True, append_images=self.frames[1:], duration=times, loop=0)


def taken_apart(result, kept):
    """What a painting with a kept part, (H, W) in 0..1, is the sum of: [the kept part, the painted part], on black."""
    picture, mask = flatten(result), to_image(kept)
    black = Image.new("RGB", picture.size)
    return [Image.composite(picture, black, mask), Image.composite(black, picture, mask)]


def side_by_side(pictures, labels):
    """Pillow images side by side at one height, with a label under each: an RGB Pillow image."""
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


def _side(size, height):
    """The long side of a picture of `size` that is scaled to a height."""
    return max(1, round(max(size) * height / size[1]))
