"""Batches in pieces."""

import numpy as np
import pytest

from cnnkit import models, nn, ops
from cnnkit.autograd import Tensor, no_grad, traced
from cnnkit.graph import Planned, pieces
from cnnkit.graph.fuse import fused
from cnnkit.graph.pieces import images_at_a_time
from cnnkit.graph.sums import Layouts
from cnnkit.graph.trace import trace
from cnnkit.kernels import cpu
from cnnkit.kernels.shared.facts import Facts
from cnnkit.nn.init import without_values
from cnnkit.nn.module import blank
from cnnkit.nn.outputs import leaves

NEAR = cpu.facts().near


def graph_of(name, N, side):
    with without_values():
        network = models.create(name, classes=10, in_channels=3, image_size=(side, side)).eval()
    graph = trace(network, blank((N, side, side, 3)))
    assert graph is not None
    return fused(graph, Layouts())


def test_maps_that_outgrow_the_cache_are_cut_and_only_those():
    large = graph_of("squeezenet1_1", 32, 224)
    assert 2 <= images_at_a_time(large, NEAR) <= 16
    assert images_at_a_time(large, None) == 32 and images_at_a_time(large, 1 << 40) == 32
    assert images_at_a_time(graph_of("squeezenet1_1", 32, 32), NEAR) == 32
    assert images_at_a_time(graph_of("squeezenet1_1", 1, 224), NEAR) == 1


def test_filters_that_outweigh_the_maps_are_read_once():
    graph = graph_of("resnet18", 16, 64)
    assert images_at_a_time(graph, NEAR // 16) == 16


def network_of(*more):
    rng = np.random.default_rng(0)
    return nn.Sequential(
        nn.Conv2d(3, 24, 3, padding=1, activation="relu", rng=rng), nn.Conv2d(24, 4, 1, rng=rng), *more
    ).eval()


@pytest.fixture
def little_is_near(monkeypatch):
    """Two images of 12x12 with 24 channels, and what they were made of."""
    near = 2 * 4 * 12 * 12 * (24 + 4)
    monkeypatch.setattr(cpu, "facts", lambda: Facts("a small processor", None, None, near=near))


@pytest.mark.parametrize("N", [1, 2, 3, 7, 8])
def test_pieces_have_the_bits_of_the_whole(N, little_is_near, rng):
    network, ready = network_of(nn.GlobalAvgPool2d()), Planned(network_of(nn.GlobalAvgPool2d()))
    for _ in range(4):
        x = Tensor(rng.standard_normal((N, 12, 12, 3), dtype=np.float32))
        with no_grad():
            assert ready(x).data.tobytes() == network(x).data.tobytes()
    plan = ready.plan(x)
    assert plan is not None and plan.images == min(N, 2)
    shapes = {key[1][0] for key in ready._parts[ready.network]._programs}
    assert shapes == {count for count in (min(N, 2), N % 2 if N > 2 else 0) if count}  # they became programs


def test_whoever_is_told_of_calls_hears_of_the_whole_batch(little_is_near):
    ready = Planned(network_of())
    with no_grad(), traced() as calls:
        ready(Tensor(np.ones((6, 12, 12, 3), np.float32)))
    assert [result.shape[0] for _, _, result in calls] == [6, 6]


def test_every_tensor_of_a_nest_is_put_together(little_is_near, rng, monkeypatch):
    monkeypatch.setattr(pieces, "SHARE", 0)
    network = models.trunk("vgg11_x0_25", ["pool1", "pool3"], rng=np.random.default_rng(0)).eval()
    ready, x = Planned(network), Tensor(rng.standard_normal((3, 32, 32, 3), dtype=np.float32))
    with no_grad():
        found = list(leaves(ready(x)))
        alone = [list(leaves(ready(Tensor(x.data[n : n + 1].copy())))) for n in range(3)]
    assert ready.plan(x).images == 1 and len(found) > 1
    for number, tensor in enumerate(found):
        assert tensor.data.tobytes() == np.concatenate([one[number].data for one in alone]).tobytes()


class Beside(nn.Module):
    """All pixels of all images in one row."""

    def __init__(self) -> None:
        self.conv = nn.Conv2d(3, 24, 1, rng=np.random.default_rng(0))

    def forward(self, x: Tensor) -> Tensor:
        return ops.reshape(self.conv(x), (-1, 24))


def test_what_is_no_result_by_image_is_left_whole():
    graph = trace(Beside().eval(), blank((6, 12, 12, 3)))
    assert graph is not None
    assert images_at_a_time(fused(graph, Layouts()), 1) == 6
