"""ResNets for CIFAR: their depth, and the shortcut without parameters."""

import numpy as np
import pytest

from cnnkit import models, ops
from cnnkit.autograd import Tensor
from cnnkit.models.classification.resnet_cifar import BLOCKS, SparseShortcut


@pytest.mark.parametrize("name", BLOCKS)
def test_the_name_tells_the_layers_with_weights(name):
    kinds = [row.kind for row in models.summary(name).layers]
    assert kinds.count("Conv2d") + kinds.count("Linear") == int(name.removeprefix("resnet"))


def test_the_shortcut_takes_every_second_pixel_between_zeros(rng):
    x = rng.normal(size=(2, 5, 4, 3)).astype(np.float32)
    y = SparseShortcut(2, 1)(x).data
    assert y.shape == (2, 3, 2, 5) and not y[..., [0, 4]].any()
    np.testing.assert_array_equal(y[..., 1:4], x[:, ::2, ::2])


def test_the_gradient_of_the_shortcut_returns_to_those_pixels(rng):
    x = Tensor(rng.normal(size=(1, 4, 4, 2)).astype(np.float32), requires_grad=True)
    ops.sum(SparseShortcut(2, 1)(x)).backward()
    assert x.grad.sum() == 8 and (x.grad[:, ::2, ::2] == 1).all()
