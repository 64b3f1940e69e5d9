"""Draw strokes.jpg, a picture to take the style of: brush strokes that follow whirls, broad ones first."""

import colorsys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

SIDE = 768
WHIRLS = ((0.25, 0.3, 0.16), (0.72, 0.22, 0.12), (0.6, 0.62, 0.2), (0.15, 0.8, 0.12))  # x, y, radius
LAYERS = ((26, 1500, 60), (13, 5000, 44), (6, 9000, 30))  # width of the strokes, how many, how long


def main():
    random = np.random.default_rng(1)
    picture = Image.new("RGB", (SIDE, SIDE), (24, 40, 92))
    brush = ImageDraw.Draw(picture)
    for width, count, length in LAYERS:
        for _ in range(count):
            stroke(brush, random, width, length)
    picture.save(Path(__file__).with_name("strokes.jpg"), quality=92)


def stroke(brush, random, width, length):
    """One stroke from a random place along the whirls, a dark line beside a bright one as bristles leave them."""
    x, y = random.random(2) * SIDE
    points = [(x, y)]
    for _ in range(length // 4):
        angle = direction(x / SIDE, y / SIDE)
        x, y = x + 4 * np.cos(angle), y + 4 * np.sin(angle)
        points.append((x, y))
    red, green, blue = colour(random, points[0][0] / SIDE, points[0][1] / SIDE)
    brush.line(points, (red // 2, green // 2, blue // 2), width, joint="curve")
    brush.line([(x - width // 5, y - width // 5) for x, y in points], (red, green, blue), width * 3 // 4, joint="curve")


def direction(x, y):
    """Where strokes go at a place in 0..1: round the whirls near them, and in waves elsewhere."""
    angle, weight = 0.5 * np.sin(6 * x + 3 * y), 0.15
    along = np.array([np.cos(angle), np.sin(angle)]) * weight
    for across, down, radius in WHIRLS:
        away = np.array([x - across, y - down])
        along += np.array([-away[1], away[0]]) / (np.hypot(*away) + 0.02) * np.exp(-np.hypot(*away) / radius)
    return np.arctan2(along[1], along[0])


def colour(random, x, y):
    """Yellow in the whirls, blues and greens around them."""
    near = max(np.exp(-((np.hypot(x - across, y - down) / (0.7 * radius)) ** 2)) for across, down, radius in WHIRLS)
    hue = 0.12 if random.random() < near else 0.6 - 0.14 * random.random() - 0.06 * np.sin(7 * y)
    value = np.clip(0.45 + 0.5 * near + random.normal(0, 0.13), 0.15, 1)
    return tuple(int(255 * part) for part in colorsys.hsv_to_rgb(hue, random.uniform(0.45, 0.85), value))


if __name__ == "__main__":
    main()
