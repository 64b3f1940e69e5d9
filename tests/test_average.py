"""The average of two networks lies between them, and its record says so."""

import keras
import numpy as np
import pytest

from files.whole import read_json
from networks.saved import save_network
from segmentation.registry import build, load_network
from utils import ROOT, UserError


@pytest.fixture
def average(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "model")
    from average import main

    return main


def network(file, seed, base=2):
    """Write an untrained network to a file, and return its weights."""
    keras.utils.set_random_seed(seed)
    record = {"network": "unet", "network_options": {"size": 32, "base": base, "classes": 1}, "class_names": ["person"]}
    made = build(record)
    save_network(file, made, record)
    return made.get_weights()


@pytest.mark.parametrize("share", [0, 0.25, 1])
def test_the_average_lies_between_two_networks(average, tmp_path, share):
    one, other = (network(tmp_path / f"{seed}.keras", seed) for seed in (1, 2))
    average([f"{tmp_path}/1.keras", f"{tmp_path}/2.keras", f"--save={tmp_path}/mean.keras", f"--share={share}"])
    found, record = load_network(tmp_path / "mean.keras")
    for start, end, weights in zip(one, other, found.get_weights(), strict=True):
        np.testing.assert_allclose(weights, (1 - share) * start + share * end, atol=2e-3)
    assert record["averaged"] == {"with": "1.keras", "share": share} == read_json(tmp_path / "mean.json")["averaged"]


def test_networks_with_different_layers_are_refused(average, tmp_path):
    network(tmp_path / "1.keras", 1), network(tmp_path / "2.keras", 2, base=4)
    with pytest.raises(UserError, match="have different layers"):
        average([f"{tmp_path}/1.keras", f"{tmp_path}/2.keras", f"--save={tmp_path}/mean.keras"])
    assert not (tmp_path / "mean.keras").exists()
