"""A visitor's photo: what is in it, its figure, and the strokes of the brush that mend the figure's mask."""

import numpy as np

from networks.hardware import check_photo
from pictures.images import fit, flatten, open_picture
from segmentation.masks import LEAST_PART, find_labels, find_masks, label_names
from webpage.mending import SIDE, as_url, mended, tinted


class Photo:
    """A photo in a file of its own."""

    def __init__(self, place, finder):
        """finder: the network that finds figures, and its record."""
        self.place, self.finder = place, finder
        self.picture = open_picture(place)
        check_photo(place, self.picture.width * self.picture.height, "painting")
        self.strokes, self.figures = None, {}  # RGBA Pillow image; {classes: mask (H, W) in 0..1}
        self.found, self.usual = self._classes()
        self.small = as_url(fit(flatten(self.picture), min(SIDE, max(self.picture.size))))

    def _classes(self):
        """The classes in the photo, and those among them that make up a figure unless told otherwise: their names."""
        network, record = self.finder
        names = label_names(record)
        (labels,) = find_labels(network, record, [fit(flatten(self.picture), SIDE // 2)])
        counts = np.bincount(labels.ravel(), minlength=len(names))
        found = [name for name, count in zip(names, counts, strict=True) if count > LEAST_PART * labels.size]
        found = [name for name in found if name != names[0]]
        return found, [name for name in found if name in record.get("figure", names)]

    def chosen(self, classes):
        """The classes to keep, of those that were found; None if they are the usual ones."""
        return None if set(classes) == set(self.usual) else tuple(name for name in self.found if name in classes)

    def figure(self, classes=None):
        """The mask of the figure that these classes make up, (H, W) in 0..1. classes: None for the usual ones."""
        if classes == ():
            return np.zeros(self.picture.size[::-1], np.float32)
        if classes not in self.figures:
            network, record = self.finder
            (self.figures[classes],) = find_masks(network, record, [flatten(self.picture)], classes=classes)
        return self.figures[classes]

    def mask(self, classes=None):
        """The mask of the figure as the brush has mended it, (H, W) in 0..1."""
        return mended(self.figure(classes), self.strokes) if self.strokes else self.figure(classes)

    def overlay(self, classes=None):
        """The photo with its figure tinted, as a data: URL."""
        return as_url(tinted(self.picture, self.figure(classes)))
