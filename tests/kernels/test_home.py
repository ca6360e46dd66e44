"""Making, moving and copying arrays: each package of kernels for its own."""

import numpy as np
import pytest
from elsewhere import elsewhere, package

from cnnkit import kernels
from cnnkit.kernels import cpu, reference
from cnnkit.kernels.cpu.machine import buffers

NUMBERS = np.arange(6, dtype=np.float32).reshape(2, 3)


@pytest.fixture(params=[cpu, reference, package], ids=["cpu", "reference", "elsewhere"])
def home(request):
    with elsewhere():
        yield request.param


def test_numbers_come_back_as_they_went(home):
    array = home.put(NUMBERS)
    assert (array.shape, array.ndim, array.size, array.dtype) == ((2, 3), 2, 6, np.float32)
    np.testing.assert_array_equal(home.fetch(array), NUMBERS)


def test_a_new_array_has_the_shape_and_type_asked_for(home):
    assert home.empty((2, 0, 3)).shape == (2, 0, 3)
    assert home.empty(()).dtype == np.float32
    np.testing.assert_array_equal(home.fetch(home.zeros((2, 2), np.int64)), np.zeros((2, 2), np.int64))


def test_a_copy_has_memory_of_its_own(home):
    array = home.put(NUMBERS.copy())
    twin = home.copy(array)
    assert home.same_memory(array, array.reshape((6,)))
    assert not home.same_memory(array, twin)
    home.copy_into(array, home.zeros((2, 3)))
    np.testing.assert_array_equal(home.fetch(twin), NUMBERS)
    assert not home.fetch(array).any()


def test_what_is_written_to_some_channels_is_in_the_array(home):
    array = home.put(NUMBERS.copy())
    part = home.channels(array, 1, 2)
    assert part.shape == (2, 2) and home.same_memory(array, part)
    home.copy_into(part, home.zeros((2, 2)))
    np.testing.assert_array_equal(home.fetch(array), [[0, 0, 0], [3, 0, 0]])


def test_a_smaller_source_is_repeated(home):
    target = home.empty((2, 2, 3))
    home.copy_into(target, NUMBERS[:1])
    np.testing.assert_array_equal(home.fetch(target), np.broadcast_to(NUMBERS[:1], (2, 2, 3)))


def test_numbers_are_rounded_to_the_type_of_the_target(home):
    target = home.empty((1,))
    home.copy_into(target, np.array([1 / 3]))
    assert home.fetch(target)[0] == np.float32(1 / 3)


def test_zeros_of_the_fast_kernels_start_on_a_cache_line():
    for shape in ((), (3,), (5, 7), (64, 64)):
        assert buffers.is_aligned(cpu.zeros(shape))


def test_a_machine_says_what_it_is(home):
    facts = home.facts()
    assert facts.name
    assert facts.memory is None or facts.memory > 0


def test_kernels_of_a_walk_are_made_ready_without_running(home):
    x = home.put(NUMBERS)
    noted = list(home.prepare(lambda: home.add(x, x)))
    assert [(done, total) for done, total, *_ in noted] == [(n + 1, len(noted)) for n in range(len(noted))]
    assert home is reference or noted[0][2] == "binary_kernel"


def test_numbers_that_are_wanted_later_are_those_of_fetch():
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert kernels.later(x)() is x
    with elsewhere() as device:
        np.testing.assert_array_equal(kernels.later(device.put(x))(), x)
