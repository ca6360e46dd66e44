"""Operands of convolutions for tests, and the comparison of a backend with the definition."""

from typing import Any, NamedTuple

import numpy as np
from agreement import assert_matches
from numpy.typing import NDArray

from cnnkit.kernels import reference
from cnnkit.kernels.reference.conv import epilogue
from cnnkit.kernels.shared.geometry import Window, conv2d_output_shape
from cnnkit.kernels.shared.scalar import IDENTITY, RELU, Activation, told_by_output


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
    """Forward and all gradients against the definition; `ends` adds a bias and a residual."""
    x, w, dy = random_array(rng, *case.x), random_array(rng, *case.w), random_array(rng, *case.y)
    more = {"bias": random_array(rng, case.w[3]), "residual": random_array(rng, *case.y)} if ends else {}
    more["activation"] = activation
    terms = case.w[0] * case.w[1] * case.w[2]
    y = backend.conv2d(x, w, case.win, case.groups, **more)
    # An activation may squash what rounding has shifted: the scale of the error is that of the sums.
    sums = reference.conv2d(x, w, case.win, case.groups)
    scale = np.abs(sums).max(initial=1.0)
    expected = epilogue(sums, more.get("bias"), more.get("residual"), activation)
    assert_matches(y, expected, terms, factor=factor, scale=scale)
    dx = backend.conv2d_dx(dy, w, case.x, case.win, case.groups)
    before = expected = reference.conv2d_dx(dy, w, case.x, case.win, case.groups)
    # Where few sums are taken, all of them may cancel: they err as their terms do, which are about 1.
    scale = dx_scale = np.abs(expected).max(initial=1.0)
    assert_matches(dx, expected, case.w[0] * case.w[1] * case.w[3] // case.groups, factor=factor, scale=scale)
    # A slope of at most 1 makes small what rounding has shifted: the scale of the error is that of the sums.
    if not told_by_output(activation):
        activation = RELU
    gate = reference.activate(x, activation).astype(np.float32)
    dz = backend.conv2d_dx(dy, w, case.x, case.win, case.groups, x=gate, activation=activation)
    gated = reference.activate_dx(expected, gate, activation)
    assert_matches(dz, gated, case.w[0] * case.w[1] * case.w[3] // case.groups, factor=factor, scale=scale)
    for slope, wanted in (({}, before), ({"x": gate, "activation": activation}, gated)):
        dx = backend.conv2d_dx(dy, w, case.x, case.win, case.groups, others=x, **slope)
        terms = case.w[0] * case.w[1] * case.w[3] // case.groups
        assert_matches(dx, wanted + x, terms, factor=factor, scale=max(scale, np.abs(x).max(initial=0.0)))
    dw, db = backend.conv2d_dw(dy, x, case.w, case.win, case.groups, needs_db=True)
    expected, expected_db = reference.conv2d_dw(dy, x, case.w, case.win, case.groups, needs_db=True)
    assert_matches(dw, expected, dy[..., 0].size, factor=factor, scale=np.abs(expected).max(initial=1.0))
    # Channels whose sum happens to be small err as much as the others: the scale is that of the summed terms.
    assert_matches(db, expected_db, dy[..., 0].size, scale=float(np.abs(dy).max(initial=0.0)))
    # Both at once, which may be another kernel: of the image, and of one that an activation has given.
    for image, slope, wanted in ((x, {}, before), (gate, {"activation": activation, "others": x}, gated + x)):
        dx, dw, db = backend.conv2d_dx_dw(dy, w, image, case.win, case.groups, **slope)
        terms = case.w[0] * case.w[1] * case.w[3] // case.groups
        assert_matches(dx, wanted, terms, factor=factor, scale=max(dx_scale, np.abs(x).max(initial=0.0)))
        if image is gate:
            expected = backend.conv2d_dw(dy, gate, case.w, case.win, case.groups)[0]
        assert_matches(dw, expected, dy[..., 0].size, factor=factor, scale=np.abs(expected).max(initial=1.0))
        assert db is None
    _, _, db = backend.conv2d_dx_dw(dy, w, x, case.win, case.groups, needs_db=True)
    assert_matches(db, expected_db, dy[..., 0].size, scale=float(np.abs(dy).max(initial=0.0)))
