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
    picture = Image.new("RGB", (WIDTH, HEIGHT), shade(colours.mean(axis=(0, 1))))
    brush = ImageDraw.Draw(picture)
    for width, length, count, variety in layers:
        for _ in range(count):
            stroke(brush, colours, angles, width, length, variety, random)
    return picture


def stroke(brush, colours, angles, width, length, variety, random):
    """One stroke from a random place along the angles, in lines of slightly different lightness as bristles leave."""
    x, y = random.uniform(-length, (WIDTH + length, HEIGHT + length))  # some begin outside, so that no edge stays bare
    colour = at(colours, x, y) + random.normal(0, variety, 3) * 0.5 + random.normal(0, variety)
    points = []
    for _ in range(max(4, int(length * random.uniform(0.6, 1.3)) // 4)):
        points.append((x, y))
        angle = at(angles, x, y)
        x, y = x + 4 * np.cos(angle), y + 4 * np.sin(angle)
    bristles = max(1, width // 2)
    for bristle in range(bristles):
        aside = (bristle - (bristles - 1) / 2) * width / bristles
        light = random.normal(0, 0.05) + 0.06 * (bristle == 0) - 0.1 * (bristle == bristles - 1)
        first, last = random.integers(0, 2, 2)  # bristles do not all touch down and lift off together
        line = [(x - aside * np.sin(angle), y + aside * np.cos(angle)) for x, y in points[first : len(points) - last]]
        brush.line(line, shade(colour + light), max(2, width // bristles + 1), joint="curve")


def at(raster, x, y):
    """The value of a raster (H, W, ...) at a place, or that of the nearest place inside."""
    return raster[int(np.clip(y, 0, HEIGHT - 1)), int(np.clip(x, 0, WIDTH - 1))]


def shade(colour):
    """A colour in 0..1 as Pillow takes it."""
    return tuple(int(255 * part) for part in np.clip(colour, 0, 1))


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
    horizon = 0.36
    above, below, globes = np.zeros_like(X), np.zeros_like(X), np.zeros_like(X)
    for step in range(6):
        far = 0.62**step
        for x in (0.5 - 0.4 * far, 0.5 + 0.4 * far):
            y = horizon - 0.22 * far
            above += glow(x, y, 0.11 * far + 0.012)
            globes = np.maximum(globes, np.exp(-((np.hypot(X - x, Y - y) / (0.028 * far + 0.004)) ** 2)))
            below += glow(x, 2 * horizon - y + 0.05 * far, 0.045 * far + 0.008, 4.0)
    leaves = mix((0.04, 0.1, 0.3), (0.06, 0.4, 0.42), 0.5 + 0.8 * noise(random, 11))
    leaves = mix(leaves, (0.86, 0.24, 0.08), 1.3 * above + 0.5 * noise(random, 18) - 0.25)
    leaves = mix(leaves, (1.0, 0.66, 0.12), 1.5 * above + 0.4 * noise(random, 26) - 0.75)
    gap = np.exp(-(((X - 0.5) / (0.04 + 0.5 * np.clip(horizon - Y, 0, 1))) ** 2))
    leaves = mix(leaves, mix((0.1, 0.16, 0.45), (0.62, 0.5, 0.66), Y / horizon), 0.85 * gap)
    street = mix((0.06, 0.1, 0.33), (0.3, 0.24, 0.55), 0.5 + 0.7 * noise(random, 12))
    street = mix(street, (0.88, 0.34, 0.1), 1.6 * below + 0.35 * noise(random, 20) - 0.15)
    street = mix(street, (1.0, 0.85, 0.4), 1.5 * below**1.6 + 0.3 * noise(random, 30) - 0.15)
    under = horizon < Y
    colours = np.where(under[..., None], street, mix(leaves, (1.0, 0.95, 0.75), 1.3 * globes))
    for x, width in ((0.478, 0.017), (0.508, 0.014)):
        colours[(np.abs(X - x) < width) & (np.abs(Y - 0.46) < 0.075)] = (0.05, 0.04, 0.09)
    colours[(np.hypot(X - 0.492, (Y - 0.395) * 1.4) < 0.07) & (Y < 0.397)] = (0.8, 0.08, 0.12)
    angles = np.where(under, np.pi / 2 + 0.35 * noise(random, 14), 1.3 * noise(random, 9) + 0.8)
    return colours, angles, ((24, 40, 1300, 0.03), (13, 28, 4200, 0.04), (6, 16, 12000, 0.05))


if __name__ == "__main__":
    main()
