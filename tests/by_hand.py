"""The vectors of matching, computed by loops in NumPy."""

import numpy as np

from style.matching import LAYERS, grid_size


def vectors_by_hand(features, factors):
    """The vectors of all positions of some features: (positions, numbers)."""
    height, width = grid_size(features)
    rows = []
    for row in range(height):
        for column in range(width):
            parts = []
            for layer, (cells, _) in LAYERS.items():
                values = np.asarray(features[layer])[0]
                if cells >= 1:
                    cells = int(cells)
                    part = values[row * cells : (row + 1) * cells, column * cells : (column + 1) * cells]
                    part = part.mean(axis=(0, 1))
                else:
                    part = values[row // 2, column // 2]
                parts.append(part * factors[layer])
            rows.append(np.concatenate(parts))
    return np.float32(rows)
