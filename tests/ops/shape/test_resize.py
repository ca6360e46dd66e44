"""Resizing, as an op and a layer: what it leaves alone, and what it refuses."""

import numpy as np
import pytest

from cnnkit import nn, ops
from cnnkit.autograd import Tensor
from cnnkit.errors import ShapeError, UsageError


def test_an_image_of_that_size_is_given_back():
    x = Tensor(np.zeros((1, 4, 5, 2), np.float32))
    assert ops.resize(x, (4, 5)) is x
    assert ops.resize(x, 4).shape == (1, 4, 4, 2)


def test_a_scale_is_that_many_pixels_of_each():
    layer = nn.Resize(scale=(2, 3), mode="nearest")
    assert layer(np.zeros((1, 4, 5, 2), np.float32)).shape == layer.output_shape((1, 4, 5, 2)) == (1, 8, 15, 2)


def test_repr():
    assert repr(nn.Resize(scale=2)) == "Resize(scale=2, bilinear)"
    assert (
        repr(nn.Resize((4, 5), mode="nearest", align_corners=True))
        == "Resize(size=(4, 5), nearest, align_corners=True)"
    )


def test_what_does_not_fit_is_refused():
    with pytest.raises(UsageError, match="one of bilinear, nearest, but received 'cubic'"):
        ops.resize(np.zeros((1, 4, 5, 2)), 3, mode="cubic")
    with pytest.raises(UsageError, match="size is 0, expected numbers of at least 1"):
        ops.resize(np.zeros((1, 4, 5, 2)), 0)
    with pytest.raises(ShapeError, match="at least one pixel"):
        ops.resize(np.zeros((1, 0, 5, 2)), 3)
    for wrong in ({}, {"size": 3, "scale": 2}):
        with pytest.raises(UsageError, match="either size or scale"):
            nn.Resize(**wrong)
