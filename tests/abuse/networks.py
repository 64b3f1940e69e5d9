"""Networks and records that are damaged or do not fit each other."""

import copy
import json
import math

SIZE = 32
RECORD = {
    "network": "conv_deconv",
    "network_options": {"size": SIZE, "classes": 1},
    "class_names": ["person"],
    "figure": ["person"],
    "preprocessing": "RGB 0..1",
    "data": {"layout": "people", "held_back": 0.25, "folder": "set"},
    "options": {"augment": "on"},
}
HISTORY = [{"epoch": 1, "loss": 1.0, "iou": 0.5, "val_loss": 1.0, "val_iou": 0.4, "learning_rate": 0.1, "seconds": 1.0}]
RUN = {"options": {"size": SIZE}, "fingerprint": "0", "history": HISTORY, "finished": True, "weights": "w", "best": "b"}


def faces():
    """The record of a network of the same plan that knows the parts of faces."""
    from segmentation.layouts import LAYOUTS

    layout = LAYOUTS["helen"]
    options = {"size": SIZE, "classes": layout.outputs}
    told = {"class_names": list(layout.classes), "figure": list(layout.figure), "data": {"layout": "helen"}}
    return RECORD | {"network_options": options} | told


# No number here is one that a machine could really try to find the memory for.
VALUES = (
    *(10**15, -(10**15), 10**400, -1, 0, 1, 3, 1.5, math.nan, math.inf, True, False, None, "", "32", "nan", "x" * 9999),
    *("a\nb", "é", "unet", "fcn_vgg16", [], [[]], [1, 2], ["person"], ["a", "a"], [None], {}, {"a": 1}, {"size": {}}),
)


def places(told, above=()):
    """The ways to all entries of nested dicts and lists."""
    entries = told.items() if isinstance(told, dict) else enumerate(told) if isinstance(told, list) else ()
    return [way for key, value in entries for way in ((*above, key), *places(value, (*above, key)))]


def changed(random, told):
    """The JSON of a record one entry of which is another, or missing."""
    told = copy.deepcopy(told)
    *above, last = random.choice(places(told))
    entry = told
    for key in above:
        entry = entry[key]
    if random.random() < 0.2:
        del entry[last]
    else:
        entry[last] = copy.deepcopy(random.choice(VALUES))
    return json.dumps(told).encode()


def cut(random, content):
    return content[: random.randrange(len(content))]


def flipped(random, content):
    content = bytearray(content)
    for _ in range(random.choice([1, 2, 16, 300])):
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)
    return bytes(content)


def flipped_ends(random, content):
    """A zip file tells of itself at its end, HDF5 at its beginning."""
    head, tail = min(200, len(content) // 2), min(600, len(content) // 2)
    return flipped(random, content[:head]) + content[head:-tail] + flipped(random, content[-tail:])


DAMAGES = (cut, flipped, flipped_ends, lambda random, content: b"", lambda random, content: random.randbytes(999))
NO_RECORDS = (b"", b"{}", b"[]", b"null", b"3", b'"a"', b"{", b"\xff\xfe", b"[" * 500, b"NaN", b'{"network": "unet"}')


def damage(random, file):
    """Damage a file in its place; what was done."""
    how = random.choice(DAMAGES)
    file.write_bytes(how(random, file.read_bytes()))
    return how.__name__


def spoil_record(random, file):
    """Write a record that is none, or one that fits no network, over a good one."""
    content = random.choice(NO_RECORDS) if random.random() < 0.2 else changed(random, json.loads(file.read_bytes()))
    file.write_bytes(content)
    return content[:200].decode("utf-8", "replace")
