"""Short sums along rows have a kernel without tables, which agrees with the definition and writes its output alone."""

import numpy as np
import pytest
from agreement import assert_matches
from conv_operands import ConvCase, assert_conv_agrees, random_array
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnkit.kernels import cpu, reference
from cnnkit.kernels.cpu.conv import schedule
from cnnkit.kernels.cpu.conv.direct import rows
from cnnkit.kernels.cpu.conv.schedule.rows import SHORT
from cnnkit.kernels.cpu.machine import jit, threads
from cnnkit.kernels.shared.geometry import Window
from cnnkit.kernels.shared.scalar import HARD_SWISH, IDENTITY, RELU, RELU6, SIGMOID, leaky

POINT, SAME, HALF = Window(), Window(1, 1, 1, 1, 1, 1), Window(2, 2, 1, 1, 1, 1)
LANES = schedule.LANES


def pointwise(N, H, W, C, O):
    return ConvCase((N, H, W, C), (1, 1, C, O))


CASES = {
    "1x1, 4 to 24": pointwise(1, 13, 14, 4, 24),
    "1x1, 8 to 8": pointwise(2, 9, 11, 8, 8),
    "1x1, 8 to 4": pointwise(2, 9, 11, 8, 4),
    "1x1, 1 to 1": pointwise(1, 5, 7, 1, 1),
    "1x1, a vector": pointwise(1, 12, 12, 5, LANES),
    "1x1, a vector and a half": pointwise(1, 12, 12, 5, 3 * LANES // 2),
    "1x1, two vectors": pointwise(1, 12, 12, 5, 2 * LANES),
    "1x1, three vectors": pointwise(1, 12, 12, 5, 3 * LANES),
    "1x1, four vectors": pointwise(1, 12, 12, 5, 4 * LANES),
    "1x1, 24 to 136": pointwise(1, 10, 10, 24, 136),
    "1x1, 120 to 255": pointwise(1, 5, 4, 120, 255),
    "1x1, as many terms as are short": pointwise(1, 4, 5, SHORT, 40),
    "1x1, many pixels": pointwise(3, 20, 21, 3, 20),
    "1x1, more filters than pixels": pointwise(1, 4, 5, 90, 200),
    "1x1, few pixels": pointwise(1, 3, 4, 7, 100),
    "3x3 of three channels": ConvCase((2, 4, 60, 3), (3, 3, 3, 8), SAME),
    "3x3, stride 2": ConvCase((2, 5, 120, 3), (3, 3, 3, 21), HALF),
    "3x3, stride 2, no padding": ConvCase((1, 5, 121, 3), (3, 3, 3, 40), Window(2, 2)),
    "3x3, stride 2, padded below and on the right": ConvCase((2, 4, 120, 3), (3, 3, 3, 32), Window(2, 2, 0, 1, 0, 1)),
    "3x3, padded above and on the left": ConvCase((1, 3, 60, 2), (3, 3, 2, 70), Window(1, 1, 2, 0, 2, 0)),
    "7x7, stride 2": ConvCase((1, 4, 120, 3), (7, 7, 3, 64), Window(2, 2, 3, 3, 3, 3)),
    "5x5 of one channel": ConvCase((2, 7, 64, 1), (5, 5, 1, 6), Window()),
    "1x3, stride 1x2": ConvCase((1, 2, 120, 5), (1, 3, 5, 18), Window(1, 2, 0, 0, 1, 1)),
    "rows that nothing reads": ConvCase((2, 6, 60, 3), (1, 1, 3, 16), Window(3, 1)),
    "padding wider than the filter": ConvCase((1, 2, 54, 3), (3, 3, 3, 9), Window(1, 1, 5, 4, 4, 4)),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_it_agrees_with_the_definition(case, rng):
    assert schedule.use_rows(case.x, case.w, case.win, 1, case.y)
    assert_conv_agrees(cpu, case, rng, activation=RELU, ends=True)
    assert_conv_agrees(cpu, case, rng)


@pytest.mark.parametrize("activation", [IDENTITY, RELU, RELU6, leaky(0.1), SIGMOID, HARD_SWISH], ids=lambda a: a.kind)
@pytest.mark.parametrize("name", ["1x1, 8 to 8", "1x1, 24 to 136", "1x1, many pixels", "3x3, stride 2"])
def test_every_epilogue(name, activation, rng):
    assert_conv_agrees(cpu, CASES[name], rng, activation=activation, ends=True)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_pointwise_convolution_agrees_with_the_definition(data):
    def draw(low, high):
        return data.draw(st.integers(low, high))

    case = pointwise(draw(1, 3), draw(1, 12), draw(1, 9), draw(1, 24), draw(1, 100))
    assert_conv_agrees(cpu, case, np.random.default_rng(0), ends=True)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_bits_are_those_of_the_sums_by_tables(case, rng, monkeypatch):
    """The order of a sum is the same, so that no network's answer hangs on which of the two it gets."""
    x, w, dy = random_array(rng, *case.x), random_array(rng, *case.w), random_array(rng, *case.y)
    ends = {"bias": random_array(rng, case.w[3]), "residual": random_array(rng, *case.y), "activation": leaky(0.1)}

    def results():
        return cpu.conv2d(x, w, case.win, **ends), cpu.conv2d(x, w, case.win), cpu.conv2d_dx(dy, w, case.x, case.win)

    found = results()
    monkeypatch.setattr(schedule, "use_rows", lambda *args: False)
    for one, other in zip(found, results(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_nothing_beyond_the_output_is_written(case, rng):
    x, w = random_array(rng, *case.x), random_array(rng, *case.w)
    size = int(np.prod(case.y))
    room = np.full(size + 64, 7, np.float32)
    out = room[32 : 32 + size].reshape(case.y)
    assert cpu.conv2d(x, w, case.win, out=out) is out
    assert (room[:32] == 7).all() and (room[32 + size :] == 7).all()


@pytest.mark.parametrize("activation", [leaky(0.1), SIGMOID], ids=lambda a: a.kind)
@pytest.mark.parametrize("name", ["1x1, 8 to 4", "1x1, 24 to 136", "3x3, stride 2"])
def test_between_the_channels_of_others_the_bits_are_the_same(name, activation, rng):
    case = CASES[name]
    x, w, O = random_array(rng, *case.x), random_array(rng, *case.w), case.w[3]
    room = np.full((*case.y[:3], O + 5), 7, np.float32)
    cpu.conv2d(x, w, case.win, activation=activation, out=cpu.channels(room, 2, O))
    np.testing.assert_array_equal(room[..., 2 : 2 + O], cpu.conv2d(x, w, case.win, activation=activation))
    assert (room[..., :2] == 7).all() and (room[..., 2 + O :] == 7).all()


@pytest.mark.parametrize("channels", [LANES, 3 * LANES, 8 * LANES])
def test_large_results_go_past_the_caches_to_the_same_bits(channels, rng, monkeypatch):
    x, w = random_array(rng, 1, 20, 20, 6), random_array(rng, 1, 1, 6, channels)
    wanted = cpu.conv2d(x, w, POINT, activation=RELU)
    rows.plan.cache_clear()
    monkeypatch.setattr(schedule, "stream", lambda floats, channels: channels % LANES == 0)
    sizes, _ = rows.plan(x.shape, wanted.shape, channels, w.shape, POINT, schedule.rows_tile(channels), channels)
    assert sizes.streamed
    np.testing.assert_array_equal(cpu.conv2d(x, w, POINT, activation=RELU), wanted)
    rows.plan.cache_clear()


@pytest.mark.parametrize("name", ["1x1, 8 to 8", "1x1, 24 to 136", "1x1, many pixels", "7x7, stride 2"])
def test_any_number_of_threads_gives_the_same_bits(name, rng):
    case = CASES[name]
    x, w = random_array(rng, *case.x), random_array(rng, *case.w)
    before, results = threads.get_threads(), []
    try:
        for count in (1, 2, 3, 4):
            threads.set_threads(count)
            results.append(cpu.conv2d(x, w, case.win, activation=SIGMOID))
    finally:
        threads.set_threads(before)
    for other in results[1:]:
        np.testing.assert_array_equal(results[0], other)


def test_nan_stays_in_its_pixel(rng):
    x, w = random_array(rng, 1, 8, 9, 8), random_array(rng, 1, 1, 8, 24)
    x[0, 3, 4, 5] = np.nan
    for activation in (IDENTITY, RELU, RELU6, leaky(0.1), SIGMOID):
        y = cpu.conv2d(x, w, POINT, activation=activation)
        assert np.isnan(y[0, 3, 4]).all() and np.isnan(y).sum() == 24


def test_gradients_by_the_images_of_1x1_filters_agree_with_the_definition(rng):
    for C, O in ((8, 4), (24, 136), (150, 20)):
        w, dy, x = random_array(rng, 1, 1, C, O), random_array(rng, 2, 9, 8, O), random_array(rng, 2, 9, 8, C)
        found = cpu.conv2d_dx(dy, w, x.shape, POINT, x=x, activation=RELU, others=x)
        assert_matches(found, reference.conv2d_dx(dy, w, x.shape, POINT, x=x, activation=RELU, others=x), O)


def test_another_layer_adds_no_specialisation(rng):
    def run(*cases):
        for case in cases:
            w = random_array(rng, *case.w)
            cpu.conv2d(random_array(rng, *case.x), w, case.win, bias=random_array(rng, case.w[3]), activation=RELU6)

    run(pointwise(1, 20, 20, 4, 8), CASES["3x3 of three channels"])
    before = jit.specialisations()
    run(pointwise(2, 9, 9, 9, 7), ConvCase((1, 40, 60, 1), (5, 5, 1, 6), Window(2, 1, 2, 2, 2, 2)))
    assert jit.specialisations() == before
