"""A computation made again by its kernels alone."""

import gc
import threading

import numpy as np
import pytest
from numba import config

from cnnkit import kernels
from cnnkit.kernels import cpu
from cnnkit.kernels.cpu.machine import jit
from cnnkit.kernels.cpu.machine.again.program import Program
from cnnkit.kernels.shared.geometry import Window

RNG = np.random.default_rng(0)
SHAPE = (1, 9, 9, 20)
FILTERS, BIAS = RNG.standard_normal((3, 3, 20, 20)).astype(np.float32), RNG.standard_normal(20).astype(np.float32)


def images(count=1):
    found = [RNG.standard_normal(SHAPE).astype(np.float32) for _ in range(count)]
    return found[0] if count == 1 else found


def network(x):
    """Some kernels, NumPy in the place of one (`pad`), and a result that is the input of another."""
    y = cpu.conv2d(x, FILTERS, Window(1, 1, 1, 1, 1, 1), bias=BIAS)
    y = cpu.add(y, cpu.conv2d(y, FILTERS, Window(1, 1, 1, 1, 1, 1)))
    return [cpu.pad(y, [(0, 0), (1, 2), (0, 0), (0, 0)], 3.0), cpu.softmax(y), y]


def same(found, expected):
    assert found is not None
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other, strict=True)


def test_it_gives_the_same_bits_for_other_numbers():
    program = Program.of(network, images())
    for x in images(3):
        same(program(x), network(x))


def test_the_number_of_threads_changes_no_bit():
    x = images()
    program = Program.of(network, x)
    with kernels.use(threads=1):
        one = program(x)
    with kernels.use(threads=2):
        same(program(x), one)


def test_results_are_the_callers_own():
    x, z = images(2)
    program = Program.of(network, x)
    first = program(x)
    before = [array.copy() for array in first]
    program(z)
    same(first, before)


def test_nobody_elses_memory_is_written_to():
    program = Program.of(network, images())
    others = [cpu.zeros(SHAPE) for _ in range(4)] + [cpu.add(np.zeros(SHAPE, np.float32), 0.0) for _ in range(20)]
    gc.collect()
    program(images())
    assert not any(array.any() for array in others)


def test_there_is_none_where_python_has_a_hand_in_the_numbers():
    assert Program.of(lambda x: [cpu.add(x, float(x.max()))], images()) is None
    assert Program.of(lambda x: [cpu.add(x, x) if x[0, 0, 0, 0] > 0 else cpu.negate(x)], -np.abs(images())) is None
    assert Program.of(lambda x: [np.abs(x)], images()) is None


def test_there_is_none_where_the_calls_differ_from_one_time_to_the_next():
    calls = []

    def work(x):
        calls.append(x)
        return [cpu.add(x, cpu.add(x, x)) if len(calls) % 2 else cpu.add(x, x)]

    assert Program.of(work, images()) is None


def test_there_is_none_of_more_memory_than_is_worth_keeping(monkeypatch):
    monkeypatch.setattr("cnnkit.kernels.cpu.machine.again.program.MOST_BYTES", 10_000)
    assert Program.of(network, images()) is None


def test_who_comes_meanwhile_is_told_to_compute_for_himself():
    x = images()
    program, found, inside, over = Program.of(network, x), [], threading.Event(), threading.Event()

    def wait():
        inside.set()
        over.wait(10)

    program._calls.append(wait)
    one = threading.Thread(target=lambda: found.append(program(x)))
    one.start()
    assert inside.wait(10)
    assert program(x) is None
    over.set()
    one.join()
    same(found[0], network(x))


def test_where_kernels_do_not_run_there_is_none_and_none_runs():
    x = images()
    program = Program.of(network, x)
    with jit.pass_over():
        assert cpu.program(network, x) is None
        assert program(x) is None


@pytest.mark.parametrize("dtype", [np.int64, np.uint8])
def test_whole_numbers_are_moved_again_too(dtype):
    table = np.arange(60, dtype=dtype).reshape(3, 20)

    def work(x):
        rows = cpu.where(cpu.slice(x, (0, 0, 0, 0), (1, 1, 3, 20), (1, 1, 1, 1)).reshape(3, 20), table, table[::-1])
        return [cpu.permute(rows, (1, 0))]

    x = (images() > 0).astype(np.float32)
    program = Program.of(work, x)
    for other in (images(), 1 - x):
        same(program(other), work(other))


@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="without machine code no kernel joins a chain")
def test_a_network_with_biases_that_fill_no_panel_is_one_call():
    def layers(x):
        y = cpu.conv2d(x, FILTERS, Window(), bias=BIAS)
        return [cpu.conv2d(y, FILTERS, Window(), bias=BIAS)]

    assert len(Program.of(layers, images())._calls) == 1
