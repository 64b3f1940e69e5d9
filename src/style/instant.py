"""Paint without steps: match each position of a photo with a style, and let a decoder draw what was found.

Large pictures are seen and drawn in tiles, whose borders are wide enough that the tiles do not show.
"""

from functools import cache

import numpy as np
from keras import ops

from networks.decoder import CELL, sketch_of
from networks.hardware import INSTANT_TILE
from pictures.images import LANCZOS, resize, to_array
from style.colours import colours_of, match_colours
from style.matching import STEP, pad, part_of
from style.objective import Objective
from style.palette import BLOCKS, Palette
from style.styles import ENLARGED, halvings, scaled
from style.windows import cut

COARSEST = Objective.coarsest
# By similarity: the share of the painting so far in what is searched for, and what coherence of the strokes is worth.
MIXES = {"content": (0.15, 0.02), "balanced": (0.3, 0.04), "style": (0.5, 0.12)}
FRAME = 4 * CELL  # px that are mirrored at each side, so that no network sees the end of the picture
KEPT = 2048  # px; for paintings up to this long side, what the styles offer is kept for the next photo, 80 MB a scale
SEEN, DRAWN = 96, 40  # px around a pixel that have an influence on its features, and on what the decoder draws


class Instant:
    """Paints photos in the style of some pictures, coarse to fine: at each scale it matches and draws once."""

    def __init__(self, encoder, decoder, styles, turns=True, colours=True):
        """encoder, decoder: as `features.instant` gives them; styles: a `Styles`. turns, colours: as in `Match`."""
        self.encoder, self.decoder, self.styles = encoder, decoder, styles
        self.turns, self.colours = turns, colours
        self.palettes = {}  # by side: the photos of a folder share them
        self.goal = cache(lambda side: colours_of(styles.at(side, ENLARGED)))

    def paint(self, photo, visible=None, scene=None, scales=5, similarity="balanced"):
        """Paint an RGB Pillow image of the size to paint at: (H, W, 3), 0..1. The arguments are those of `Painter`."""
        scene, picture, (painted, bonus) = scene or max(photo.size), None, MIXES[similarity]
        for side in halvings(scene, scales, COARSEST):
            size = scaled(photo.size, side / scene)
            seen = None if visible is None else _framed(resize(visible, size))
            palette = self._palette(side, keep=scene <= KEPT)
            query, picture = _framed(_mix(photo, picture, size, painted)), None  # large ones take much memory
            grids = self._choose(query, seen, palette, bonus)
            del query
            picture = self._draw(*grids, palette)
            picture = picture[FRAME:, FRAME:][: size[1], : size[0]]
        if self.colours:
            match_colours(picture, visible, self.goal(scene), out=picture)
        return picture

    def _palette(self, side, keep):
        """What the styles offer for a painting with this long side: a `Palette`. keep: whether others will need it."""
        palette = self.palettes.get(side) or Palette(self._see, self.styles.at(side, ENLARGED), self.turns, BLOCKS)
        if keep:
            self.palettes[side] = palette
        return palette

    def _see(self, picture):
        """The features of a picture (H, W, 3)."""
        return self.encoder.predict_on_batch(ops.convert_to_numpy(pad(picture[None])))

    def _choose(self, picture, visible, palette, bonus):
        """For each position of a framed picture (H, W, 3) the style and its key: (h, w) and (h, w) int."""
        height, width, _ = picture.shape
        counts = None if visible is None else resize(visible, (width // CELL, height // CELL))
        tiles = cut(height, width, INSTANT_TILE, SEEN, STEP)
        found = palette.choose(_Seen(self._see, picture, counts, tiles), bonus)
        grids, first = np.empty((2, height // CELL, width // CELL), np.int32), 0
        for tile in tiles:
            cells = grids[(slice(None), *tile.core.cells(CELL))]
            last = first + cells[0].size
            cells[:] = [values[first:last].reshape(cells.shape[1:]) for values in found]
            first = last
        return grids

    def _draw(self, styles, places, palette):
        """Draw the chosen strokes of a palette, whose styles and keys are (h, w) int: (4 h, 4 w, 3), 0..1."""
        picture = np.empty((*(CELL * length for length in places.shape), 3), np.float32)
        for tile in cut(*picture.shape[:2], INSTANT_TILE, DRAWN, CELL):
            cells = tile.window.cells(CELL)
            drawn = self._strokes(styles[cells], places[cells], palette)
            picture[tile.core.cells()] = np.clip(drawn[tile.inner.cells()], 0, 1)
        return picture

    def _strokes(self, styles, places, palette):
        """What the decoder draws of some strokes, as `_draw`."""
        vectors, strokes = (
            ops.cast(palette.take(name, styles.ravel(), places.ravel()).reshape(1, *places.shape, -1), "float32")
            for name in ("vectors", "strokes")
        )
        return self.decoder.predict_on_batch([vectors * vectors.shape[-1] ** 0.5, sketch_of(strokes)])[0]


def _mix(photo, picture, size, share):
    """The photo at some (width, height), with a share of the painting so far, (h, w, 3) or None: (H, W, 3)."""
    mixed = to_array(photo.resize(size, LANCZOS))
    for plane in range(3 if picture is not None else 0):  # one after the other, to save memory
        mixed[..., plane] *= 1 - share
        mixed[..., plane] += share * resize(picture[..., plane], size)
    return mixed


def _framed(picture):
    """A picture (H, W) or (H, W, 3) with a mirrored frame, which makes its sides multiples of STEP."""
    frame = [(FRAME, FRAME + -length % STEP) for length in picture.shape[:2]]
    return np.pad(picture, frame + [(0, 0)] * (picture.ndim - 2), mode="symmetric")


class _Seen:
    """The features of a picture's tiles and how much their positions count: [(features, (n,) or None)], each seen anew.

    The features of a single tile are kept, which takes less time than seeing it again.
    """

    def __init__(self, see, picture, counts, tiles):
        self.see, self.picture, self.counts, self.tiles = see, picture, counts, tiles
        self.kept = [self._part(tiles[0])] if len(tiles) == 1 else None

    def __iter__(self):
        return iter(self.kept or map(self._part, self.tiles))

    def _part(self, tile):
        features = part_of(self.see(self.picture[tile.window.cells()]), *tile.inner.cells(CELL))
        return features, None if self.counts is None else self.counts[tile.core.cells(CELL)].ravel()
