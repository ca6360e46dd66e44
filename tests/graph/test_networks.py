"""Every network that is listed, planned."""

import numpy as np
import pytest

from cnnkit import models, nn
from cnnkit.autograd import Tensor, no_grad
from cnnkit.graph import Planned
from cnnkit.graph.trace import trace
from cnnkit.models.detection.detector import Detector
from cnnkit.nn.init import without_values
from cnnkit.nn.module import blank
from cnnkit.nn.outputs import leaves

# Sides of an image that every network takes and none needs long for; those that are built for one size have it.
SIDE, OWN = 64, {"lenet5": 28, "convnet": 28, "digitnet": 28, "yolo_v1": 448, "ssd512_vgg16": 128}


def built(name: str) -> tuple[nn.Module, tuple[int, int, int]]:
    spec = models.spec(name)
    side = OWN.get(name, SIDE)
    network = models.create(
        name, classes=3, in_channels=spec.input[2], image_size=(side, side), rng=np.random.default_rng(0)
    )
    return network.eval(), (side, side, spec.input[2])


# They are given regions beside images, and are planned in parts.
IN_PARTS = {"rcnn", "rcnn_nano", "fast_rcnn", "fast_rcnn_nano"}


@pytest.mark.parametrize("name", [name for name in models.names() if name not in IN_PARTS])
def test_every_network_is_planned_as_a_whole(name):
    with without_values():
        network, shape = built(name)
    graph = trace(network, blank((2, *shape)))
    assert graph is not None
    assert [value.shape for value in graph.results] == [
        tuple(leaf) for leaf in leaves(network.output_shape((2, *shape)), lambda leaf: isinstance(leaf, tuple))
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", models.names())
def test_the_plan_of_every_network_gives_its_answers(name):
    network, shape = built(name)
    rng = np.random.default_rng(1)
    with no_grad():
        for _ in range(2):
            x = Tensor(rng.standard_normal((2, *shape), dtype=np.float32))
            beside = () if not getattr(network, "proposed", 0) else (regions(rng, network.proposed, shape[0]),)
            for found, wanted in zip(leaves(Planned(network)(x, *beside)), leaves(network(x, *beside)), strict=True):
                assert_alike(found.numpy(), wanted.numpy(), boxes=isinstance(network, Detector))


def regions(rng: np.random.Generator, count: int, side: int) -> np.ndarray:
    """(2, count, 4) boxes."""
    low = rng.uniform(0, side / 2, (2, count, 2))
    return np.concatenate([low, low + rng.uniform(side / 8, side / 2, low.shape)], axis=-1).astype(np.float32)


def assert_alike(found: np.ndarray, wanted: np.ndarray, *, boxes: bool) -> None:
    """But for rounding, which is some thousand times smaller than the bound. Two boxes of nearly one score may change
    places, or one at the bound of suppression go: most scores must be there."""
    if not boxes:
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-4 * max(np.abs(wanted).max(), 1e-3))
        return
    near = np.isclose(found[..., 4], wanted[..., 4], rtol=1e-3, atol=1e-5)
    assert near.mean() > 0.95
