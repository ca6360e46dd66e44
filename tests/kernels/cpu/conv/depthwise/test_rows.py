"""Depthwise convolution has schedules of its own, which agree with the definition and write their output alone."""

import numpy as np
import pytest
from agreement import assert_matches
from conv_operands import ConvCase, assert_conv_agrees, random_array
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnkit.kernels import cpu
from cnnkit.kernels.cpu.conv import schedule
from cnnkit.kernels.cpu.machine import jit, threads
from cnnkit.kernels.shared.geometry import Window
from cnnkit.kernels.shared.scalar import IDENTITY, RELU, RELU6, SIGMOID, leaky

SAME, HALF = Window(1, 1, 1, 1, 1, 1), Window(2, 2, 1, 1, 1, 1)
LANES = schedule.LANES


def depthwise(N, H, W, C, kernel=(3, 3), win=SAME):
    return ConvCase((N, H, W, C), (*kernel, 1, C), win, C)


CASES = {
    "a vector of channels": depthwise(2, 9, 16, LANES),
    "tiles of seven pixels": depthwise(1, 5, 14, 2 * LANES),
    "17 channels": depthwise(2, 6, 11, 17),
    "58 channels, wider than two tiles": depthwise(1, 4, 23, 58),
    "3 channels": depthwise(2, 5, 19, 3),
    "one pixel": depthwise(3, 1, 1, 32),
    "one column": depthwise(2, 7, 1, 20),
    "no padding": depthwise(1, 9, 18, 32, win=Window()),
    "stride 2": depthwise(2, 9, 20, 32, win=HALF),
    "stride 2, 17 channels of even images": depthwise(2, 8, 18, 17, win=HALF),
    "stride 2, padded below and on the right": depthwise(1, 8, 16, 24, win=Window(2, 2, 0, 1, 0, 1)),
    "padded above and on the left": depthwise(1, 8, 9, 24, win=Window(1, 1, 1, 0, 1, 0)),
    "5x5": depthwise(1, 9, 19, 20, (5, 5), Window(1, 1, 2, 2, 2, 2)),
    "5x5 wider than the image": depthwise(2, 2, 3, 33, (5, 5), Window(1, 1, 2, 2, 2, 2)),
    "5x5, stride 2": depthwise(1, 11, 21, 20, (5, 5), Window(2, 2, 2, 2, 2, 2)),
    "5x5, stride 2, 4 channels": depthwise(2, 7, 9, 4, (5, 5), Window(2, 2, 1, 2, 1, 2)),
    "4x4, stride 2": depthwise(2, 10, 18, 21, (4, 4), HALF),
    "4x4, stride 2, 3 channels of odd images": depthwise(1, 9, 17, 3, (4, 4), HALF),
    "4x4": depthwise(1, 8, 19, 21, (4, 4), SAME),
    "padding wider than the filter": depthwise(1, 3, 4, 18, win=Window(1, 1, 5, 3, 4, 6)),
    "padding wider than the filter, stride 2": depthwise(1, 5, 6, 18, win=Window(2, 2, 4, 3, 5, 4)),
    "1x3 and 3x1 filters, stride 1x2": depthwise(1, 6, 20, 18, (1, 3), Window(1, 2, 0, 0, 1, 1)),
    "7x7": depthwise(1, 8, 9, 18, (7, 7), Window(1, 1, 3, 3, 3, 3)),
    "stride larger than the filter": depthwise(1, 9, 10, 17, (2, 2), Window(3, 4)),
    "stride 3": depthwise(1, 10, 26, 17, win=Window(3, 3, 1, 1, 1, 1)),
    "dilation": depthwise(1, 8, 9, 17, win=Window(1, 1, 2, 2, 3, 3, 2, 3)),
    "dilation 2, tiles of columns that lie apart": depthwise(2, 9, 21, 17, win=Window(1, 1, 2, 2, 2, 2, 2, 2)),
    "dilation 3, tiles inside the image": depthwise(1, 7, 60, LANES, win=Window(1, 1, 3, 3, 3, 3, 3, 3)),
    "dilation 2, 3 channels, no padding": depthwise(2, 8, 19, 3, win=Window(1, 1, 0, 0, 0, 0, 1, 2)),
    "dilation 2, 5x5, padded on the left": depthwise(1, 9, 18, 20, (5, 5), Window(1, 1, 4, 4, 7, 2, 2, 2)),
    "dilation wider than the image": depthwise(1, 5, 6, 18, win=Window(1, 1, 8, 8, 8, 8, 8, 8)),
    "dilation and stride": depthwise(1, 9, 8, 18, win=Window(2, 3, 2, 1, 2, 2, 2, 2)),
    "filter wider than the image": depthwise(1, 2, 2, 17, (5, 5), Window()),
    "no images": depthwise(0, 5, 5, 17),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_it_agrees_with_the_definition(case, rng):
    assert schedule.use_depthwise(case.x[3], case.w[3], case.groups)
    assert_conv_agrees(cpu, case, rng, activation=RELU, ends=True)
    assert_conv_agrees(cpu, case, rng)


def test_tiles_of_a_dilated_filter_are_taken_where_they_are_not_mostly_in_vain():
    def taps(width, dilation, stride=1):
        win = Window(stride, stride, dilation, dilation, dilation, dilation, dilation, dilation)
        return schedule.depthwise_tile(32, width, 3, win, 1).taps

    assert [taps(32, 2), taps(32, 4), taps(14, 2), taps(64, 12)] == [3] * 4
    assert [taps(14, 12), taps(6, 4), taps(32, 2, stride=2)] == [0] * 3


@pytest.mark.parametrize("stride", [1, 2])
def test_large_images_in_many_tasks(stride, rng):
    """Above schedule.DEPTHWISE_NEAR rows are asked for ahead. The definition would be slow: numpy sums the taps."""
    case = depthwise(3, 41, 75, 40, win=Window(stride, stride, 1, 1, 1, 1))
    assert schedule.depthwise_ahead(int(np.prod(case.x)), stride) == stride
    x, w, dy = random_array(rng, *case.x), random_array(rng, *case.w), random_array(rng, *case.y)
    padded, dx = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))).astype(np.float64), np.zeros((3, 43, 77, 40))
    y, dw = np.zeros(case.y), np.zeros(case.w)
    for ky, kx in np.ndindex(3, 3):
        met = np.s_[:, ky : ky + 41 : stride, kx : kx + 75 : stride]
        y += padded[met] * w[ky, kx]
        dx[met] += dy * w[ky, kx]
        dw[ky, kx] = (padded[met] * dy).sum((0, 1, 2))
    assert_matches(cpu.conv2d(x, w, case.win, 40), y, 9)
    assert_matches(cpu.conv2d_dx(dy, w, case.x, case.win, 40), dx[:, 1:-1, 1:-1], 9)
    found, db = cpu.conv2d_dw(dy, x, case.w, case.win, 40, needs_db=True)
    assert_matches(found, dw, dy[..., 0].size)
    both = cpu.conv2d_dx_dw(dy, w, x, case.win, 40)
    assert_matches(both[0], dx[:, 1:-1, 1:-1], 9)
    assert_matches(both[1], dw, dy[..., 0].size)
    assert_matches(db, dy.sum((0, 1, 2), np.float64), dy[..., 0].size, scale=float(np.abs(dy).max()))


