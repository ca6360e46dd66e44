"""What a launch is given, without launching: arrays as numba-cuda reads them, numbers in 32 bits."""

import ctypes
import os

import numpy as np
import pytest

from cnnkit.errors import ShapeError
from cnnkit.kernels.cuda.machine import rehearsal
from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.launch import signature_of
from cnnkit.kernels.cuda.machine.move import fill_kernel

pytestmark = pytest.mark.skipif(os.environ.get("NUMBA_ENABLE_CUDASIM") == "1", reason="the simulator has its own")


KINDS = (np.float32, np.uint8, np.int32, np.int64)


def arguments():
    """Of each kind that kernels take."""
    from cnnkit.kernels.cuda.conv.geometry import Divisors
    from cnnkit.kernels.cuda.machine.driver.flat import Flat
    from cnnkit.kernels.shared.geometry import Window

    arrays = [
        DeviceArray(Flat(None, 4096 + n, 5, np.dtype(kind)), (5,), np.dtype(kind)) for n, kind in enumerate(KINDS)
    ]
    divisors = Divisors((1, 2), (3, 4), (5, 6), (7, 8))
    return (*arrays, -3, 0.1, (1, 2, 3), Window(), divisors, np.uint64(2**63 + 9), np.float64(0.1), 7)


class Numbas:
    """An array as Numba itself would want it."""

    __cuda_array_interface__ = property(lambda self: None)

    def __init__(self, array):
        self.ptr, self.size, self.dtype, self.shape = array.flat.ptr, array.size, array.dtype, (array.size,)
        self._layout = type("", (), {"strides_in_bytes": (array.dtype.itemsize,)})


def numbas(value):
    """The arguments of a launch of Numba's own, as ctypes or whole numbers."""
    from numba.cuda.args import ArgHint
    from numba.cuda.dispatcher import _Kernel

    class Hint(ArgHint):
        to_device = lambda self, retr, stream=0: Numbas(self.value)  # noqa: E731

    kernel = object.__new__(_Kernel)
    kernel.extensions, found = [], []
    for kind, arg in zip(signature_of(value), value, strict=True):
        kernel._prepare_args(kind, Hint(arg) if isinstance(arg, DeviceArray) else arg, 0, [], found)
    return found


def test_a_launch_is_given_the_bytes_that_numba_would_give_it():
    from cnnkit.kernels.cuda.machine.driver.record import Arguments

    args = arguments()
    given = Arguments(signature_of(args))
    given.fill(args)
    places = np.ctypeslib.as_array((ctypes.c_uint64 * len(given._places)).from_address(given.address))
    expected = [ctypes.c_int64(arg) if isinstance(arg, int) else arg for arg in numbas(args)]
    assert len(places) == len(expected) == 7 * len(KINDS) + 2 + 3 + len(args[6 + 1]) + 8 + 3
    for place, value in zip(places, expected, strict=True):
        size = ctypes.sizeof(value)
        assert place % size == 0
        assert ctypes.string_at(int(place), size) == bytes(value)


def test_numbers_that_their_types_do_not_hold():
    from cnnkit.kernels.cuda.machine.driver.record import Arguments

    given = Arguments(signature_of((1, 0.5)))
    with pytest.raises(OverflowError, match="does not hold"):
        given.fill((1 << 31, 0.5))
    given.fill((1, 1e300))
    assert np.frombuffer(given.memory, np.float32)[1] == np.inf


def test_types_are_told_before_a_launch():
    array = DeviceArray(None, (2, 3), np.dtype(np.uint8))
    assert str(signature_of((array, 1, 0.5, (1, 2)))) == str(signature_of((array, 9, 1.5, (3, 4))))


def test_a_kernel_is_asked_for_once_for_each_type_of_its_arguments(monkeypatch):
    from cnnkit.kernels.cuda.machine.driver import chip

    launched, args = [], arguments()

    class Record:
        def launch(self, blocks, threads, args):
            launched.append(self)

    monkeypatch.setattr(fill_kernel, "_records", {})
    monkeypatch.setattr(fill_kernel, "_record", lambda args: Record())
    monkeypatch.setattr(chip, "here", lambda: None)
    for given in [(args[0], 1), (args[0], 9), (args[1], 1), (args[0], 1.0), (args[0], (1, 2)), (args[0], (1, 2, 3))]:
        fill_kernel(1, 1, *given)
    assert launched[0] is launched[1] and len(set(launched)) == 5


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
