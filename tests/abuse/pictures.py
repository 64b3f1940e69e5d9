"""Damaged and odd pictures, and other files with the names of pictures."""

import io
import os
import struct
import zlib
from functools import cache

import numpy as np
from PIL import Image, ImageCms

SIZE = 48, 40
ALL = (".jpg", ".png", ".webp", ".bmp", ".tif")
DEEP, SEVERAL, TAGGED = (".png", ".tif"), (".png", ".webp", ".tif"), (".jpg", ".png", ".webp", ".tif")
FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP", ".bmp": "BMP", ".tif": "TIFF"}
FORMATS |= {".tiff": "TIFF", ".gif": "GIF"}


@cache
def drawn(mode="RGB", size=SIZE):
    """A picture of a mode: a bright figure before a dark ground."""
    rows, columns = np.indices(size[::-1])
    image = np.stack([rows * 3 % 256, columns * 5 % 256, (rows + columns) * 2 % 256], -1)
    image[size[1] // 3 :, size[0] // 3 : size[0] // 2 + 1] = 230, 180, 120
    return Image.fromarray(np.uint8(image)).convert(mode)


def saved(image, ending, **more):
    """The bytes of a file of that ending."""
    content = io.BytesIO()
    image.save(content, FORMATS[ending], **more)
    return content.getvalue()


@cache
def sound(ending):
    """The bytes of a good file of that ending."""
    return saved(drawn(), ending)


# ---------------------------------------------------------------- damaged


def cut(random, ending):
    return sound(ending)[: random.randrange(1, len(sound(ending)))]


def cut_at_the_end(random, ending):
    return sound(ending)[: -random.randrange(1, 40)]


def flipped(random, ending):
    content = bytearray(sound(ending))
    for _ in range(random.choice([1, 1, 2, 8, 64])):
        # Where the header is, most of all: the pixels may be anything.
        place = random.randrange(min(len(content), random.choice([64, 512, len(content)])))
        content[place] ^= 1 << random.randrange(8)
    return bytes(content)


def empty(random, ending):
    return b""


def noise(random, ending):
    return random.randbytes(random.choice([1, 16, 3000]))


def head_and_noise(random, ending):
    return sound(ending)[: random.choice([4, 16, 40])] + random.randbytes(600)


def text(random, ending):
    return random.choice(
        [b"this is no picture\n" * 9, b"<svg/>", b"\xff\xd8\xff", b"II*\0", "ünicode".encode("utf-16")]
    )


def other_format(random, ending):
    return sound(random.choice([each for each in ALL if each != ending]))


def gif(random, ending):
    return saved(drawn("P"), ".gif")


# ---------------------------------------------------------------- odd


def dot(random, ending):
    return saved(drawn(size=(1, 1)), ending)


def line(random, ending):
    return saved(drawn(size=random.choice([(20000, 3), (3, 20000), (2000, 1), (1, 3000)])), ending)


def png_bomb(random, ending):
    """A header that claims 3.6 gigapixels."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    size = random.choice([(60000, 60000), (2**31 - 1, 2**31 - 1), (12000, 12000), (0, 5)])
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(9))) + chunk(b"IEND", b"")


def bmp_bomb(random, ending):
    content = bytearray(sound(".bmp"))
    content[18:26] = struct.pack("<ii", *random.choice([(60000, 60000), (-5, -5), (2**31 - 1, 1), (0, 0)]))
    return bytes(content)


def text_bomb(random, ending):
    """A PNG whose comment unpacks to 100 MB."""
    content = sound(".png")
    comment = b"zTXt" + b"a\0\0" + zlib.compress(bytes(10**8), 9)
    return (
        content[:33]
        + struct.pack(">I", len(comment) - 4)
        + comment
        + struct.pack(">I", zlib.crc32(comment))
        + content[33:]
    )


def turned(random, ending):
    exif = Image.Exif()
    exif[0x0112] = random.choice([*range(9), random.randrange(256), 65535])
    return saved(drawn(), ending, exif=exif)


def garbage_exif(random, ending):
    start = random.choice([b"Exif\0\0MM\0*\0\0\0\x08", b"Exif\0\0II*\0\x08\0\0\0\xff\xff", b"Exif\0\0", b"MM\0*", b""])
    return saved(drawn(), ending, exif=start + random.randbytes(random.choice([0, 7, 200, 5000])))


def odd_orientation(random, ending):
    """An orientation that is a word, a fraction, or many."""
    exif = Image.Exif()
    exif[0x0112] = random.choice(["six", (6, 6, 6), 6.5, -6, b"\6"])
    try:
        return saved(drawn(), ending, exif=exif)
    except (ValueError, TypeError, struct.error):  # Pillow does not write all of them
        return turned(random, ending)


def garbage_profile(random, ending):
    good = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    profile = random.choice([b"x", random.randbytes(300), good[:200], good[:128] + random.randbytes(400), good])
    return saved(drawn(), ending, icc_profile=profile)


def odd_mode(random, ending):
    modes = {
        ".jpg": ("L", "CMYK"),
        ".png": ("1", "L", "LA", "P", "RGBA"),
        ".webp": ("RGBA", "L"),
        ".bmp": ("1", "L", "P"),
        ".tif": ("1", "L", "LA", "P", "CMYK", "RGBA", "LAB", "YCbCr"),
    }
    return saved(drawn(random.choice(modes[ending])), ending)


def sixteen_bits(random, ending):
    return saved(Image.fromarray(np.uint16(drawn("L")) * 257), ending)


def floats(random, ending):
    values = np.float32(drawn("L")) * random.choice([1 / 255, 1, -1, 1e30, np.nan, np.inf])
    values[0, :3] = np.nan, np.inf, -np.inf
    return saved(Image.fromarray(values), ".tif")


def integers(random, ending):
    return saved(Image.fromarray(np.int32(drawn("L")) * random.choice([1, 257, 2**23 - 1, -1])), ".tif")


def clear(random, ending):
    """Transparent all over, or by one colour of a palette."""
    if random.random() < 0.5:
        return saved(drawn("P"), ".png", transparency=random.choice([0, 255, bytes(256)]))
    return saved(Image.new("RGBA", SIZE), ".png")


def animated(random, ending):
    frames = [Image.new("RGB", random.choice([SIZE, (7, 9)]) if ending == ".tif" else SIZE, "red") for _ in range(2)]
    return saved(drawn(), ending, save_all=True, append_images=frames)


def one_colour(random, ending):
    return saved(Image.new(random.choice(["L", "RGB"]), SIZE, random.choice(["black", "white", "#010101"])), ending)


def other_size(random, ending):
    return saved(drawn(size=random.choice([(40, 48), (49, 40), (16, 16), (15, 60), (96, 80)])), ending)


FILES = {  # how a file is made, for which endings
    **dict.fromkeys([cut, cut_at_the_end, flipped, empty, noise, head_and_noise, text, other_format, gif], ALL),
    **dict.fromkeys([dot, odd_mode, one_colour, other_size], ALL),
    **dict.fromkeys([turned, odd_orientation, garbage_profile], TAGGED),
    garbage_exif: (".jpg", ".png", ".webp"),  # which Pillow writes as it is
    **dict.fromkeys([png_bomb, text_bomb, clear], (".png",)),
    **dict.fromkeys([floats, integers], (".tif",)),
    line: (".jpg", ".png", ".bmp", ".tif"),
    bmp_bomb: (".bmp",),
    sixteen_bits: DEEP,
    animated: SEVERAL,
}


# ---------------------------------------------------------------- no files


def folder(place):
    os.mkdir(place)


def full_folder(place):
    os.mkdir(place)
    with open(os.path.join(place, "a.png"), "wb") as file:
        file.write(sound(".png"))


def link_to(target):
    return lambda place: os.symlink(target, place)


def nothing(place):
    """There is no such file."""


THINGS = {  # what is put in the place of a file
    "folder": folder,
    "full folder": full_folder,
    "dangling link": link_to("nowhere"),
    "pipe": os.mkfifo,
    "null": link_to("/dev/null"),
    "zeros": link_to("/dev/zero"),
    "a process": link_to("/proc/self/mem"),
    "nothing": nothing,
    "link to itself": lambda place: os.symlink(os.path.basename(place), place),
}


def put_bad_picture(random, place, things=True):
    """Put something bad in a place, whose ending says as what; what it is."""
    ending = os.path.splitext(place)[1]
    if os.path.lexists(place):
        return "another time"
    if things and random.random() < 0.15:
        what = random.choice(sorted(THINGS))
        THINGS[what](place)
        return what
    make = random.choice([make for make, endings in FILES.items() if ending in endings])
    with open(place, "wb") as file:
        file.write(make(random, ending))
    return make.__name__
