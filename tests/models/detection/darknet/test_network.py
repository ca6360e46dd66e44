"""A list of layers as a network."""

import numpy as np
import pytest
from darknet_files import CFG, GRID, count, weights
from numpy.testing import assert_array_equal

from cnnkit import nn, ops
from cnnkit.autograd import Tensor, no_grad
from cnnkit.errors import CheckpointError, DataError
from cnnkit.models.detection.darknet.cfg import parsed
from cnnkit.models.detection.darknet.network import Darknet, from_files
from cnnkit.models.detection.detector import BoxBatch


@pytest.fixture
def network(rng):
    return Darknet(*parsed(CFG), rng=rng).eval()


def test_layers_are_computed_in_their_order_each_from_what_it_reads(network, rng):
    x = Tensor(rng.standard_normal((2, 32, 64, 3)).astype(np.float32))
    with no_grad():
        layers = list(network.layers)
        fine = layers[0](x)
        coarse = layers[1](fine)
        summed = layers[3](layers[2](coarse)) + coarse
        doubled = summed.numpy().repeat(2, axis=1).repeat(2, axis=2)
        wanted = layers[5](summed), layers[10](Tensor(np.concatenate([doubled, fine.numpy()], axis=3)))
        found = network.maps(x)
        boxes, scores = network.candidates(x)
    for (head, numbers), own in zip(found, wanted, strict=True):
        assert_array_equal(numbers.numpy(), own.numpy())
        assert head.anchors == (((37, 58), (81, 82)) if own is wanted[0] else ((10, 14), (23, 27)))
    assert boxes.shape == (2, 2 * (8 * 16 + 16 * 32), 4) and scores.shape == (2, 2 * (8 * 16 + 16 * 32), 2)
    assert_array_equal(boxes.numpy()[:, : 2 * 8 * 16], found[0][0](found[0][1])[0].numpy())


def test_layers_are_those_of_ours_with_the_slope_and_zeros_of_darknet(network):
    first, pool, depthwise = list(network.layers)[:3]
    assert isinstance(first, nn.ConvNorm) and first.norm.activation == (2, 0.1)
    assert (first.conv.stride, first.conv.padding) == (2, 1)
    assert pool.padding == ((0, 1), (0, 1))
    assert depthwise.conv.groups == 8 and depthwise.conv.weight.shape == (3, 3, 1, 8)
    assert [type(layer).__name__ for layer in network.layers][3:] == [
        "Dropout", "Shortcut", "Conv2d", "BoxHead", "Route", "Resize", "Route", "Conv2d", "BoxHead",
    ]  # fmt: skip


def test_images_of_other_sizes_have_more_boxes_or_fewer(network, rng):
    boxes, _ = network.candidates(Tensor(rng.standard_normal((1, 64, 64, 3)).astype(np.float32)))
    assert boxes.shape == (1, 2 * (16 * 16 + 32 * 32), 4)


def test_a_map_is_kept_only_until_it_was_read_for_the_last_time(network):
    """Layer 0 is read by the last route; layer 2 by its follower alone."""
    assert network.last_read[0] == 9 and network.last_read[2] == 3


def test_files_become_a_network_with_their_numbers(tmp_path):
    (tmp_path / "a.cfg").write_text(CFG)
    steps = from_files(tmp_path / "a.cfg").steps
    numbers = np.linspace(0.5, 1, count(steps))
    (tmp_path / "a.weights").write_bytes(weights(numbers))
    network = from_files(tmp_path / "a.cfg", tmp_path / "a.weights")
    assert_array_equal(network.layers[0].norm.bias.numpy(), numbers[:8].astype(np.float32))
    assert sum(array.size for array in network.needed_in_use().values()) == count(steps)


def test_a_grid_of_cells_behind_dense_layers_finds_boxes_and_learns(rng):
    network = Darknet(*parsed(GRID), rng=rng)
    x = Tensor(rng.standard_normal((2, 16, 32, 3)).astype(np.float32))
    truth = BoxBatch(np.array([[[4, 2, 20, 12]]] * 2, np.float32), np.array([[3]] * 2), np.zeros((2, 1), bool))
    parts = network.losses(x, truth)
    sum(parts.values(), Tensor(np.float32(0))).backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
    with no_grad():
        boxes, scores = network.eval().candidates(x)
        assert (boxes.shape, scores.shape) == ((2, 8, 4), (2, 8, 9))
        assert network(x).shape == (2, network.places, 6)


def test_files_that_do_not_belong_together_are_refused(tmp_path):
    (tmp_path / "a.cfg").write_text(CFG.replace("layers = -1, 0", "layers = -1, 2"))
    with pytest.raises(
        DataError, match=r"a.cfg is no network .*: line 55: layer 9, \[route\]: it joins maps of 16x32x8"
    ):
        from_files(tmp_path / "a.cfg")
    (tmp_path / "a.cfg").write_text(CFG)
    (tmp_path / "a.weights").write_bytes(weights(np.ones(5)))
    with pytest.raises(CheckpointError, match="ends early"):
        from_files(tmp_path / "a.cfg", tmp_path / "a.weights")


def test_a_network_learns_through_every_layer(network, rng):
    """Each parameter has a gradient from the numbers of the heads."""
    network.train()
    x = Tensor(rng.standard_normal((2, 32, 64, 3)).astype(np.float32))
    total = None
    for _, numbers in network.maps(x):
        part = ops.mean(numbers * numbers)
        total = part if total is None else total + part
    total.backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