@pytest.mark.parametrize("activation", [IDENTITY, RELU, RELU6, leaky(0.1), SIGMOID], ids=lambda a: f"kind {a.kind}")
@pytest.mark.parametrize("name", ["a vector of channels", "3 channels", "stride 2", "dilation"])
def test_every_epilogue_and_gate(name, activation, rng):
    assert_conv_agrees(cpu, CASES[name], rng, activation=activation, ends=True)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_depthwise_convolution_agrees_with_the_definition(data):
    def draw(low, high):
        return data.draw(st.integers(low, high))

    size, stride = draw(1, 5), draw(1, 3)
    win = Window(draw(1, 3), stride, *(draw(0, 4) for _ in range(4)), draw(1, 2), data.draw(st.sampled_from([1, 1, 2])))
    case = depthwise(draw(0, 2), draw(1, 9), draw(1, 20), draw(2, 20), (draw(1, 5), size), win)
    assert_conv_agrees(cpu, case, np.random.default_rng(0), ends=True)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_nothing_beyond_the_results_is_written(case, rng):
    x, w, dy = random_array(rng, *case.x), random_array(rng, *case.w), random_array(rng, *case.y)

    def guarded(shape, call):
        size = int(np.prod(shape))
        room = np.full(size + 64, 7, np.float32)
        out = room[32 : 32 + size].reshape(shape)
        assert call(out) is out
        assert (room[:32] == 7).all() and (room[32 + size :] == 7).all()

    guarded(case.y, lambda out: cpu.conv2d(x, w, case.win, case.groups, out=out))
    guarded(case.x, lambda out: cpu.conv2d_dx(dy, w, case.x, case.win, case.groups, out=out))
    guarded(case.w, lambda out: cpu.conv2d_dw(dy, x, case.w, case.win, case.groups, out=(out, None))[0])
    guarded(case.x, lambda out: cpu.conv2d_dx_dw(dy, w, x, case.win, case.groups, out=(out, None, None))[0])
    guarded(case.w, lambda out: cpu.conv2d_dx_dw(dy, w, x, case.win, case.groups, out=(None, out, None))[1])


