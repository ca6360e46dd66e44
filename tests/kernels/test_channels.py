"""Channels weighed by a factor for each image, and dealt out in another order."""

import numpy as np
import pytest
from agreement import assert_matches

from cnnkit.kernels import cpu, reference

SHAPES = [(2, 1, 1, 1), (3, 1, 1, 5), (2, 3, 3, 16), (2, 33, 35, 24), (1, 14, 14, 672), (2, 5, 3, 1001), (0, 2, 2, 3)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_scale_channels_agrees_with_its_definition(rng, shape):
    x, dy, s = normal(rng, shape), normal(rng, shape), normal(rng, (shape[0], shape[3]))
    assert_matches(cpu.scale_channels(x, s), reference.scale_channels(x, s))
    actual, expected = cpu.scale_channels_dx(dy, x, s), reference.scale_channels_dx(dy, x, s)
    assert_matches(actual[0], expected[0])
    assert_matches(actual[1], expected[1], shape[1] * shape[2], scale=4)


@pytest.mark.parametrize("C", [1, 2, 6, 12, 34, 58, 64, 116])
def test_channel_shuffle_deals_the_groups_out(rng, C):
    x = normal(rng, (2, 3, 1, C))
    for groups in (g for g in range(1, C + 1) if C % g == 0):
        y = cpu.channel_shuffle(x, groups)
        turned = x.reshape(2, 3, 1, groups, C // groups).swapaxes(3, 4).reshape(x.shape)
        np.testing.assert_array_equal(y, turned)
        np.testing.assert_array_equal(y, reference.channel_shuffle(x, groups))
        np.testing.assert_array_equal(cpu.channel_shuffle(y, C // groups), x)


def test_channels_are_picked_in_any_order(rng):
    x = rng.normal(size=(2, 9, 31, 37)).astype(np.float32)
    for places in ((), (36,), (3, 3, 0), tuple(rng.permutation(37).tolist()), tuple(range(20, 37))):
        np.testing.assert_array_equal(cpu.pick_channels(x, places), reference.pick_channels(x, places))


def test_large_shuffles_are_cut_into_tasks(rng):
    x = normal(rng, (3, 50, 40, 12))
    np.testing.assert_array_equal(cpu.channel_shuffle(x, 2), reference.channel_shuffle(x, 2))


@pytest.mark.parametrize("backend", [reference, cpu], ids=["reference", "cpu"])
def test_nan_stays_visible(backend):
    x, s = np.ones((1, 2, 2, 3), np.float32), np.ones((1, 3), np.float32)
    x[0, 1, 1, 2] = np.nan
    assert np.isnan(backend.scale_channels(x, s)[0, 1, 1, 2])
    np.testing.assert_array_equal(np.isnan(backend.scale_channels_dx(s[:, None, None] * np.ones_like(x), x, s)[1]),
                                  [[False, False, True]])  # fmt: skip


def test_outputs_go_where_they_are_told(rng):
    x, s, out = normal(rng, (2, 3, 3, 4)), normal(rng, (2, 4)), np.empty((2, 3, 3, 4), np.float32)
    assert cpu.scale_channels(x, s, out=out) is out
    assert cpu.channel_shuffle(x, 2, out=out) is out
    np.testing.assert_array_equal(out[..., 1], x[..., 2])


def normal(rng, shape):
    return rng.standard_normal(shape).astype(np.float32)
