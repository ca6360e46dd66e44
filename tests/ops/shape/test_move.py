"""Ops that move elements about."""

import numpy as np
import pytest

from cnnkit import ops
from cnnkit.autograd import Tensor


def test_flatten_is_a_view():
    x = Tensor(np.zeros((2, 3, 4, 5)))
    y = ops.flatten(x)
    assert y.shape == (2, 60)
    assert np.shares_memory(x.data, y.data)


def test_flatten_of_an_empty_batch():
    assert ops.flatten(np.zeros((0, 3, 4, 5))).shape == (0, 60)


def test_slice_counts_as_python_does(rng):
    x = rng.normal(size=(5, 6))
    np.testing.assert_array_equal(ops.slice(x, (-3, 0), (9, -1), (1, 2)).data, x[-3:9, 0:-1:2])
    assert ops.slice(x, (4, 0), (2, 6)).shape == (0, 6)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_concat_joins_along_its_axis(axis, rng):
    x, y = rng.normal(size=(2, 2, 3)), rng.normal(size=(2, 2, 3))
    np.testing.assert_array_equal(ops.concat([x, y], axis).data, np.concatenate([x, y], axis))


def test_split_gives_what_concat_joins(rng):
    x = rng.standard_normal((3, 7, 2)).astype(np.float32)
    parts = ops.split(x, (4, 0, 3), axis=1)
    assert [part.shape for part in parts] == [(3, 4, 2), (3, 0, 2), (3, 3, 2)]
    np.testing.assert_array_equal(ops.concat(parts, axis=1).data, x)