@pytest.mark.parametrize("win", [SAME, HALF], ids=["stride 1", "stride 2"])
def test_packed_filters_give_the_same_bits(win, rng):
    case = depthwise(2, 9, 18, 20, win=win)
    x, w, dy = random_array(rng, *case.x), random_array(rng, *case.w), random_array(rng, *case.y)
    packed = cpu.pack(w, 20)
    for _ in range(2):
        np.testing.assert_array_equal(cpu.conv2d(x, packed, win, 20), cpu.conv2d(x, w, win, 20))
        dx = cpu.conv2d_dx(dy, packed, case.x, win, 20)
        np.testing.assert_array_equal(dx, cpu.conv2d_dx(dy, w, case.x, win, 20))


@pytest.mark.parametrize("win", [SAME, HALF], ids=["stride 1", "stride 2"])
@pytest.mark.parametrize("channels", [5, 58])
def test_any_number_of_threads_gives_the_same_bits(channels, win, rng):
    case = depthwise(5, 29, 31, channels, win=win)
    x, w, dy = random_array(rng, *case.x), random_array(rng, *case.w), random_array(rng, *case.y)
    before, results = threads.get_threads(), []
    try:
        for count in (1, 2, 3, 4):
            threads.set_threads(count)
            y = cpu.conv2d(x, w, win, channels, activation=SIGMOID)
            dx = cpu.conv2d_dx(dy, w, case.x, win, channels, x=x, activation=RELU)
            both = cpu.conv2d_dx_dw(dy, w, x, win, channels, activation=RELU)[:2]
            results.append((y, dx, *cpu.conv2d_dw(dy, x, case.w, win, channels, needs_db=True), *both))
    finally:
        threads.set_threads(before)
    for other in results[1:]:
        for first, again in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("channels", [5, 20])
def test_nan_stays_in_its_channel(channels, rng):
    case = depthwise(1, 6, 9, channels)
    x, w, dy = random_array(rng, *case.x), random_array(rng, *case.w), random_array(rng, *case.y)
    x[0, 2, 4, 3] = dy[0, 2, 4, 3] = np.nan
    for activation in (IDENTITY, RELU, RELU6, leaky(0.1), SIGMOID):
        y = cpu.conv2d(x, w, SAME, channels, activation=activation)
        dz = cpu.conv2d_dx(dy, w, case.x, SAME, channels, x=np.zeros(case.x, np.float32), activation=activation)
        for result in (y, dz):
            assert np.isnan(result[0, 1:4, 3:6, 3]).all()
            assert np.isnan(result).sum() == 9
    dx, dw, _ = cpu.conv2d_dx_dw(dy, w, np.ones_like(x), SAME, channels)
    for result in (dx, dw):
        assert np.isnan(result).sum() == np.isnan(result[..., 3]).sum() == 9
    dw, db = cpu.conv2d_dw(dy, np.ones_like(x), case.w, SAME, channels, needs_db=True)
    assert np.isnan(dw[..., 3]).all() and np.isnan(dw).sum() == 9
    assert np.isnan(db[3]) and np.isnan(db).sum() == 1


def test_another_layer_adds_no_specialisation(rng):
    def run(*cases):
        for case in cases:
            x, w, dy = random_array(rng, *case.x), random_array(rng, *case.w), random_array(rng, *case.y)
            cpu.conv2d(x, w, case.win, case.groups, bias=random_array(rng, case.w[3]), activation=RELU6)
            cpu.conv2d_dx(dy, w, case.x, case.win, case.groups, x=x, activation=RELU)
            cpu.conv2d_dw(dy, x, case.w, case.win, case.groups)
            cpu.conv2d_dx_dw(dy, w, x, case.win, case.groups, activation=RELU)

    run(depthwise(1, 14, 14, 32), depthwise(1, 14, 14, 32, win=HALF))
    before = jit.specialisations()
    run(depthwise(2, 7, 7, 50), depthwise(1, 28, 28, 24, (3, 3), Window(2, 2, 0, 1, 0, 1)))
    assert jit.specialisations() == before
