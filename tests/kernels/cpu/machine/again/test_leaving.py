"""Arrays that a computation gives away, each time from other memory."""

import numpy as np

from cnnkit.kernels.cpu.machine import buffers
from cnnkit.kernels.cpu.machine.again.leaving import Leaving


def lying(leaving, number, count):
    array = buffers.empty(count)
    leaving.lies(number, array.ctypes.data)
    return array


def test_twins_lie_where_the_array_did_and_then_in_new_memory_each_time():
    leaving = Leaving({3: 128, 5: 64})
    one, other = lying(leaving, 3, 32), lying(leaving, 5, 16)
    one[...], other[...] = np.arange(32), 7
    twins = [leaving.twin(one), leaving.twin(one.reshape(4, 8)[:, 2:4]), leaving.twin(other[4:8])]
    for twin, array in zip(twins, (one, one.reshape(4, 8)[:, 2:4], other[4:8]), strict=True):
        np.testing.assert_array_equal(twin, array)
    first = leaving.renewed()
    first[...] = np.arange(48)
    np.testing.assert_array_equal(twins[0], np.arange(32))
    np.testing.assert_array_equal(twins[1], np.arange(32).reshape(4, 8)[:, 2:4])
    np.testing.assert_array_equal(twins[2], np.arange(36, 40))
    second = leaving.renewed()
    twins[2][...] = -1
    assert (second[36:40] == -1).all() and (first == np.arange(48)).all() and (other == 7).all()


def test_a_span_is_where_an_array_lies_among_all():
    leaving = Leaving({0: 64, 1: 64})
    other, array = lying(leaving, 0, 16), lying(leaving, 1, 16)
    assert leaving.span(array[4:12].reshape(2, 4)) == (slice(20, 28), (2, 4))
    assert leaving.holds(array) and leaving.holds(other) and not leaving.holds(buffers.empty(16))


def test_nothing_may_leave():
    leaving = Leaving({})
    assert leaving.size == leaving.renewed().size == 0 and not leaving.holds(buffers.empty(1))
