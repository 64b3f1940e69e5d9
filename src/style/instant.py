"""Paint without steps: match each position of a photo with a style, and let a decoder draw what was found."""

import numpy as np
from keras import ops

from networks.decoder import sketch_of
from pictures.images import LANCZOS, resize, to_array
from style.colours import match_colours
from style.matching import grid_size, pad
from style.objective import Objective
from style.palette import Palette
from style.styles import halvings, scaled

COARSEST = Objective.coarsest
PAINTED = {"content": 0.15, "balanced": 0.3, "style": 0.5}  # the share of the painting so far in what is searched for
BORDER = 3  # positions that are mirrored at each side, so that the decoder never sees the end of the picture


class Instant:
    """Paints photos in the style of some pictures, coarse to fine: at each scale it matches and draws once."""

    def __init__(self, encoder, decoder, styles, turns=True, colours=True):
        """encoder, decoder: as `features.instant` gives them; styles: a `Styles`. turns, colours: as in `Match`."""
        self.encoder, self.decoder, self.styles = encoder, decoder, styles
        self.turns, self.colours = turns, colours
        self.palettes = {}  # by side: the photos of a folder share them

    def paint(self, photo, visible=None, scene=None, scales=5, similarity="balanced"):
        """Paint an RGB Pillow image of the size to paint at: (H, W, 3), 0..1. The arguments are those of `Painter`."""
        scene, picture, painted = scene or max(photo.size), None, PAINTED[similarity]
        for side in halvings(scene, scales, COARSEST):
            size = scaled(photo.size, side / scene)
            small, seen = to_array(photo.resize(size, LANCZOS)), None if visible is None else resize(visible, size)
            query = small
            if picture is not None:
                query = (1 - painted) * small + painted * resize(picture, size)
            picture = self._draw(query, seen, self._palette(side))
        return match_colours(picture, visible, self._palette(scene).styles) if self.colours else picture

    def _palette(self, side):
        if side not in self.palettes:
            self.palettes[side] = Palette(self._see, self.styles.at(side), self.turns)
        return self.palettes[side]

    def _see(self, picture):
        """The features of a picture (H, W, 3)."""
        return self.encoder(pad(ops.convert_to_tensor(picture[None])))

    def _draw(self, picture, visible, palette):
        """Draw a picture (H, W, 3) with the palette's strokes: (H, W, 3), 0..1."""
        features = self._see(picture)
        height, width = grid_size(features)
        weights = None if visible is None else resize(visible, (width, height)).ravel()
        styles, places = palette.choose(features, weights)
        vectors, strokes = (
            np.pad(values.reshape(height, width, -1), [(BORDER, BORDER)] * 2 + [(0, 0)], mode="symmetric")[None]
            for values in (palette.take(name, styles, places) for name in ("vectors", "strokes"))
        )
        vectors, strokes = (ops.convert_to_tensor(np.float32(values)) for values in (vectors, strokes))
        drawn = self.decoder([vectors * vectors.shape[-1] ** 0.5, sketch_of(strokes)])
        drawn = ops.convert_to_numpy(drawn)[0]
        edge = 4 * BORDER
        return np.clip(drawn[edge : edge + picture.shape[0], edge : edge + picture.shape[1]], 0, 1)
