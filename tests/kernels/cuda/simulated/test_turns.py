"""The threads of a simulated block: one after the other, and what goes wrong between them is found."""

import threading
from contextlib import nullcontext

import numpy as np
import pytest

from cnnkit.kernels import cuda as home
from cnnkit.kernels.cuda.machine.launch import cuda, kernel
from cnnkit.kernels.cuda.machine.ptx import ld
from cnnkit.kernels.cuda.machine.simulated import turns

pytestmark = pytest.mark.usefixtures("on_cuda")
COUNT = 40  # a warp and a quarter
BLOCKS = 3


def zeros(count=COUNT):
    return home.zeros((count,))


@kernel
def turned_round(y, wait):
    """y[i] = i of the thread at the other end of the block, by way of shared memory."""
    shared = cuda.shared.array(COUNT, np.float32)
    i = cuda.threadIdx.x
    shared[i] = i
    if wait:
        cuda.syncthreads()
    y[cuda.blockIdx.x * COUNT + i] = ld(shared, COUNT - 1 - i)


@kernel
def summed(y):
    """y[i] = the sum of all numbers up to i, in steps that double: two barriers each."""
    shared = cuda.shared.array(COUNT, np.float32)
    i = cuda.threadIdx.x
    shared[i] = i
    step = 1
    while step < COUNT:
        cuda.syncthreads()
        more = shared[i - step] if i >= step else 0
        cuda.syncthreads()
        shared[i] += more
        step *= 2
    y[i] = shared[i]


@kernel
def left_early(y):
    """Threads that end are waited for by nobody."""
    i = cuda.threadIdx.x
    if i % 3 == 0:
        return
    cuda.syncthreads()
    y[i] = 1


@kernel
def failing(y):
    if cuda.threadIdx.x == 5:
        raise IndexError("too far")
    cuda.syncthreads()


@kernel
def apart(y):
    if cuda.threadIdx.x == 5:
        threading.current_thread().syncwarp()
    cuda.syncthreads()


def test_a_barrier_is_waited_at_and_a_missing_one_is_found_in_every_block():
    y = zeros(BLOCKS * COUNT)
    turned_round(BLOCKS, COUNT, y, 1)
    np.testing.assert_array_equal(home.fetch(y), np.tile(np.arange(COUNT)[::-1], BLOCKS))
    turned_round(BLOCKS, COUNT, y, 0)
    # Half of the threads come too early, and nothing is left there of the block before.
    assert np.isnan(home.fetch(y)).reshape(BLOCKS, COUNT).sum(axis=1).tolist() == [COUNT // 2] * BLOCKS


def test_it_is_found_whoever_begins():
    early = []
    for order in (turns.backwards, nullcontext):
        y = zeros()
        with order():
            turned_round(1, COUNT, y, 0)
        early.append(np.isnan(home.fetch(y)))
    np.testing.assert_array_equal(early[0], ~early[1])


def test_many_barriers_give_the_same_whoever_begins():
    for order in (turns.backwards, nullcontext):
        y = zeros()
        with order():
            summed(1, COUNT, y)
        np.testing.assert_array_equal(home.fetch(y), np.cumsum(np.arange(COUNT)))


def test_threads_that_have_ended_are_not_waited_for():
    y = zeros()
    left_early(1, COUNT, y)
    np.testing.assert_array_equal(home.fetch(y), np.arange(COUNT) % 3 != 0)


def test_an_error_of_one_thread_ends_all_and_the_next_launch_works():
    y = zeros()
    with pytest.raises(IndexError, match="too far") as caught:
        failing(1, COUNT, y)
    assert caught.value.__notes__ == ["Thread (5, 0, 0) of block (0, 0, 0)."]
    left_early(1, COUNT, y)
    assert home.fetch(y).sum() == sum(i % 3 != 0 for i in range(COUNT))


def test_threads_that_wait_for_each_other_at_different_barriers_are_told():
    with pytest.raises(RuntimeError, match="at different barriers"):
        apart(1, COUNT, zeros())
