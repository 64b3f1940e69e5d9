"""Paint styles/whirls.jpg, wheat.jpg and rain.jpg: each a scene laid on in brush strokes.

A scene is a raster of colours and one of directions; strokes follow both, broad ones first.
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

PLACE = Path(__file__).parent / "styles"
WIDTH, HEIGHT = 896, 672
Y, X = np.mgrid[0:HEIGHT, 0:WIDTH] / WIDTH  # 0..1 across, 0..0.75 down
LOW = HEIGHT / WIDTH


def main():
    for name, scene in {"whirls": whirls, "wheat": wheat, "rain": rain}.items():
        random = np.random.default_rng(7)
        colours, angles, layers = scene(random)
        paint(colours, angles, layers, random).save(PLACE / f"{name}.jpg", quality=90)


# ---------------------------------------------------------------- the brush


def paint(colours, angles, layers, random):
    """Lay colours (H, W, 3), 0..1, on along angles (H, W); layers: (width, length, how many, how much colours vary)."""
    picture = Image.fromarray(
        np.uint8(np.clip(colours.mean(axis=(0, 1)), 0, 1) * 255)[None, None].repeat(HEIGHT, 0).repeat(WIDTH, 1)
    )
    brush = ImageDraw.Draw(picture)
    for width, length, count, variety in layers:
        for _ in range(count):
            stroke(brush, colours, angles, width, length, variety, random)
    return picture


def stroke(brush, colours, angles, width, length, variety, random):
    """One stroke from a random place along the angles, in lines of slightly different lightness as bristles leave."""
    x, y = random.random(2) * (WIDTH, HEIGHT)
    colour = colours[int(y), int(x)] + random.normal(0, variety, 3) * 0.5 + random.normal(0, variety)
    points = []
    for _ in range(max(2, int(length * random.uniform(0.6, 1.3)) // 4)):
        points.append((x, y))
        angle = angles[int(np.clip(y, 0, HEIGHT - 1)), int(np.clip(x, 0, WIDTH - 1))]
        x, y = x + 4 * np.cos(angle), y + 4 * np.sin(angle)
    across = np.array((-np.sin(angle), np.cos(angle)))
    bristles = max(1, width // 2)
    for bristle in range(bristles):
        aside = across * (bristle - (bristles - 1) / 2) * width / bristles
        light = random.normal(0, 0.05) + 0.06 * (bristle == 0) - 0.1 * (bristle == bristles - 1)
        shade = tuple(int(255 * part) for part in np.clip(colour + light, 0, 1))
        cut = random.integers(0, 2, 2)  # bristles do not all touch down and lift off together
        line = points[cut[0] : len(points) - cut[1]] if len(points) > 3 else points
        brush.line(
            [(px + aside[0], py + aside[1]) for px, py in line], shade, max(2, width // bristles + 1), joint="curve"
        )


# ---------------------------------------------------------------- what scenes are made of


def noise(random, cells):
    """A smooth random raster (H, W) about 0, with so many hills across."""
    small = random.normal(size=(max(2, round(cells * LOW)) + 1, cells + 1)).astype(np.float32)
    return np.asarray(Image.fromarray(small).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC))


def mix(one, other, share):
    """Two colours, or rasters of them, mixed: (H, W, 3) by a share (H, W), 0..1, of the other."""
    share = np.clip(share, 0, 1)[..., None]
    return np.asarray(one) * (1 - share) + np.asarray(other) * share


def glow(x, y, radius, stretch=1.0):
    """Light around a place, 1 there and falling to 0: (H, W)."""
    return np.exp(-np.hypot(X - x, (Y - y) / stretch) / radius)


# ---------------------------------------------------------------- the scenes


def whirls(random):
    """Stars of yellow light whirling through a night in blue and green."""
    light, along, across = np.zeros_like(X), 0.15 * np.cos(0.5 * np.sin(6 * X)), 0.15 * np.sin(0.5 * np.sin(6 * X))
    for x, y, radius in ((0.24, 0.2, 0.1), (0.7, 0.16, 0.08), (0.58, 0.47, 0.13), (0.14, 0.58, 0.08), (0.9, 0.6, 0.07)):
        away = np.hypot(X - x, Y - y)
        pull = np.exp(-away / radius) / (away + 0.02)
        along, across = along - (Y - y) * pull, across + (X - x) * pull
        light = np.maximum(
            light, np.exp(-((away / (0.6 * radius)) ** 2)) + 0.35 * np.exp(-((away / radius - 1.3) ** 2) * 18)
        )
    night = mix((0.07, 0.14, 0.42), (0.1, 0.42, 0.55), 0.5 + 0.45 * np.sin(7 * Y + 2 * X) + 0.25 * noise(random, 6))
    colours = mix(night, (0.98, 0.83, 0.3), light)
    return colours, np.arctan2(across, along), ((22, 70, 1600, 0.07), (12, 56, 4200, 0.08), (6, 40, 6500, 0.09))


def wheat(random):
    """A field of wheat under a summer sky, in dabs of thin colour."""
    horizon = 0.31 + 0.012 * np.sin(5 * X)
    sky = mix((0.42, 0.66, 0.88), (0.99, 0.9, 0.74), Y / 0.34)
    sky = mix(sky, (1.0, 0.97, 0.93), 1.4 * (noise(random, 6) + 0.5 * noise(random, 14)) - 0.2)
    depth = np.clip(Y - horizon, 0.002, None)
    rows = np.sin((X - 0.55) / (depth + 0.06) * 9 + 0.6 * noise(random, 5))
    field = mix((0.93, 0.76, 0.33), (0.76, 0.53, 0.16), 0.5 + 0.5 * rows)
    field = mix(field, (0.55, 0.62, 0.26), 0.8 * noise(random, 9) - 0.35)
    field = mix(field, (0.99, 0.91, 0.62), 0.9 - 9 * depth)
    poppies = (noise(random, 60) > 1.75) & (depth > 0.05) & (noise(random, 5) > -0.2)
    field[poppies] = (0.85, 0.2, 0.13)
    ground = horizon < Y
    colours = np.where(ground[..., None], field, sky)
    hills = (horizon - 0.035 - 0.03 * np.sin(9 * X + 1) ** 2 < Y) & ~ground
    colours[hills] = (0.47, 0.58, 0.62)
    angles = np.where(ground, -1.35 + 0.5 * (X - 0.5) + 0.28 * noise(random, 7), 0.25 * noise(random, 5))
    return colours, angles, ((20, 40, 1500, 0.03), (11, 30, 4500, 0.045), (5, 22, 11000, 0.06))


def rain(random):
    """A wet street at night between lamps and autumn trees, laid on with a knife."""
    horizon, lamps = 0.36, []
    for step in range(6):
        far = 0.62**step
        lamps += [
            (0.5 - 0.42 * far, horizon - 0.24 * far, 0.07 * far),
            (0.5 + 0.42 * far, horizon - 0.24 * far, 0.07 * far),
        ]
    above, below = np.zeros_like(X), np.zeros_like(X)
    for x, y, radius in lamps:
        above = above + glow(x, y, radius)
        below = below + glow(x, 2 * horizon - y, 0.5 * radius, 5.0)
    leaves = mix((0.05, 0.09, 0.28), (0.78, 0.28, 0.1), 0.45 * noise(random, 16) + 0.75 * np.minimum(above, 1))
    leaves = mix(leaves, (0.1, 0.42, 0.4), 0.8 * noise(random, 10) - 0.25)
    gap = np.exp(-(((X - 0.5) / (0.05 + 0.55 * np.clip(horizon - Y, 0, 1))) ** 2))
    leaves = mix(leaves, mix((0.12, 0.2, 0.5), (0.55, 0.45, 0.62), 1 - Y / horizon), 0.9 * gap)
    street = mix((0.07, 0.11, 0.3), (0.3, 0.24, 0.5), 0.5 + 0.6 * noise(random, 12))
    street = mix(street, (0.9, 0.42, 0.16), 0.9 * below + 0.25 * noise(random, 20) - 0.05)
    colours = np.where((horizon < Y)[..., None], street, leaves)
    colours = mix(colours, (1.0, 0.86, 0.45), np.where(horizon < Y, 0.9 * below**1.5, above**1.3))
    couple = (np.abs(X - 0.47) < 0.022) & (np.abs(Y - 0.45) < 0.07)
    umbrella = (np.hypot(X - 0.47, (Y - 0.385) * 1.3) < 0.065) & (Y < 0.39)
    colours[couple], colours[umbrella] = (0.06, 0.05, 0.1), (0.75, 0.1, 0.14)
    angles = np.where(horizon < Y, np.pi / 2 + 0.5 * noise(random, 14), 1.2 * noise(random, 12) + 0.8)
    return colours, angles, ((24, 44, 1300, 0.05), (13, 32, 4200, 0.06), (7, 20, 9000, 0.07))


if __name__ == "__main__":
    main()
