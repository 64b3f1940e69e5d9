"""Prepare a photo to be painted, whole or in part, and put the painting back into it."""

import math

import numpy as np
from PIL import Image

from pictures.images import LANCZOS, fit, resize, to_array, to_image
from studio.regions import box_around, clear, compose
from style.features import LEAST_SIDE
from utils import UserError


class Scene:
    """A photo at its own size and at the size of painting, and the part of it that is kept."""

    def __init__(self, picture, kept, side, feather=0, color="style"):
        """picture: RGB or RGBA Pillow image. kept: (H, W) in 0..1, or None. side: the long side while painting."""
        self.photo, self.kept = picture if picture.mode == "RGB" else picture.convert("RGB"), kept
        self.feather, self.color = feather, color
        self.alpha = picture.getchannel("A") if picture.mode == "RGBA" else None
        least = math.ceil(LEAST_SIDE * max(picture.size) / min(picture.size))  # a panorama must not become a line
        small = fit(self.photo, min(max(side, least), max(picture.size)), LANCZOS)
        self.size, self.visible, self.box = small.size, None, (0, 0, *small.size)
        self.ground = small  # RGB Pillow image, as a float array of a large photo takes four times the memory
        hidden = self._hidden()
        if hidden is not None:
            if hidden.min() == 1:
                raise UserError("all of it is kept or transparent, and nothing is left to paint; choose another photo")
            self.ground = to_image(clear(to_array(small), hidden))
            left, top, right, bottom = self.box = box_around(1 - hidden)
            self.visible = 1 - hidden[top:bottom, left:right]

    def _hidden(self):
        """The part that is not painted, kept or transparent: (h, w) in 0..1 at the size of painting, or None."""
        hidden = None if self.kept is None else resize(self.kept, self.size)
        if self.alpha is not None:
            clear = 1 - to_array(self.alpha.resize(self.size, Image.Resampling.BILINEAR))
            hidden = clear if hidden is None else np.maximum(hidden, clear)
        return hidden

    @property
    def subject(self):
        """The part to paint, an RGB Pillow image; in grey if the photo keeps its own colours."""
        image = self.ground.crop(self.box)
        return image.convert("L").convert("RGB") if self.color == "content" else image

    def match(self, style):
        """Prepare a style, RGB Pillow image: if the photo keeps its colours, in grey and as bright as the photo."""
        if self.color != "content":
            return style
        grey, own = to_array(style.convert("L")), to_array(self.subject.convert("L"))
        grey = (grey - grey.mean()) * own.std() / max(grey.std(), 1 / 255) + own.mean()
        return to_image(grey).convert("RGB")

    def start(self, picture):
        """Another picture of the same scene, RGB Pillow image, as a first state of the canvas: (h, w, 3)."""
        return to_array(picture.resize(self.size, LANCZOS).crop(self.box))

    def finish(self, painted, side=None):
        """Put a painted part, (h, w, 3), back into the photo: RGB or RGBA Pillow, at the photo's size or at `side`."""
        left, top, right, bottom = self.box
        image = self.ground.copy()
        image.paste(to_image(resize(painted, (right - left, bottom - top), LANCZOS)), (left, top))
        if self.color == "content":
            image = _with_colours(image, self.ground)
        photo = self.photo if side is None else fit(self.photo, min(side, max(self.photo.size)), LANCZOS)
        image = image.resize(photo.size, LANCZOS)
        if self.kept is not None:
            feather = round(self.feather * photo.width / self.photo.width)
            image = compose(photo, image, resize(self.kept, photo.size), feather)
        if self.alpha is not None:
            image.putalpha(self.alpha.resize(photo.size, LANCZOS))
        return image


def _with_colours(image, photo):
    """Combine the luminance of one RGB Pillow image with the colours of another of the same size."""
    channels = (image.convert("YCbCr").getchannel(0), *photo.convert("YCbCr").split()[1:])
    return Image.merge("YCbCr", channels).convert("RGB")
