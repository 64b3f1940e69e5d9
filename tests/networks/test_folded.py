import io
import zipfile

import keras
import numpy as np
import pytest

from networks.folded import give_folded_weights
from utils import UserError


@pytest.fixture
def layers():
    network = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Conv2D(2, 3, name="one"), keras.layers.Dense(5)])
    network.layers[1].name = "two"
    return network.layers


def numbers(**changed):
    random = np.random.default_rng(0)
    shapes = {"one/kernel": (3, 3, 3, 2), "one/bias": (2,), "two/kernel": (2, 5), "two/bias": (5,)}
    return {name: random.random(shape).astype(np.float16) for name, shape in shapes.items()} | changed


def test_each_layer_gets_the_numbers_of_its_name(layers, tmp_path):
    np.savez_compressed(tmp_path / "a.npz", **numbers(), other=np.ones(3))
    give_folded_weights(layers, "--encoder_weights", tmp_path / "a.npz")
    given = [weight for layer in layers for weight in layer.get_weights()]
    assert all((one == other).all() for one, other in zip(given, numbers().values(), strict=True))


def spoilt(place, how):
    arrays = {
        "missing": {name: array for name, array in numbers().items() if name != "two/bias"},
        "another shape": numbers() | {"two/bias": np.ones(6)},
        "pickled": numbers() | {"two/bias": np.array([print] * 5)},
        "words": numbers() | {"two/bias": np.array(list("abcde"))},
        "infinite": numbers() | {"two/bias": np.full(5, np.inf)},
        "huge": numbers() | {"two/bias": np.zeros(10_000_000)},
    }
    np.savez_compressed(place, **arrays.get(how, numbers()))
    if how == "no archive":
        place.write_bytes(b"PK nothing")
    elif how == "cut off":
        place.write_bytes(place.read_bytes()[:300])
    elif how == "gone":
        place.unlink()
    elif how == "lying header":
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**12,)})
        np.savez(place, **{name: array for name, array in numbers().items() if name != "two/bias"})
        with zipfile.ZipFile(place, "a") as archive:
            archive.writestr("two/bias.npy", header.getvalue())


WRONG = "missing|another shape|pickled|words|infinite|huge|no archive|cut off|gone|lying header"


@pytest.mark.parametrize("how", WRONG.split("|"))
def test_a_file_that_does_not_hold_them_is_named_in_one_line(layers, tmp_path, how):
    spoilt(tmp_path / "mine.npz", how)
    with pytest.raises(UserError, match=r"--encoder_weights=.*mine\.npz.*; name ") as caught:
        give_folded_weights(layers, "--encoder_weights", tmp_path / "mine.npz")
    assert "\n" not in str(caught.value) and len(str(caught.value)) <= 300
