"""gradcheck itself: it must pass what is right and name what is wrong."""

import numpy as np
import pytest

from cnnkit import ops
from cnnkit.autograd import Function, gradcheck
from cnnkit.errors import CheckFailed


class _Cube(Function):
    """x³, with a derivative that is wrong at one place."""

    @staticmethod
    def forward(ctx, x):
        ctx.save(x)
        return x**3

    @staticmethod
    def backward(ctx, dy):
        dx = 3 * ctx.saved[0] ** 2 * dy
        dx[1, 0] += 0.5
        return dx


def test_a_right_gradient_passes():
    gradcheck(lambda x, y: x * y + ops.exp(x), [np.ones((2, 3)), np.full((2, 3), 0.5)])


def test_a_wrong_gradient_is_named_with_input_index_and_both_numbers():
    pattern = r"gradient of cube by input 0 at \(1, 0\) should be \S+ \(central difference\), but backward gives \S+\."
    with pytest.raises(CheckFailed, match=pattern):
        gradcheck(_Cube.apply, [np.ones((2, 2))], name="cube")


def test_a_gradient_that_is_missing_is_found():
    class Forgotten(_Cube):
        @staticmethod
        def backward(ctx, dy):
            return (None,)

    with pytest.raises(CheckFailed, match="backward gives 0"):
        gradcheck(Forgotten.apply, [np.ones((1, 1))])
