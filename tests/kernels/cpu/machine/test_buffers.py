"""Aligned arrays whose memory comes back when the last array over it dies."""

import gc
import resource
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

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


def test_several_arrays_share_one_piece_of_memory_on_lines_of_their_own():
    arrays = buffers.side_by_side(5, 0, 16, 1)
    for number, array in enumerate(arrays):
        array[...] = number
    assert [array.tolist() for array in arrays] == [[0] * 5, [], [2] * 16, [3]]
    assert all(buffers.is_aligned(array) for array in arrays)


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


@pytest.fixture
def pool(monkeypatch):
    """A pool of its own, in which nothing else waits; "lately" is short."""
    monkeypatch.setattr(buffers, "pool", buffers._Pool())
    monkeypatch.setattr(buffers, "FLOOR", 1 << 20)
    monkeypatch.setattr(buffers, "WHILE", 1000)
    return buffers.pool


def waiting() -> int:
    """The bytes that wait, counted, so without the sum that the pool keeps itself."""
    return buffers.statistics().held_bytes


def test_sizes_that_change_do_not_pile_up(pool):
    """As in an epoch over images of many sizes: of each batch some arrays are in use at once."""
    most = 0
    for number in range(400):
        arrays = [buffers.empty((part + 1, 97 * (number % 80 + 1), 30)) for part in range(4)]
        most = max(most, sum(a.nbytes for a in arrays))
        del arrays
        # Blocks are up to an eighth larger than their arrays.
        assert waiting() <= max(buffers.FLOOR, buffers.SPARE * most * 9 / 8)
    assert most > buffers.FLOOR  # so the floor was not what held it


def test_what_has_waited_longest_goes_first(pool, monkeypatch):
    def address(size):
        return buffers.empty(size, np.uint8).ctypes.data

    monkeypatch.setattr(buffers, "FLOOR", 250_000)
    monkeypatch.setattr(pool, "spare", 0)
    first, second = address(65536), address(81920)
    assert address(65536) == first  # asked for again: now the second has waited longest
    keep = buffers.empty(16384, np.uint8)
    address(131072)
    assert waiting() <= 250_000 and [bool(pool.free[size]) for size in (65536, 81920, 131072)] == [True, False, True]
    assert address(65536) == first and second
    del keep


def test_a_floor_waits_in_any_case_and_a_large_phase_is_forgotten(pool):
    large = [buffers.empty(1 << 20) for _ in range(4)]
    del large
    assert waiting() >= 16 << 20  # as much as was in use at once may wait
    for _ in range(2 * buffers.WHILE + 4):
        buffers.empty(10)
    assert 0 < waiting() <= buffers.FLOOR


def test_the_sum_that_the_pool_keeps_is_what_waits(pool):
    for number in range(300):
        a, b = buffers.empty(1000 * (number % 7 + 1)), buffers.empty(20_000 * (number % 11 + 1))
        del a, b
    blocks = sum(size * len(found) for size, found in pool.free.items())
    assert pool.waiting == blocks and pool.used == 0
    buffers.trim()
    assert pool.waiting == 0 == waiting()


def test_where_memory_is_spared_only_the_floor_waits_or_nothing(pool):
    def used_once():
        arrays = [buffers.empty(1 << 20) for _ in range(4)]
        del arrays
        return waiting()

    assert used_once() >= 16 << 20
    with buffers.sparing():
        assert waiting() <= buffers.FLOOR and used_once() <= buffers.FLOOR
    with buffers.nothing_waits():
        assert waiting() == 0 == used_once() == pool.used
    assert used_once() >= 16 << 20


def test_large_blocks_are_the_systems_again_as_soon_as_they_are_let_go_of(pool):
    """Of many blocks one is kept in between: the C library would keep what lies below it."""

    def resident():
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

    with buffers.nothing_waits():
        before = resident()
        arrays = [buffers.empty(3 << 18) for _ in range(40)]
        for array in arrays:
            array.fill(1)
        assert resident() - before > 110 << 20
        del arrays[:-1], array
        assert resident() - before < 10 << 20


def test_a_steady_round_of_sizes_takes_no_new_memory(pool):
    """Sizes at different times of a step, all more than the floor: those of its beginning must not go at its end."""

    def step():
        kept = [buffers.empty(100_000 + 20_000 * i) for i in range(20)]
        while kept:
            kept.pop()
            buffers.empty(110_000 + 40_000 * len(kept))

    step()
    misses = pool.misses
    for _ in range(5):
        step()
    assert pool.misses == misses and waiting() > buffers.FLOOR


def test_arrays_of_changing_sizes_in_several_threads_neither_overlap_nor_pile_up(pool):
    def work(number):
        for turn in range(300):
            a = buffers.empty(1000 + 1777 * ((turn * number) % 83))
            a.fill(number)
            assert (a == number).all()
        return True

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(work, range(8)))
    most = 8 * (1000 + 1777 * 82) * 4
    assert waiting() <= max(buffers.FLOOR, buffers.SPARE * most * 9 / 8)


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

    monkeypatch.setattr(buffers.pool, "give", full, raising=True)
    a = buffers.empty(100)
    del a
    gc.collect()
