"""Every network is known by the names and shapes that torchvision gives it, and by no other's."""

import json
from pathlib import Path

import numpy as np
import pytest

from cnnkit import models
from cnnkit.errors import CheckpointError
from cnnkit.models.identify import fit, identify
from cnnkit.models.network import Network
from cnnkit.models.published import ROWS, offers, row

GOLDEN = Path(__file__).parents[1] / "golden" / "networks.json"
NETWORKS = json.loads(GOLDEN.read_text())["networks"]


def arrays(name: str) -> dict[str, np.ndarray]:
    """Published names with arrays of their shapes, all of one zero."""
    return {key: np.broadcast_to(np.float32(0), shape) for key, shape in NETWORKS[name]["shapes"].items()}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_published_network_is_known_for_what_it_is(name):
    H, W, C = models.spec(name).input
    assert identify(arrays(name)) == [Network(name, models.spec(name).classes, C, (H, W))]


def test_a_stem_for_small_images_is_known_by_its_filters():
    found = arrays("resnet18")
    found["conv1.weight"] = np.zeros((64, 3, 3, 3), np.float32)
    assert identify(found) == [Network("resnet18", 1000, 3, (32, 32))]


def test_auxiliary_heads_may_be_there_or_not():
    found = arrays("googlenet")
    assert any(key.startswith("aux1.") for key in found)
    plain = {key: array for key, array in found.items() if not key.startswith("aux")}
    assert [network.model for network in identify(plain)] == ["googlenet"]


def test_a_fine_tuned_head_and_grey_images_are_counted():
    found = arrays("resnet18")
    found["fc.weight"], found["fc.bias"] = np.zeros((7, 512), np.float32), np.zeros(7, np.float32)
    found["conv1.weight"] = np.zeros((64, 1, 7, 7), np.float32)
    assert identify(found) == [Network("resnet18", 7, 1, (224, 224))]


def test_a_depth_for_another_is_told_by_the_first_layer_that_lacks():
    with pytest.raises(CheckpointError, match=r"The file lacks layer1\.2\.conv1\.conv\.weight .* of resnet34"):
        fit(arrays("resnet18"), "resnet34")


def test_every_row_belongs_to_a_model_and_has_a_source():
    known = [row(name) for name in models.names()]
    assert all(any(published is entry for entry in known) for published in ROWS.values())
    assert all(published.sources for published in ROWS.values())
    assert all(
        len(published.mean) == len(published.std) == models.spec(name).input[2]
        for name in models.names()
        if (published := row(name))
    )


def test_offers_name_every_source_once():
    listed = offers(models.names())
    assert len({offer.source for offer in listed}) == len(listed)
    assert all(offer.models and offer.source.licence for offer in listed)
