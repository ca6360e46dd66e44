"""Results that are written between the channels of others."""

import numpy as np
import pytest

from cnnkit.kernels import cpu
from cnnkit.kernels.cpu.conv.schedule import direct
from cnnkit.kernels.shared.geometry import Window
from cnnkit.kernels.shared.scalar import HARD_SWISH, IDENTITY, RELU, leaky

SAME = Window(1, 1, 1, 1, 1, 1)
# What picks the schedule: (C, O, taps, window, groups).
CASES = {
    "winograd": (16, 40, 3, SAME, 1),
    "winograd of 5x5": (16, 16, 5, Window(1, 1, 2, 2, 2, 2), 1),
    "winograd, dilated": (16, 16, 3, Window(1, 1, 4, 4, 4, 4, 4, 4), 1),
    "one tap": (24, 70, 1, Window(), 1),
    "a stride": (5, 33, 3, Window(2, 2, 1, 1, 1, 1), 1),
    "groups": (8, 36, 3, SAME, 2),
    "depthwise": (20, 20, 3, SAME, 20),
}


@pytest.mark.parametrize("activation", [IDENTITY, RELU, HARD_SWISH, leaky(0.1)], ids=str)
@pytest.mark.parametrize("case", CASES)
def test_bits_are_those_of_a_result_of_its_own_and_nothing_beside_it_changes(case, activation, rng):
    C, O, taps, win, groups = CASES[case]
    x = rng.standard_normal((2, 17, 19, C), dtype=np.float32)
    filters = cpu.pack(rng.standard_normal((taps, taps, C // groups, O), dtype=np.float32), groups)
    ends = {"bias": rng.standard_normal(O, dtype=np.float32), "activation": activation}
    wanted = cpu.conv2d(x, filters, win, groups, **ends)
    residual = rng.standard_normal(wanted.shape, dtype=np.float32)
    for first, more in [(0, 16), (16, 48), (3, 4)]:
        whole = np.full((*wanted.shape[:3], O + more), np.nan, np.float32)
        cpu.conv2d(x, filters, win, groups, out=cpu.channels(whole, first, O), **ends)
        assert whole[..., first : first + O].tobytes() == wanted.tobytes()
        assert np.isnan(whole[..., :first]).all() and np.isnan(whole[..., first + O :]).all()
    cpu.conv2d(x, filters, win, groups, out=cpu.channels(whole, 2, O), residual=residual, **ends)
    wanted = cpu.conv2d(x, filters, win, groups, residual=residual, **ends)
    assert whole[..., 2 : 2 + O].tobytes() == wanted.tobytes()


@pytest.mark.parametrize("first", [0, 16, 3])
def test_large_results_go_past_the_caches_there_too(first, rng, monkeypatch):
    monkeypatch.setattr(direct, "STREAM_BYTES", 0)
    x, w = rng.standard_normal((1, 16, 16, 8), dtype=np.float32), rng.standard_normal((1, 1, 8, 64), dtype=np.float32)
    whole = cpu.zeros((1, 16, 16, 96))
    cpu.conv2d(x, w, Window(), out=cpu.channels(whole, first, 64))
    assert whole[..., first : first + 64].tobytes() == cpu.conv2d(x, w, Window()).tobytes()


@pytest.mark.parametrize("needs_arg", [True, False])
@pytest.mark.parametrize(("kernel", "win"), [((2, 2), Window(2, 2)), ((3, 3), Window(2, 2, 1, 0, 1, 0))], ids=str)
def test_a_pool_reads_some_channels_where_they_lie(kernel, win, needs_arg, rng):
    whole = rng.standard_normal((2, 8, 9, 80), dtype=np.float32)
    part = cpu.channels(whole, 5, 70)
    found, wanted = (cpu.max_pool2d(x, kernel, win, needs_arg=needs_arg) for x in (part, part.copy()))
    np.testing.assert_array_equal(found[0], wanted[0])
    if needs_arg:
        np.testing.assert_array_equal(found[1], wanted[1])
