"""How much may be painted at a time, by the memory that is free, here or on an accelerator."""

import sys
from types import SimpleNamespace

import pytest

from networks import hardware
from networks.hardware import (
    BASE_BYTES,
    CANVAS_BYTES,
    IN_TILE,
    LEAST_TILE,
    PAINTING_BYTES,
    TILED_BYTES,
    check_memory,
    painting_room,
)
from utils import UserError

GIB = 2**30
LARGE = 4096 * 3072


@pytest.fixture
def free(monkeypatch):
    """Let so many bytes be free: free(3 * GIB)."""
    return lambda bytes_: monkeypatch.setattr(hardware, "free_memory", lambda: bytes_)


def test_what_fits_is_painted_at_once(free):
    each = PAINTING_BYTES["vgg19"]["bfloat16"]
    free(BASE_BYTES + 500_000 * each)
    room = painting_room("vgg19")
    assert room(500_000, "bfloat16") == 500_000
    assert room(2_000_000, "bfloat16") < 2_000_000
    free(2 * (BASE_BYTES + 500_000 * each))
    assert painting_room("vgg19")(1_000_000, "bfloat16", steps=False) == 1_000_000  # what is only seen takes less


@pytest.mark.parametrize("network", CANVAS_BYTES)
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_of_a_large_painting_a_tile_fits_beside_the_canvas(free, network, precision):
    for gib in (3.5, 4, 6, 12):
        free(gib * GIB)
        tile = painting_room(network)(LARGE, precision)
        if tile < LARGE:
            need = TILED_BYTES + CANVAS_BYTES[network] * LARGE + IN_TILE * PAINTING_BYTES[network][precision] * tile
            assert tile >= LEAST_TILE and 0.8 * gib * GIB < need <= gib * GIB


def test_a_little_more_memory_changes_no_tile(free):
    tiles = set()
    for more in range(20):
        free((4 + more / 1000) * GIB)
        tiles.add(painting_room("vgg19")(LARGE, "bfloat16"))
    assert len(tiles) <= 2


def test_what_was_refused_is_painted_now(free):
    free(4 * GIB)
    assert BASE_BYTES + PAINTING_BYTES["vgg19"]["bfloat16"] * LARGE > 50 * GIB
    check_memory(LARGE, "vgg19", "bfloat16", 4096)


def test_what_does_not_fit_tile_by_tile_names_the_size_that_does(free):
    free(2 * GIB)
    with pytest.raises(
        UserError, match=r"--size=4096 needs \d\.\d GiB of memory and 2\.0 are free; --size=\d+ fits"
    ) as error:
        check_memory(LARGE, "vgg19", "bfloat16", 4096)
    fits = int(str(error.value).split("--size=")[2].split()[0])
    pixels = LARGE * (fits / 4096) ** 2
    check_memory(pixels, "vgg19", "bfloat16", fits)
    assert 1024 < fits < 4096 and painting_room("vgg19")(pixels, "bfloat16") >= LEAST_TILE
    free(GIB / 4)
    with pytest.raises(UserError, match="close other programs"):
        check_memory(LARGE, "vgg19", "bfloat16", 4096)


# ---------------------------------------------------------------- accelerators


def test_on_an_accelerator_its_memory_counts(free, monkeypatch):
    free(100 * GIB)
    monkeypatch.setattr(hardware, "accelerators", lambda: ["gpu:0"])
    monkeypatch.setattr(hardware, "accelerator_memory", lambda: 4 * GIB)
    assert LEAST_TILE <= painting_room("vgg19")(LARGE, "bfloat16") < LARGE
    monkeypatch.setattr(hardware, "accelerator_memory", lambda: 100 * GIB)
    assert painting_room("vgg19")(LARGE, "bfloat16") == LARGE


@pytest.mark.parametrize(
    ("backend", "module", "wanted"),
    [
        ("torch", SimpleNamespace(cuda=SimpleNamespace(mem_get_info=lambda: (5 * GIB, 8 * GIB))), 5 * GIB),
        (
            "jax",
            SimpleNamespace(
                local_devices=lambda: [
                    SimpleNamespace(memory_stats=lambda: {"bytes_limit": 8 * GIB, "bytes_in_use": 3 * GIB})
                ]
            ),
            5 * GIB,
        ),
        ("jax", SimpleNamespace(local_devices=lambda: [SimpleNamespace(memory_stats=lambda: None)]), float("inf")),
    ],
    ids=["torch", "jax", "jax, which does not say"],
)
def test_each_backend_is_asked_in_its_own_way(monkeypatch, backend, module, wanted):
    monkeypatch.setattr(hardware.keras.backend, "backend", lambda: backend)
    monkeypatch.setitem(sys.modules, backend, module)
    assert hardware.accelerator_memory() == wanted


@pytest.mark.parametrize(("told", "wanted"), [("81559\n81559\n", 0.9 * 81559 * 2**20), ("[N/A]\n", float("inf"))])
def test_under_tensorflow_the_driver_is_asked(monkeypatch, told, wanted):
    monkeypatch.setattr(hardware.keras.backend, "backend", lambda: "tensorflow")
    monkeypatch.setattr(hardware.subprocess, "run", lambda *_, **__: SimpleNamespace(stdout=told))
    assert hardware.accelerator_memory() == wanted


def test_without_a_driver_to_ask_nothing_is_known(monkeypatch):
    def missing(*_, **__):
        raise FileNotFoundError

    monkeypatch.setattr(hardware.keras.backend, "backend", lambda: "tensorflow")
    monkeypatch.setattr(hardware.subprocess, "run", missing)
    assert hardware.accelerator_memory() == float("inf")
