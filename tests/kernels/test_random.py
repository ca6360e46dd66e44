"""Random numbers by counter: equal on every backend, and as random as they should be."""

import numpy as np
import pytest
from agreement import assert_matches

from cnnkit.kernels import cpu, reference

KEYS = [(0, 0), (1, 2), (2**63 + 5, 2**40 + 7)]


@pytest.mark.parametrize("key", KEYS, ids=str)
@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 300])
def test_backends_draw_the_same_words(key, count):
    np.testing.assert_array_equal(cpu.uniform((count,), key), reference.uniform((count,), key))


@pytest.mark.parametrize(("seed", "stream"), KEYS, ids=str)
@pytest.mark.parametrize("k", [reference, cpu], ids=["reference", "cpu"])
def test_a_stream_in_memory_is_the_one_of_its_number(k, seed, stream):
    kept = k.uniform((200,), (seed, stream)) >= 0.25
    np.testing.assert_array_equal(k.dropout(np.ones(200, np.float32), 0.25, (seed, np.array(stream))) > 0, kept)


@pytest.mark.parametrize("k", [reference, cpu], ids=["reference", "cpu"])
@pytest.mark.parametrize("shape", [(), (1,)])
def test_a_counter_gives_its_number_and_counts_up(k, shape):
    counter = np.full(shape, 2**40 + 7)
    first, second = k.count_up(counter), k.count_up(counter)
    assert (first.item(), second.item(), counter.item()) == (2**40 + 7, 2**40 + 8, 2**40 + 9)
    assert (first.shape, first.dtype) == (shape, np.int64)


@pytest.mark.parametrize("rate", [0.0, 0.3, 1.0])
def test_dropout_agrees_with_its_definition(rng, rate):
    x = rng.standard_normal((3, 5, 7, 2)).astype(np.float32)
    key = 3, np.array(4)
    y, expected = cpu.dropout(x, rate, key), reference.dropout(x, rate, key)
    np.testing.assert_array_equal(y == 0, expected == 0)
    assert_matches(y, expected)


def test_tasks_continue_each_other():
    long, short = cpu.uniform((40_000,), (1, 2)), cpu.uniform((16_400,), (1, 2))
    np.testing.assert_array_equal(long[:16_400], short)


def test_the_rate_is_kept():
    """The share dropped of n has a standard deviation of √(p·(1 - p) / n); five of them are never met by chance."""
    n, rate = 200_000, 0.3
    y = cpu.dropout(np.ones(n, np.float32), rate, (1, np.array(0)))
    assert abs((y == 0).mean() - rate) < 5 * np.sqrt(rate * (1 - rate) / n)
    np.testing.assert_allclose(y[y != 0], 1 / (1 - rate), rtol=1e-6)


def test_uniform_numbers_fill_the_interval():
    x = cpu.uniform((100, 1000), (5, 6))
    assert x.shape == (100, 1000)
    assert x.min() >= 0
    assert x.max() < 1
    shares = np.histogram(x, 10, (0, 1))[0] / x.size
    assert np.abs(shares - 0.1).max() < 5 * np.sqrt(0.09 / x.size)


def test_streams_and_seeds_differ():
    draws = [cpu.uniform((64,), key) for key in ((0, 0), (0, 1), (1, 0))]
    assert all((a != b).any() for a, b in zip(draws, draws[1:] + draws[:1], strict=True))


@pytest.mark.parametrize("backend", [reference, cpu], ids=["reference", "cpu"])
def test_a_dropped_nan_stays_visible(backend):
    assert np.isnan(backend.dropout(np.full(64, np.nan, np.float32), 0.5, (0, np.array(0)))).all()
