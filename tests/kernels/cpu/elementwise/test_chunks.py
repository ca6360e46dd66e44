"""Results written past the caches: the same bits, whatever their shape and wherever they lie."""

import numpy as np
import pytest

from cnnkit.kernels import cpu
from cnnkit.kernels.cpu.elementwise import chunks
from cnnkit.kernels.cpu.machine import buffers
from cnnkit.kernels.shared.scalar import RELU, RELU6

EPS = 1e-5


def results(x, dy, place):
    """What each kernel that may write past the caches gives, some of it in a place of the caller's."""
    C = x.shape[-1]
    weight, bias, row = x[0, 0, 0] + np.float32(2), dy[0, 0, 0], x[0, 0, 1]
    y, mean, var = cpu.batch_norm(x, weight, bias, EPS, activation=RELU, residual=dy)
    yield from (y, mean, var)
    yield from cpu.batch_norm_dx(dy, x, weight, bias, mean, var, EPS, activation=RELU6)
    yield from cpu.batch_norm_dx(dy, x, weight, bias, mean, var, EPS, activation=RELU, y=y)
    yield cpu.batch_norm_frozen(x, weight, bias, mean, abs(var), EPS)
    yield cpu.activate(x, RELU, out=place)
    yield cpu.activate_dx(dy, x, RELU)
    yield cpu.add(x, dy, out=np.empty_like(x))
    yield cpu.multiply(x, row)
    yield from (cpu.channel_shuffle(x, groups) for groups in (2, C // 2))


@pytest.mark.parametrize("C", [6, 32, 64, 90])
def test_what_goes_past_the_caches_has_the_same_bits(rng, monkeypatch, C):
    shape = 3, 5, 7, C
    x, dy = (rng.standard_normal(shape, dtype=np.float32) for _ in range(2))
    off = buffers.empty(x.size + 1)[1:].reshape(shape)  # no vector of it lies on a cache line
    kept = [array.copy() for array in results(x, dy, off) if array is not None]
    monkeypatch.setattr(chunks, "STREAMED", 0)
    streamed = [array for array in results(x, dy, off) if array is not None]
    for now, before in zip(streamed, kept, strict=True):
        np.testing.assert_array_equal(now, before)


def test_only_whole_lines_of_large_results_go_past_the_caches(monkeypatch):
    monkeypatch.setattr(chunks, "STREAMED", 4 * 4096)
    monkeypatch.setattr(chunks, "LANES", buffers.LINE_FLOATS)
    large = buffers.empty(4096)
    assert chunks.streams(large) and not chunks.streams(buffers.empty(4095))
    assert not chunks.streams(buffers.empty(4097)[1:]) and not chunks.streams(large, row=24)
