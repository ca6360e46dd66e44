"""What a launch is given, without launching: arrays as numba-cuda reads them, numbers in 32 bits."""

import os

import numpy as np
import pytest

from cnnkit.errors import ShapeError
from cnnkit.kernels.cuda.machine import rehearsal
from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.launch import _given, signature_of
from cnnkit.kernels.cuda.machine.move import fill_kernel

pytestmark = pytest.mark.skipif(os.environ.get("NUMBA_ENABLE_CUDASIM") == "1", reason="the simulator has its own")


def test_an_array_is_handed_over_as_address_size_and_stride():
    from numba import types
    from numba.cuda.dispatcher import _Kernel
    from numba.cuda.typing.typeof import Purpose, typeof

    from cnnkit.kernels.cuda.machine.driver.flat import Flat, overlap, part

    flat = Flat(None, 4096, 5, np.dtype(np.float32))
    assert typeof(flat, Purpose.argument) == types.float32[::1]
    given = []
    kernel = object.__new__(_Kernel)
    kernel.extensions = []
    kernel._prepare_args(types.float32[::1], flat, 0, [], given)
    # No owner of Numba's and no parent; count, bytes of a number, address, then size and stride of the axis.
    assert given == [0, 0, 5, 4, 4096, 5, 4]
    later = part(flat, 2, 3)
    assert (later.ptr, later.size) == (4104, 3) and overlap(flat, later)
    assert not overlap(part(flat, 0, 2), later)


def test_numbers_have_32_bits_and_types_are_told_before_a_launch():
    assert type(_given(7)) is np.int32 and type(_given(0.5)) is np.float32
    assert [type(n) for n in _given((1, 2))] == [np.int32] * 2
    with pytest.raises(OverflowError):
        _given(1 << 31)
    array = DeviceArray(None, (2, 3), np.dtype(np.uint8))
    assert str(signature_of((array, 1, 0.5, (1, 2)))) == str(signature_of((array, 9, 1.5, (3, 4))))


def test_what_is_compiled_beforehand_is_what_a_launch_asks_for():
    from numba.cuda.typing.typeof import Purpose, typeof

    from cnnkit.kernels.cuda.conv.geometry import Divisors
    from cnnkit.kernels.cuda.machine.driver.flat import Flat
    from cnnkit.kernels.shared.geometry import Window

    arrays = [
        DeviceArray(Flat(None, 4096, 5, np.dtype(kind)), (5,), np.dtype(kind))
        for kind in (np.float32, np.uint8, np.int32, np.int64)
    ]
    args = (*arrays, 3, 0.5, (1, 2, 3), Window(), Divisors((1, 2), (3, 4), (5, 6), (7, 8)), np.uint64(9), np.float64(1))
    assert tuple(typeof(_given(arg), Purpose.argument) for arg in args) == signature_of(args)


def test_an_array_of_more_numbers_than_kernels_count_is_refused_before_any_work():
    large = DeviceArray(None, (1 << 16, 1 << 15), np.dtype(np.float32))
    some = DeviceArray(None, (1 << 16, 8), np.dtype(np.float32), step=1 << 15)
    fits = DeviceArray(None, (1 << 16, (1 << 15) - 1), np.dtype(np.float32))
    found = []
    with rehearsal.told_to(lambda kernel, args: found.append(kernel)):
        fill_kernel.over(1, fits, 1, 0.0)
        for array in large, some:
            with pytest.raises(ShapeError, match="too large for CUDA's kernels, which count up to 2,147,483,647"):
                fill_kernel.over(1, array, 1, 0.0)
    assert found == [fill_kernel]
