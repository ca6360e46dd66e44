"""Rows of few channels have several pixels in a vector, to the bits of those that have one."""

import numpy as np
import pytest
from conv_operands import ConvCase, assert_conv_agrees, random_array

from cnnkit.kernels import cpu
from cnnkit.kernels.cpu.conv import schedule
from cnnkit.kernels.cpu.machine import jit, threads
from cnnkit.kernels.shared.geometry import Window
from cnnkit.kernels.shared.scalar import IDENTITY, RELU, RELU6, SIGMOID, leaky

SAME = Window(1, 1, 1, 1, 1, 1)
LANES = schedule.LANES
LONG = schedule.FLAT * LANES  # pixels of a row that suffice for one channel


def depthwise(N, H, W, C, kernel=(3, 3), win=SAME):
    return ConvCase((N, H, W, C), (*kernel, 1, C), win, C)


CASES = {
    "2 channels": depthwise(2, 4, LONG // 2 + 1, 2),
    "as many as half a vector": depthwise(2, 5, 37, LANES // 2),
    "a row of one tile": depthwise(1, 3, LONG // 2, 2),
    "5x5": depthwise(1, 5, LONG // 2 + 3, 2, (5, 5), Window(1, 1, 2, 2, 2, 2)),
    "1x4, padded on the left": depthwise(2, 3, LONG // 2 + 3, 2, (1, 4), Window(1, 1, 0, 0, 3, 0)),
    "rows a stride apart": depthwise(3, 7, LONG // 2, 2, (3, 3), Window(2, 1, 1, 1, 1, 1)),
    "no padding": depthwise(2, 4, LONG // 2 + 5, 2, win=Window()),
    "rows of padding alone": depthwise(2, 2, LONG // 2, 2, (3, 3), Window(1, 1, 5, 4, 2, 2)),
    "dilation": depthwise(1, 6, LONG // 2 + 5, 2, (3, 3), Window(1, 1, 3, 3, 2, 2, 3, 2)),
}


@pytest.mark.parametrize("activation", [IDENTITY, RELU, RELU6, leaky(0.1), SIGMOID], ids=lambda a: f"kind {a.kind}")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_it_agrees_with_the_definition(case, activation, rng):
    assert schedule.use_flat(case.x[3], case.y[2], case.win)
    assert_conv_agrees(cpu, case, rng, activation=activation, ends=True)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_bits_are_those_of_one_pixel_in_a_vector(case, rng, monkeypatch):
    x, w, b = random_array(rng, *case.x), random_array(rng, *case.w), random_array(rng, case.w[3])
    found = cpu.conv2d(x, w, case.win, case.groups, bias=b)
    monkeypatch.setattr(schedule, "use_flat", lambda *args: False)
    np.testing.assert_array_equal(found, cpu.conv2d(x, w, case.win, case.groups, bias=b))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_nothing_beyond_the_result_is_written(case, rng):
    x, w, size = random_array(rng, *case.x), random_array(rng, *case.w), int(np.prod(case.y))
    room = np.full(size + 64, 7, np.float32)
    out = room[32 : 32 + size].reshape(case.y)
    assert cpu.conv2d(x, w, case.win, case.groups, out=out) is out
    assert (room[:32] == 7).all() and (room[32 + size :] == 7).all()


def test_any_number_of_threads_gives_the_same_bits(rng):
    x, w = random_array(rng, 3, 29, LONG // 2, 2), random_array(rng, 3, 3, 1, 2)
    before, results = threads.get_threads(), []
    try:
        for count in (1, 2, 3, 4):
            threads.set_threads(count)
            results.append(cpu.conv2d(x, w, SAME, 2, activation=SIGMOID))
    finally:
        threads.set_threads(before)
    for other in results[1:]:
        np.testing.assert_array_equal(results[0], other)


def test_nan_stays_in_its_channel(rng):
    x, w = random_array(rng, 1, 6, LONG // 2, 2), random_array(rng, 3, 3, 1, 2)
    x[0, 2, 4, 1] = np.nan
    y = cpu.conv2d(x, w, SAME, 2)
    assert np.isnan(y[0, 1:4, 3:6, 1]).all() and np.isnan(y).sum() == 9


def test_it_is_for_few_channels_of_neighbouring_pixels():
    few = LANES // 2
    assert schedule.use_flat(few, LONG, SAME)
    assert not schedule.use_flat(LANES, LONG, SAME) and not schedule.use_flat(3, LONG, SAME)
    assert not schedule.use_flat(few, 7, SAME) and not schedule.use_flat(few, LONG, Window(2, 2, 1, 1, 1, 1))


def test_another_layer_adds_no_specialisation(rng):
    def run(case):
        b = random_array(rng, case.w[3])
        cpu.conv2d(random_array(rng, *case.x), random_array(rng, *case.w), case.win, case.groups, bias=b)

    run(CASES["2 channels"])
    before = jit.specialisations()
    run(CASES["5x5"])
    assert jit.specialisations() == before
