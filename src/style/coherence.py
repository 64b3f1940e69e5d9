"""Let neighbours in a painting be neighbours in the style, so that its strokes come out whole (Ashikhmin, 2001)."""

import numpy as np

MOVES = ((0, 1), (0, -1), (1, 0), (-1, 0))  # (down, along): to the right, to the left, below, above
SWEEPS = 3  # through all positions


def beside(grids):
    """The keys next to each key, in the order of MOVES: (keys + 1, 4) int32, -1 where there is none.

    grids: where the keys lie in pictures, [(h, w) int], each with its own keys from 0 on and -1 elsewhere. The keys of
    a grid follow those of the grid before. The last row stands for no key.
    """
    tables, count = [], 0
    for grid in grids:
        table, padded = np.empty((grid.max() + 1, len(MOVES)), np.int32), np.pad(grid, 1, constant_values=-1)
        for move, (down, along) in enumerate(MOVES):
            table[grid[grid >= 0], move] = padded[1 + down :, 1 + along :][: grid.shape[0], : grid.shape[1]][grid >= 0]
        tables.append(np.where(table >= 0, table + count, -1))
        count += len(table)
    return np.concatenate([*tables, np.full((1, len(MOVES)), -1)]).astype(np.int32)


def coherent(choice, queries, compared, neighbours, bonus):
    """Choose again from what the choices of the neighbours suggest, where that resembles the photo nearly as much.

    choice: (h, w) int, a key for each position; -1: leave it out. queries: (h, w, numbers) and compared: (keys,
    numbers), whose products say how much they resemble each other. neighbours: of the keys, as `beside` gives them.
    bonus: what it is worth if a key continues that of one neighbour.
    """
    padded = np.pad(choice, 1, constant_values=-1)  # also a copy: positions of one colour change at a time
    black = np.add.outer(*map(np.arange, choice.shape)) % 2
    for sweep in range(2 * SWEEPS):
        rows, columns = np.nonzero((choice >= 0) & (black == sweep % 2))
        own = padded[rows + 1, columns + 1]
        suggested = [
            neighbours[padded[rows + 1 - down, columns + 1 - along], move] for move, (down, along) in enumerate(MOVES)
        ]
        keys = np.stack([own, *suggested])
        scores = np.einsum("nc,knc->kn", queries[rows, columns], compared[keys])
        scores += bonus * sum(keys == each for each in suggested)
        scores[keys < 0] = -np.inf
        padded[rows + 1, columns + 1] = keys[scores.argmax(axis=0), np.arange(len(rows))]
    return padded[1:-1, 1:-1]
