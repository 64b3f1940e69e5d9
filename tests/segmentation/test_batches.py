import queue
import threading
from types import SimpleNamespace

import numpy as np
import pytest

from networks.devices import Devices
from segmentation.batches import Augmentation, Batches, paste_figures
from segmentation.cache import decoded
from segmentation.layouts import LAYOUTS
from utils import UserError


@pytest.fixture
def pairs(people):
    return decoded(people, 32)


def test_a_batch_is_what_lies_in_the_cache(pairs):
    batches = Batches(pairs, [3, 1, 2], 2)
    (pictures, masks), (rest, _) = batches[0], batches[1]
    assert pictures.shape == (2, 32, 32, 3) and masks.shape == (2, 32, 32, 1) and len(rest) == 1
    assert pictures.dtype == masks.dtype == np.float32
    assert np.allclose(pictures * 255, pairs.pictures[[1, 3]]) and (masks[..., 0] == pairs.labels[[1, 3]]).all()


def test_an_epoch_shows_every_picture_once_and_each_epoch_in_another_order(pairs):
    batches = Batches(pairs, range(24), 8, shuffle=True)
    epochs = []
    for _ in range(2):
        epochs.append([batches[index][0].sum() for index in range(len(batches))])
        batches.on_epoch_end()
    assert np.isclose(sum(epochs[0]), (pairs.pictures / 255).sum(), rtol=1e-5)
    assert np.isclose(sum(epochs[0]), sum(epochs[1]), rtol=1e-6) and not np.allclose(epochs[0], epochs[1])


def test_odd_pictures_wait_in_training_and_count_in_scoring(pairs):
    assert len(Batches(pairs, range(20), 8, shuffle=True)) == 2 and len(Batches(pairs, range(20), 8)) == 3
    assert len(Batches(pairs, range(3), 8, shuffle=True)) == 1  # fewer than a batch are a batch


def several(count, process=0, processes=1):
    devices = Devices(None, batch_size=1)
    devices.names, devices.process, devices.processes = ["cpu"] * count, process, processes
    return devices


def test_devices_get_batches_that_they_can_share(pairs):
    training = Batches(pairs, range(11), 12, shuffle=True, devices=several(4))
    assert len(training) == 1 and len(training[0][0]) == 8  # 11 are no multiple of 4
    scoring = Batches(pairs, range(23), 8, devices=several(4))
    assert [len(scoring[index][0]) for index in range(len(scoring))] == [8, 8, 4]
    assert len(Batches(pairs, range(18), 8, devices=several(4))) == 2
    with pytest.raises(UserError, match="4 devices cannot share 3 pictures; make --devices smaller"):
        Batches(pairs, range(3), 8, devices=several(4))


def test_processes_read_their_own_parts_and_draw_numbers_of_their_own(pairs):
    whole = Batches(pairs, range(24), 8, seed=5, shuffle=True)[1]
    parts = [Batches(pairs, range(24), 8, seed=5, shuffle=True, devices=several(2, part, 2))[1] for part in (0, 1)]
    for both, *halves in zip(whole, *parts, strict=True):
        assert (np.concatenate(halves) == both).all()
    draws = []

    def augment(pictures, labels, random):
        draws.append(random.random())
        return pictures, labels

    for devices in (several(1), several(2, 0, 2), several(2, 1, 2)):
        Batches(pairs, range(8), 8, augment, shuffle=True, devices=devices)[0]
    assert len(set(draws)) == 3


def test_a_batch_depends_on_seed_epoch_and_place_alone(pairs):
    one, two = (Batches(pairs, range(24), 8, Augmentation(LAYOUTS["people"]), seed=5, shuffle=True) for _ in range(2))
    two.epoch = one.epoch = 3  # as a resumed run begins
    for index in (2, 0, 1):
        two_first = two[index]
        assert all((a == b).all() for a, b in zip(one[index], two_first, strict=True))
    other = Batches(pairs, range(24), 8, Augmentation(LAYOUTS["people"]), seed=6, shuffle=True)
    other.epoch = 3
    assert (other[0][0] != one[0][0]).any()


def test_waiting_is_measured(pairs, monkeypatch):
    """By a clock that a batch puts forward by a second while it is made; none is made before the first is asked for."""
    now, asked, made = [0.0], threading.Event(), queue.Queue()

    def clock():
        read = now[0]
        asked.set()
        return read

    def make_slowly(pictures, masks, random):
        asked.wait(600)
        now[0] += 1
        made.put(now[0])
        return pictures, masks

    monkeypatch.setattr("segmentation.batches.time", SimpleNamespace(perf_counter=clock))
    batches = Batches(pairs, range(24), 8, make_slowly, shuffle=True)
    batches[0]
    before = batches.waited
    assert before >= 1
    for _ in range(3):  # all are made without being asked for
        made.get(timeout=600)
    batches[1]
    assert batches.waited == before


def test_augmentation_moves_picture_and_mask_alike():
    """Pictures that show their own mask: whatever is done to the place, the two must still agree."""
    random = np.random.default_rng(0)
    masks = np.zeros((16, 64, 64, 1), np.float32)
    for number in range(16):
        top, left = random.integers(5, 35, 2)
        masks[number, top : top + 25, left : left + 18] = 1
    augmentation = Augmentation(LAYOUTS["people"])
    augmentation.colours = []
    pictures, moved = augmentation(np.repeat(masks, 3, axis=3), masks, np.random.default_rng(1))
    assert set(np.unique(moved)) <= {0.0, 1.0}
    assert np.abs(pictures[..., :1] - moved).mean() < 0.02  # only the blended edge pixels differ
    assert (moved != masks).mean() > 0.05


def test_every_picture_gets_a_draw_of_its_own_in_range():
    pictures = np.tile(np.random.default_rng(0).random((1, 64, 64, 3), np.float32), (8, 1, 1, 1))
    masks = np.ones((8, 64, 64, 1), np.float32)
    pictures, masks = Augmentation(LAYOUTS["people"])(pictures, masks, np.random.default_rng(1))
    assert pictures.min() >= 0 and pictures.max() <= 1 and np.isfinite(pictures).all()
    assert len({float(picture.mean()) for picture in pictures}) == 8
    assert len({float(mask.mean()) for mask in masks}) > 1


def test_pasted_figures_bring_their_masks():
    pictures = np.stack([np.full((4, 4, 3), level, np.float32) for level in (0.1, 0.5, 0.9)])
    masks = np.zeros((3, 4, 4, 1), np.float32)
    masks[0, :2], masks[1, :, :1], masks[2, 3] = 1, 1, 1
    pasted, both = paste_figures(pictures, masks, np.array([False, True, False]))
    assert (pasted[[0, 2]] == pictures[[0, 2]]).all() and (both[[0, 2]] == masks[[0, 2]]).all()
    assert (pasted[1, :2] == np.float32(0.1)).all() and (pasted[1, 2:] == np.float32(0.5)).all()
    assert (both[1] == np.maximum(masks[0], masks[1])).all()
