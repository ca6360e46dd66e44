"""Aligned arrays whose memory comes back when the last array over it dies."""

import gc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from cnnkit.kernels.cpu.machine import buffers


@pytest.mark.parametrize("shape", [(), (0,), (1,), (3, 5), (2, 0, 4), (1000, 33)])
@pytest.mark.parametrize("dtype", [np.float32, np.uint8, np.int64])
def test_arrays_lie_on_cache_lines(shape, dtype):
    a = buffers.zeros(shape, dtype)
    assert a.shape == shape and a.dtype == dtype and buffers.is_aligned(a)
    assert a.flags.c_contiguous and a.flags.writeable and not a.any()


def test_a_size_may_be_one_number():
    assert buffers.empty(5).shape == (5,) and buffers.empty(np.int64(5)).shape == (5,)


def test_memory_is_used_again_after_the_last_view_has_died():
    a = buffers.empty((777, 13))
    address, view = a.ctypes.data, a.reshape(-1)[5:9]
    view[:] = 1
    del a
    assert buffers.empty((777, 13)).ctypes.data != address
    del view
    before = buffers.statistics()
    both = [buffers.empty((777, 13)), buffers.empty((777, 13))]
    assert address in [b.ctypes.data for b in both]
    assert buffers.statistics().misses == before.misses
    assert buffers.statistics().hits == before.hits + 2


def test_trimming_gives_waiting_memory_back():
    gc.collect()
    buffers.trim()
    assert buffers.statistics().held_bytes == 0
    a = buffers.empty(5000)
    del a
    assert buffers.statistics().held_bytes >= 20000


def test_arrays_of_several_threads_never_overlap():
    def work(number):
        for _ in range(200):
            a = buffers.empty(1024)
            a.fill(number)
            assert (a == number).all()
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))


def test_aligned_and_contiguous_copy_only_where_they_must():
    a = buffers.zeros((4, 6))
    assert buffers.aligned(a) is a and buffers.contiguous(a) is a
    assert buffers.is_aligned(buffers.aligned(a[:, 1:])) and buffers.contiguous(a.T).flags.c_contiguous
    frozen = a.copy()
    frozen.flags.writeable = False
    assert buffers.contiguous(frozen).flags.writeable
    assert buffers.contiguous(a.astype(np.float64)).dtype == np.float32
    assert buffers.flat(a).base is not None and buffers.flat(a).shape == (24,)


def test_out_of_memory_is_one_error_and_no_complaint_of_an_owner():
    """pytest turns an error in a `__del__` into a failure."""
    for _ in range(3):
        with pytest.raises(MemoryError):
            buffers.empty(1 << 58)
        gc.collect()


def test_waiting_memory_is_given_back_before_memory_is_refused(monkeypatch):
    buffers.trim()
    buffers.empty(5000)  # waits from now on
    taken, right = [], np.empty

    def scarce(size, dtype):
        taken.append(size)
        if buffers.statistics().held_bytes:
            raise MemoryError
        return right(size, dtype)

    monkeypatch.setattr(buffers.np, "empty", scarce)
    a = buffers.empty(77777)
    assert a.size == 77777 and len(taken) == 2 and buffers.statistics().held_bytes == 0


def test_an_owner_ends_quietly_where_the_list_cannot_grow(monkeypatch):
    def full(size, block):
        raise MemoryError

    monkeypatch.setattr(buffers._pool, "give", full, raising=True)
    a = buffers.empty(100)
    del a
    gc.collect()
