"""A photo made ready to be painted, in part or whole, and what is painted put back into it."""

import math

import numpy as np
from PIL import Image

from pictures.images import LANCZOS, fit, resize, to_array, to_image
from studio.regions import box_around, clear, compose
from style.features import LEAST_SIDE
from utils import UserError


class Scene:
    """A photo, RGB or RGBA, what of it is kept, (H, W) in 0..1 or None, and the long side at which it is painted."""

    def __init__(self, picture, kept, side, feather=0, color="style"):
        self.photo, self.kept = picture if picture.mode == "RGB" else picture.convert("RGB"), kept
        self.feather, self.color = feather, color
        self.alpha = picture.getchannel("A") if picture.mode == "RGBA" else None
        least = math.ceil(LEAST_SIDE * max(picture.size) / min(picture.size))  # of a panorama, that it is no line
        small = fit(self.photo, min(max(side, least), max(picture.size)), LANCZOS)
        self.size, self.visible, self.box = small.size, None, (0, 0, *small.size)
        self.ground = to_array(small)
        hidden = self._hidden()
        if hidden is not None:
            if hidden.min() == 1:
                raise UserError("nothing of it is left to paint, all is kept or transparent; choose another photo")
            self.ground = clear(self.ground, hidden)
            left, top, right, bottom = self.box = box_around(1 - hidden)
            self.visible = 1 - hidden[top:bottom, left:right]

    def _hidden(self):
        """What is not painted, (h, w) in 0..1 at the size of painting: what is kept or transparent. None: nothing."""
        hidden = None if self.kept is None else resize(self.kept, self.size)
        if self.alpha is not None:
            clear = 1 - to_array(self.alpha.resize(self.size, Image.Resampling.BILINEAR))
            hidden = clear if hidden is None else np.maximum(hidden, clear)
        return hidden

    @property
    def subject(self):
        """What is to be painted, an RGB Pillow image: grey, where the photo's own colours are kept."""
        image = to_image(self.ground).crop(self.box)
        return image.convert("L").convert("RGB") if self.color == "content" else image

    def match(self, style):
        """A style, RGB Pillow image, as it is painted after: where colours are kept, grey and as light as the photo."""
        if self.color != "content":
            return style
        grey, own = to_array(style.convert("L")), to_array(self.subject.convert("L"))
        grey = (grey - grey.mean()) * own.std() / max(grey.std(), 1 / 255) + own.mean()
        return to_image(grey).convert("RGB")

    def start(self, picture):
        """Another picture of the same scene, RGB Pillow image, as the canvas shows it: (h, w, 3)."""
        return to_array(picture.resize(self.size, LANCZOS).crop(self.box))

    def finish(self, painted, side=None):
        """The whole picture, RGB or RGBA Pillow, of what was painted, (h, w, 3); at a long side or the photo's own."""
        left, top, right, bottom = self.box
        whole = self.ground.copy()
        whole[top:bottom, left:right] = np.clip(resize(painted, (right - left, bottom - top), LANCZOS), 0, 1)
        image = to_image(whole)
        if self.color == "content":
            image = _with_colours(image, to_image(self.ground))
        photo = self.photo if side is None else fit(self.photo, min(side, max(self.photo.size)), LANCZOS)
        image = image.resize(photo.size, LANCZOS)
        if self.kept is not None:
            feather = round(self.feather * photo.width / self.photo.width)
            image = compose(photo, image, resize(self.kept, photo.size), feather)
        if self.alpha is not None:
            image.putalpha(self.alpha.resize(photo.size, LANCZOS))
        return image


def _with_colours(image, photo):
    """The luminance of one RGB Pillow image with the colours of another of the same size."""
    channels = (image.convert("YCbCr").getchannel(0), *photo.convert("YCbCr").split()[1:])
    return Image.merge("YCbCr", channels).convert("RGB")
