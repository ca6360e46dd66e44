"""Operands of convolutions for tests, and the comparison of a backend with the definition."""

from typing import Any, NamedTuple

import numpy as np
from agreement import assert_matches
from numpy.typing import NDArray

from cnnkit.kernels import reference
from cnnkit.kernels.shared.geometry import Window, conv2d_output_shape
from cnnkit.kernels.shared.scalar import IDENTITY, Activation


class ConvCase(NamedTuple):
    """Shapes of one convolution."""

    x: tuple[int, int, int, int]
    w: tuple[int, int, int, int]
    win: Window = Window()
    groups: int = 1

    @property
    def y(self) -> tuple[int, int, int, int]:
        return conv2d_output_shape(self.x, self.w, self.win)


def random_array(rng: np.random.Generator, *shape: int) -> NDArray[np.float32]:
    return rng.standard_normal(shape, dtype=np.float32)


def assert_conv_agrees(
    backend: Any,
    case: ConvCase,
    rng: np.random.Generator,
    *,
    activation: Activation = IDENTITY,
    ends: bool = False,
    factor: float = 4.0,
) -> None:
    """Forward and both gradients against the definition; `ends` adds a bias and a residual."""
    x, w, dy = random_array(rng, *case.x), random_array(rng, *case.w), random_array(rng, *case.y)
    more = {"bias": random_array(rng, case.w[3]), "residual": random_array(rng, *case.y)} if ends else {}
    more["activation"] = activation
    terms = case.w[0] * case.w[1] * case.w[2]
    y = backend.conv2d(x, w, case.win, case.groups, **more)
    # An activation may squash what rounding has shifted: the scale of the error is that of the sums.
    scale = np.abs(reference.conv2d(x, w, case.win, case.groups)).max(initial=1.0)
    assert_matches(y, reference.conv2d(x, w, case.win, case.groups, **more), terms, factor=factor, scale=scale)
    dx = backend.conv2d_dx(dy, w, case.x, case.win, case.groups)
    expected = reference.conv2d_dx(dy, w, case.x, case.win, case.groups)
    assert_matches(dx, expected, case.w[0] * case.w[1] * case.w[3] // case.groups, factor=factor)
    dw = backend.conv2d_dw(dy, x, case.w, case.win, case.groups)
    assert_matches(dw, reference.conv2d_dw(dy, x, case.w, case.win, case.groups), dy[..., 0].size, factor=factor)
