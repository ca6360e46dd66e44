"""Types of arguments, and arguments as words."""

import struct
from typing import NamedTuple

import numpy as np
import pytest

from cnnkit.kernels.cpu.machine.code.kinds import Array, Group, Number, kinds_of, told, words_of


class Pair(NamedTuple):
    count: int
    share: float


def test_each_argument_has_a_type():
    x = np.zeros((2, 3), np.float32)
    assert kinds_of([x, 3, 0.5, True, np.float32(1), np.uint64(1), Pair(1, 0.5), (x, x)]) == (
        Array("f4", 2),
        Number("i8"),
        Number("f8"),
        Number("b1"),
        Number("f4"),
        Number("u8"),
        Group(Pair, (Number("i8"), Number("f8"))),
        Group(tuple, (Array("f4", 2), Array("f4", 2))),
    )


def test_types_are_told_alike_in_every_process():
    x = np.zeros((2, 3), np.float32)
    assert told(kinds_of([x, 3, Pair(1, 0.5), (x,)])) == f"f4[2], i8, {__name__}.Pair(i8, f8), builtins.tuple(f4[2])"


@pytest.mark.parametrize("value", [None, "text", [1], 1j, object()])
def test_what_no_kernel_takes_is_refused(value):
    with pytest.raises(TypeError):
        words_of(kinds_of([value]))([value])


def test_arrays_that_a_kernel_would_misread_are_refused():
    turned, locked = np.zeros((2, 3), np.float32).T, np.zeros(3, np.float32)
    locked.flags.writeable = False
    for array in (turned, locked, np.zeros(6, np.float32)[::2]):
        with pytest.raises(TypeError, match="contiguous arrays that can be written to"):
            kinds_of([array])


def test_an_argument_is_a_word_of_eight_bytes_and_a_tuple_its_parts():
    x, y = np.zeros(3, np.float32), np.zeros(4, np.int64)
    given = (x, -3, np.float32(0.1), True, Pair(2, 0.25), (x, y), (Pair(5, 1.5), x), np.uint64(1 << 63))
    words = words_of(kinds_of(given))(given)
    plain = struct.unpack("=qqdqqdqqqdqQ", words)
    assert plain == (id(x), -3, float(np.float32(0.1)), 1, 2, 0.25, id(x), id(y), 5, 1.5, id(x), 1 << 63)


def test_a_number_that_fits_no_word_is_refused():
    with pytest.raises(struct.error):
        words_of(kinds_of([1]))([1 << 64])
