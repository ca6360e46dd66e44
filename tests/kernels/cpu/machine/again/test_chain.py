"""Calls of kernels in a row, as one call."""

import numpy as np
import pytest
from numba import config

from cnnkit.kernels.cpu.machine import steps
from cnnkit.kernels.cpu.machine.again.chain import Chain, chained
from cnnkit.kernels.cpu.machine.jit import inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for


@inner
def scaled_task(x, y, factor, worker, task):
    if x[task] > 1e6:
        raise ValueError("too large")
    y[task] = factor * x[task]


@kernel
def scaled(x, y, factor):
    parallel_for(scaled_task, x.size, (x, y, factor))


def noted(x):
    """Arrays, and the calls that made each out of the one before; NumPy has a hand in the third."""
    arrays, calls = [x, *(np.empty_like(x) for _ in range(4))], []
    token = steps.noted.set(lambda function, args: calls.append((function, args)))
    try:
        scaled(arrays[0], arrays[1], 2.0)
        scaled(arrays[1], arrays[2], 3.0)
        steps.by_numpy(np.copyto, arrays[3], arrays[2])
        scaled(arrays[3], arrays[4], -1.0)
    finally:
        steps.noted.reset(token)
    return arrays, calls


def test_each_call_reads_what_those_before_it_wrote():
    x = np.arange(7, dtype=np.float32)
    arrays, calls = noted(x)
    again = chained(calls)
    x += 1
    for call in again:
        call()
    np.testing.assert_array_equal(arrays[4], -6 * x)


@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="without machine code no kernel joins a chain")
def test_kernels_that_follow_each_other_are_one_call():
    _, calls = noted(np.ones(3, np.float32))
    assert [type(call) is Chain for call in chained(calls)] == [True, False, True]
    assert chained([]) == []


@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="without machine code no kernel joins a chain")
def test_an_error_ends_the_chain_and_names_the_kernel_and_the_next_run_is_sound_again():
    x = np.ones(3, np.float32)
    arrays, calls = noted(x)
    chain = Chain(calls[:2])
    x[:] = 1e6
    arrays[2][:] = 7
    with pytest.raises(RuntimeError, match=r"the kernel scaled raised an error, given \(array"):
        chain()
    assert (arrays[2] == 7).all()
    x[:] = 5
    chain()
    assert (arrays[2] == 30).all()
