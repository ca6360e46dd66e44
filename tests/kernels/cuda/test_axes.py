"""Axes that become one, and the arithmetic of indices that kernels rest on."""

import numpy as np
import pytest

from cnnkit.errors import ShapeError
from cnnkit.kernels.cuda.conv.geometry import backward
from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.axes import broadcast, broadcast_shape, merged, strides_of
from cnnkit.kernels.cuda.machine.ptx import divisor
from cnnkit.kernels.shared.geometry import Window, input_row, output_size

FLOAT = np.dtype(np.float32)


def array(*shape, step=None):
    return DeviceArray(None, shape, FLOAT, step)


def test_strides_are_those_of_c_or_of_some_channels():
    assert strides_of(array(2, 3, 4)) == (12, 4, 1)
    assert strides_of(array(2, 3, 4, step=10)) == (30, 10, 1)
    assert strides_of(array(5)) == (1,) and strides_of(array()) == ()


def test_what_lies_side_by_side_is_one_axis():
    assert merged((2, 3, 4), (12, 4, 1), (12, 4, 1)) == ((24,), [(1,), (1,)])
    assert merged((2, 3, 4), (12, 4, 1), (0, 0, 1)) == ((6, 4), [(4, 1), (0, 1)])
    assert merged((2, 1, 4), (30, 10, 1)) == ((2, 4), [(30, 1)])
    assert merged((1, 1), (7, 7)) == ((1,), [(0,)])


def test_too_many_axes_are_refused():
    shape = (2,) * 7
    with pytest.raises(ShapeError, match="too many ways"):
        merged(shape, (1, 10, 100, 1000, 10_000, 100_000, 1_000_000))


def test_shapes_are_brought_together_as_numpy_does():
    assert broadcast_shape((2, 1, 3), (5, 1)) == np.broadcast_shapes((2, 1, 3), (5, 1))
    assert broadcast(array(3, 1), (2, 3, 4)) == (0, 1, 0)
    with pytest.raises(ShapeError, match="do not fit"):
        broadcast_shape((2, 3), (2,))


@pytest.mark.parametrize("d", [1, 2, 3, 5, 7, 49, 641, 3136, 65_537, (1 << 31) - 1])
def test_a_division_by_multiplication_is_exact(d):
    factor, shift = divisor(d)
    factor %= 1 << 32
    for a in {0, 1, d - 1, d, d + 1, 2 * d - 1, 12_345_678, (1 << 31) - 2, (1 << 31) - 1}:
        assert ((a * factor >> 32) + a) >> shift == a // d


@pytest.mark.parametrize(("stride", "pad", "dilation", "taps", "size"), [
    (1, 1, 1, 3, 5), (2, 1, 1, 3, 6), (3, 0, 1, 2, 7), (2, 2, 2, 3, 9), (4, 1, 6, 3, 20), (2, 0, 1, 1, 5),
    (3, 2, 2, 5, 11),
])  # fmt: skip
def test_the_phases_of_a_gradient_are_all_pairs_of_pixel_and_tap(stride, pad, dilation, taps, size):
    win = Window(stride, 1, pad, pad, 0, 0, dilation, 1)
    outputs = output_size(size, taps, stride, pad, pad, dilation)
    wanted = {(iy, oy, ky) for oy in range(outputs) for ky in range(taps) if 0 <= (iy := input_row(oy, ky, win)) < size}
    found = set()
    for rows, _ in backward(win, (taps, 1), (size, 1)):
        for j in range(rows.size):
            for t in range(rows.taps):
                oy, ky = rows.begin + j * rows.step + t * rows.apart, rows.first + t * rows.every
                if 0 <= oy < outputs:
                    found.add((rows.place + j * rows.stride, oy, ky))
                assert ky < taps
    assert found == wanted
