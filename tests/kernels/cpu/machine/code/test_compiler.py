"""Our own entry: every kind of argument arrives, and whoever compiles with Numba besides is not disturbed."""

import subprocess
import sys
from typing import NamedTuple

import numpy as np
import pytest

from cnnkit.kernels.cpu.machine.code.settings import DISABLE_JIT
from cnnkit.kernels.cpu.machine.jit import inner, kernel
from cnnkit.kernels.shared.geometry import input_row
from cnnkit.kernels.shared.inner import Inner


class Sizes(NamedTuple):
    stride_h: int
    pad_top: int
    dilation_h: int
    factor: float


@inner
def scaled(value, sizes):
    return value * sizes.factor


@kernel
def everything(y, x, flag, small, single, double, byte, sizes, tables):
    first, second = tables
    y[0] = x[1, 2]
    y[1] = x.shape[0] * 10 + x.shape[1]
    y[2] = small
    y[2] += byte
    y[3] = single
    y[4] = double if flag else -double
    y[5] = scaled(first[-1], sizes)
    y[6] = second[1, 0, 1] + len(second)
    y[7] = input_row(2, 1, sizes)


def test_every_kind_of_argument_arrives():
    y, x = np.zeros(8, np.float64), np.arange(12, dtype=np.float32).reshape(3, 4)
    tables = np.array([1, 2, 7]), np.arange(12, dtype=np.uint8).reshape(3, 2, 2)
    everything(y, x, False, -5, np.float32(0.1), 0.1, np.uint8(200), Sizes(3, 1, 2, 0.5), tables)
    assert y.tolist() == [6, 34, 195, float(np.float32(0.1)), -0.1, 3.5, 8, 7]


def test_an_inner_function_is_plain_python_to_python():
    assert scaled(4, Sizes(1, 1, 1, 0.25)) == 1 and input_row(2, 1, Sizes(3, 1, 2, 0)) == 7
    assert isinstance(scaled, Inner) and scaled.__name__ == "scaled" and repr(scaled) == "<inner scaled>"


OTHERS = """
import numba
import numpy as np
from cnnkit.kernels.cpu.machine.jit import inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for

@inner
def task(y, worker, task):
    y[task] = np.argmax(y[:1]) + 3

@kernel
def ours(y):
    parallel_for(task, y.size, (y,))

@numba.njit
def theirs(y):
    return np.argmax(y) + np.sort(y)[0] + 5

before = numba.njit(lambda y: np.sort(y)[0])
y = np.ones(5, np.float32)
assert before(y) == 1
ours(y)
assert (y == 3).all(), y
assert theirs(y) == 8 and before(y) == 3
"""


@pytest.mark.skipif(DISABLE_JIT, reason="nothing is compiled")
@pytest.mark.slow
def test_functions_that_somebody_else_compiles_may_share_parts_with_kernels():
    done = subprocess.run([sys.executable, "-c", OTHERS], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
