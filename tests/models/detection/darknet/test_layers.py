"""Layers that only darknet has, beside their definitions in plain loops."""

import numpy as np
import pytest

from cnnkit.autograd import Tensor
from cnnkit.kernels.shared.scalar import IDENTITY, leaky
from cnnkit.models.detection.darknet.layers import Reorg, Route, Shortcut


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
