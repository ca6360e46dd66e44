"""One thread count for the process; kernels survive many Python threads, helpers that do not come, and forks."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
from numba.core import config

from cnnkit.errors import UsageError
from cnnkit.kernels.cpu.machine import threads
from cnnkit.kernels.cpu.machine.code.parallel import SHARES
from cnnkit.kernels.cpu.machine.crew import board
from cnnkit.kernels.cpu.machine.jit import inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for


@inner
def square_task(x, y, workers, worker, task):
    y[task] = x[task] * x[task]
    workers[task] = worker


@kernel
def square(x, y, workers):
    parallel_for(square_task, x.size, (x, y, workers))


def squares(n):
    x = np.arange(n, dtype=np.float32)
    y, workers = np.full(n, -1, np.float32), np.full(n, -1, np.int64)
    square(x, y, workers)
    return x, y, workers


@pytest.fixture
def four_threads():
    before = threads.get_threads()
    threads.set_threads(4)
    yield
    threads.set_threads(before)


@pytest.mark.parametrize("tasks", [0, 1, 3, 1000])
def test_each_task_runs_once_on_a_numbered_worker(four_threads, tasks):
    x, y, workers = squares(tasks)
    np.testing.assert_array_equal(y, x * x)
    assert ((workers >= 0) & (workers < 4)).all()


@pytest.mark.parametrize("tasks", [2, 5, 400])
def test_a_thread_takes_its_own_share_from_the_front_and_others_help_at_the_back(four_threads, tasks):
    for _ in range(20):
        _, _, workers = squares(tasks)
        ends = [-(-tasks * share // 4) for share in range(5)]
        for share, (first, end) in enumerate(pairwise(ends)):
            own = workers[first:end] == share
            assert own[: own.sum()].all()


@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="shares are dealt in machine code")
def test_more_threads_than_shares_leave_no_task_out():
    """As many threads are told of as no machine here has: callers find the board, and nobody comes."""
    x = squares(1000)[0]  # the crew has started
    before = board.read(board.THREADS)
    board.write(board.THREADS, 5 * SHARES)
    try:
        _, y, workers = squares(1000)
    finally:
        board.write(board.THREADS, before)
    np.testing.assert_array_equal(y, x * x)
    assert (workers >= 0).all()


def test_many_python_threads_at_once(four_threads):
    with ThreadPoolExecutor(8) as pool:
        for x, y, _ in pool.map(squares, [257] * 200):
            np.testing.assert_array_equal(y, x * x)


def test_the_count_holds_in_every_python_thread(four_threads):
    threads.set_threads(1)
    with ThreadPoolExecutor(2) as pool:
        assert all((workers == 0).all() for _, _, workers in pool.map(squares, [99] * 20))


def test_an_impossible_count_is_refused():
    with pytest.raises(UsageError, match="NUMBA_NUM_THREADS=4096"):
        threads.set_threads(4096)
    with pytest.raises(UsageError, match="0 threads"):
        threads.set_threads(0)


@inner
def failing_task(x, worker, task):
    if x[task] < 0:
        raise ValueError("negative")


@kernel
def failing(x):
    parallel_for(failing_task, x.size, (x,))


def test_an_error_in_a_task_reaches_the_caller(four_threads):
    failing(np.ones(5, np.float32))
    compiled = RuntimeError, "the kernel failing raised an error"
    kind, told = (ValueError, "negative") if config.DISABLE_JIT else compiled
    with pytest.raises(kind, match=told):
        failing(np.array([1, -1, 1], np.float32))


@inner
def unequal_task(y, rounds, worker, task):
    """The first task is short; a caller that takes it waits long for the helper that has the second."""
    value = np.float32(task)
    for _ in range(rounds * task):
        value = value * np.float32(0.5) + np.float32(0.5)
    y[task] = value


@kernel
def unequal(y, rounds):
    parallel_for(unequal_task, y.size, (y, rounds))


def test_the_caller_waits_for_tasks_that_somebody_has_begun(four_threads):
    for _ in range(20):
        y = np.full(2, -1, np.float32)
        unequal(y, 1_000_000)
        np.testing.assert_array_equal(y, [0, 1])


@inner
def adding_task(counts, worker, task):
    for i in range(counts.size):
        counts[i] += task


@kernel
def adding(counts):
    parallel_for(adding_task, 1, (counts,))


def test_a_single_task_is_the_callers(four_threads):
    counts = np.zeros(3)
    adding(counts)
    assert not counts.any()


def run(program, **env):
    """What it prints in a process of its own, with four threads at most."""
    env = {**os.environ, "NUMBA_NUM_THREADS": "4", "NUMBA_DISABLE_JIT": "0", **env}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


FORK = """
import os, sys
import numpy as np
from concurrent.futures import ThreadPoolExecutor
from cnnkit.kernels import cpu
from cnnkit.kernels.cpu.machine import threads
from cnnkit.kernels.shared.geometry import Window

x, w = np.ones((4, 20, 20, 8), np.float32), np.ones((3, 3, 8, 16), np.float32)

def check():
    assert (cpu.conv2d(x, w, Window()) == 72).all()

threads.set_threads(4)
check()

def child(depth):
    pid = os.fork()
    if pid == 0:
        assert threads.get_threads() == 1
        check()
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda _: check(), range(9)))
        if depth:
            child(depth - 1)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0

child(1)
check()
print(threads.layer(), threads.get_threads())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.parametrize("layer", ["default", "omp", "workqueue"])
def test_children_and_grandchildren_of_a_fork_compute(layer):
    found, count = run(FORK, NUMBA_THREADING_LAYER=layer)
    assert count == "4" and found == ("cnnkit" if layer == "default" else layer)
