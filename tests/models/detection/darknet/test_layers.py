"""Layers that only darknet has, beside their definitions in plain loops."""

import numpy as np
import pytest

from cnnkit.autograd import Tensor
from cnnkit.kernels.shared.scalar import IDENTITY, leaky
from cnnkit.models.detection.darknet.layers import Connected, Local, Reorg, Route, Shortcut


def images(rng, *shape):
    return Tensor(rng.standard_normal(shape).astype(np.float32))


@pytest.mark.parametrize(("H", "W", "C", "stride"), [(2, 2, 4, 2), (4, 6, 8, 2), (6, 3, 9, 3)])
def test_reorg_takes_the_map_in_memory_for_a_larger_one_of_fewer_channels(rng, H, W, C, stride):
    """Pixel (i, j) of channel k goes where (i·s + place within s x s) of channel k mod C/s² lay: as published."""
    x = images(rng, 2, H, W, C)
    y = Reorg(stride)(x)
    wanted = np.empty((2, C * H * W), np.float32)
    for n in range(2):
        memory = x.numpy()[n].transpose(2, 0, 1).ravel()  # (C, H, W)
        fewer = C // stride**2
        for k, j, i in np.ndindex(C, H, W):
            place, channel = divmod(k, fewer)
            down, across = j * stride + place // stride, i * stride + place % stride
            wanted[n, (k * H + j) * W + i] = memory[(channel * H * stride + down) * W * stride + across]
    wanted = wanted.reshape(2, C * stride**2, H // stride, W // stride).transpose(0, 2, 3, 1)
    np.testing.assert_array_equal(y.numpy(), wanted)
    assert y.shape == Reorg(stride).output_shape(x.shape)


def test_a_route_joins_maps_or_parts_of_them(rng):
    x, y = images(rng, 1, 2, 3, 4), images(rng, 1, 2, 3, 2)
    assert Route()(x) is x
    np.testing.assert_array_equal(Route()(x, y).numpy(), np.concatenate([x.numpy(), y.numpy()], axis=3))
    halves = Route(2, 1)(x, y).numpy()
    np.testing.assert_array_equal(halves, np.concatenate([x.numpy()[..., 2:], y.numpy()[..., 1:]], axis=3))


def test_a_shortcut_adds_and_then_activates(rng):
    x, y = images(rng, 1, 2, 3, 4), images(rng, 1, 2, 3, 4)
    total = x.numpy() + y.numpy()
    np.testing.assert_array_equal(Shortcut(IDENTITY)(x, y).numpy(), total)
    np.testing.assert_array_equal(
        Shortcut(leaky(0.1))(x, y).numpy(), np.where(total > 0, total, np.float32(0.1) * total)
    )


def test_a_connected_layer_reads_the_whole_map(rng):
    x, layer = images(rng, 2, 2, 3, 4), Connected(24, 5, activation=leaky(0.1), rng=rng)
    wanted = x.numpy().reshape(2, 24).astype(np.float64) @ layer.dense.weight.numpy()
    wanted = np.where(wanted > 0, wanted, 0.1 * wanted)
    assert layer(x).shape == (2, 1, 1, 5)
    np.testing.assert_allclose(layer(x).numpy()[:, 0, 0], wanted, rtol=0, atol=1e-5)  # sums of 24 products near 1


@pytest.mark.parametrize(("size", "stride", "padding"), [(3, 1, 1), (2, 2, 0), (1, 1, 0)])
def test_a_local_layer_has_other_filters_at_each_place(rng, size, stride, padding):
    H, W, C, filters = 4, 6, 3, 5
    places = tuple((side + 2 * padding - size) // stride + 1 for side in (H, W))
    layer = Local(C, filters, size, places, stride=stride, padding=padding, activation=leaky(0.1), rng=rng)
    layer.bias.data[:] = rng.standard_normal(layer.bias.shape)
    x = images(rng, 2, H, W, C)
    y = layer(x)
    assert y.shape == (2, *places, filters) == layer.output_shape(x.shape)
    padded = np.pad(x.numpy(), ((0, 0), (padding,) * 2, (padding,) * 2, (0, 0)))
    weight = layer.weight.numpy().reshape(size, size, C, *places, filters)
    bias = layer.bias.numpy().reshape(*places, filters)
    for oy, ox in np.ndindex(places):
        seen = padded[:, oy * stride : oy * stride + size, ox * stride : ox * stride + size]
        told = np.einsum("nyxc,yxco->no", seen, weight[:, :, :, oy, ox]) + bias[oy, ox]
        np.testing.assert_allclose(y.numpy()[:, oy, ox], np.where(told > 0, told, 0.1 * told), rtol=0, atol=1e-5)
    assert layer.multiply_adds(x.shape) == 2 * layer.weight.size
