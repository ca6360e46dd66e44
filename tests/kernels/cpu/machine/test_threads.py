"""One thread count for the process; kernels survive many Python threads, thread pools and forks."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import pytest

from cnnkit.errors import DeviceError, UsageError
from cnnkit.kernels.cpu.machine import threads
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


def test_a_numba_without_its_scheduler_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba.np.ufunc.parallel", None)
    with pytest.raises(DeviceError, match=f"Numba {numba.__version__} no longer has"):
        threads._launcher()


@inner
def failing_task(x, worker, task):
    if x[task] < 0:
        raise ValueError("negative")


@kernel
def failing(x):
    parallel_for(failing_task, x.size, (x,))


def test_an_error_in_a_task_reaches_the_caller(four_threads):
    failing(np.ones(5, np.float32))
    with pytest.raises(RuntimeError, match="a task of parallel_for raised"):
        failing(np.array([1, -1, 1], np.float32))


def run(program, env):
    command = [sys.executable, "-c", program]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)


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
@pytest.mark.parametrize("layer", ["default", "workqueue"])
def test_children_and_grandchildren_of_a_fork_compute(layer):
    env = {**os.environ, "NUMBA_NUM_THREADS": "4", "NUMBA_THREADING_LAYER": layer}
    done = run(FORK, env)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[1] == "4" and (layer == "default" or done.stdout.split()[0] == "workqueue")


QUEUE = """
import numpy as np
from concurrent.futures import ThreadPoolExecutor
from cnnkit.kernels import cpu
from cnnkit.kernels.cpu.machine import threads
from cnnkit.kernels.shared.geometry import Window
threads.set_threads(4)
x, w = np.ones((4, 20, 20, 8), np.float32), np.ones((3, 3, 8, 16), np.float32)
with ThreadPoolExecutor(8) as pool:
    assert all((y == 72).all() for y in pool.map(lambda _: cpu.conv2d(x, w, Window()), range(64)))
print(threads.layer())
"""


def test_workqueue_is_entered_by_one_python_thread_at_a_time():
    env = {**os.environ, "NUMBA_NUM_THREADS": "4", "NUMBA_THREADING_LAYER": "workqueue"}
    done = run(QUEUE, env)
    assert (done.returncode, done.stdout.strip()) == (0, "workqueue"), done.stderr


@pytest.mark.parametrize(
    ("given", "expected"), [({}, "1000"), ({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "active"}, "None")]
)
def test_idle_threads_sleep_soon_unless_the_user_says_else(given, expected):
    env = {name: value for name, value in os.environ.items() if name not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")}
    code = "import os; from cnnkit.kernels.cpu.machine import threads;"
    code += "threads.start(); print(os.environ.get('GOMP_SPINCOUNT'))"
    done = subprocess.run([sys.executable, "-c", code], env=env | given, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == expected
