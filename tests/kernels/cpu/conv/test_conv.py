"""Convolution on the CPU agrees with its definition for all shapes, with the same bits on any thread count."""

import numpy as np
import pytest
from agreement import assert_matches
from conv_operands import ConvCase, assert_conv_agrees, random_array
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnkit.kernels import cpu, reference
from cnnkit.kernels.cpu.conv import schedule
from cnnkit.kernels.cpu.conv.direct import plan as direct_plan
from cnnkit.kernels.cpu.conv.winograd.patches import apart
from cnnkit.kernels.cpu.machine import buffers, jit, threads
from cnnkit.kernels.cpu.machine.code.settings import DISABLE_JIT
from cnnkit.kernels.shared.geometry import Window
from cnnkit.kernels.shared.scalar import ACTIVATIONS, HARD_SIGMOID, RELU, RELU6, SIGMOID, TANH, leaky

SAME = Window(1, 1, 1, 1, 1, 1)
SAME5 = Window(1, 1, 2, 2, 2, 2)

DIRECT = {
    "one pixel, one channel": ConvCase((1, 1, 1, 1), (1, 1, 1, 1)),
    "one pixel under a padded filter": ConvCase((2, 1, 1, 3), (3, 3, 3, 5), SAME),
    "odd sizes, 3 channels": ConvCase((2, 5, 7, 3), (3, 3, 3, 8), SAME),
    "even filter, asymmetric padding": ConvCase((1, 4, 5, 3), (2, 4, 3, 5), Window(1, 1, 1, 0, 2, 1)),
    "stride 2": ConvCase((2, 7, 6, 5), (3, 3, 5, 17), Window(2, 2, 1, 1, 1, 1)),
    "stride larger than the filter": ConvCase((1, 9, 10, 2), (2, 2, 2, 3), Window(3, 4)),
    "stride larger than the image": ConvCase((2, 3, 3, 2), (1, 1, 2, 3), Window(5, 7)),
    "padding wider than the image": ConvCase((1, 2, 3, 3), (3, 3, 3, 2), Window(1, 1, 6, 5, 7, 4)),
    "padding wider than the filter, stride 2": ConvCase((1, 3, 3, 2), (3, 2, 2, 3), Window(2, 2, 4, 3, 5, 1)),
    "dilation": ConvCase((1, 8, 9, 3), (3, 3, 3, 5), Window(1, 1, 2, 2, 3, 3, 2, 3)),
    "dilation wider than half the image": ConvCase((2, 9, 7, 3), (3, 3, 3, 5), Window(1, 1, 5, 5, 4, 4, 5, 4)),
    "dilation wider than the image": ConvCase((1, 5, 6, 3), (3, 3, 3, 17), Window(1, 1, 8, 8, 8, 8, 8, 8)),
    "dilated groups, mostly border": ConvCase((2, 7, 8, 6), (3, 2, 2, 9), Window(1, 1, 4, 5, 3, 2, 4, 4), 3),
    "dilation and stride, mostly border": ConvCase((1, 9, 8, 2), (3, 3, 2, 3), Window(2, 3, 6, 5, 5, 6, 5, 6)),
    "dilation and stride": ConvCase((1, 9, 8, 2), (3, 2, 2, 3), Window(2, 3, 2, 1, 2, 2, 2, 2)),
    "filter wider than the image": ConvCase((2, 2, 2, 3), (5, 5, 3, 3)),
    "no images": ConvCase((0, 5, 5, 3), (3, 3, 3, 4), SAME),
    "groups": ConvCase((2, 5, 5, 6), (3, 3, 2, 9), SAME, 3),
    "depthwise": ConvCase((2, 6, 5, 8), (3, 3, 1, 8), SAME, 8),
    "two filters a channel, stride 2": ConvCase((1, 7, 7, 5), (3, 3, 1, 10), Window(2, 2, 1, 1, 1, 1), 5),
    "17 channels to 65, pointwise": ConvCase((1, 3, 4, 17), (1, 1, 17, 65)),
    "64 channels": ConvCase((1, 3, 3, 64), (2, 2, 64, 3)),
    "many small images": ConvCase((37, 2, 3, 2), (2, 2, 2, 3)),
    "more panels than tasks share": ConvCase((1, 5, 6, 3), (3, 3, 3, 330), Window(2, 2, 1, 1, 1, 1)),
    "phases of several sizes": ConvCase((3, 11, 9, 5), (3, 3, 5, 6), Window(3, 2, 1, 1, 1, 1)),
    "pointwise, stride 2": ConvCase((2, 7, 8, 33), (1, 1, 33, 20), Window(2, 2)),
    "many pixels, few channels": ConvCase((2, 25, 23, 2), (2, 2, 2, 3), SAME),
}  # fmt: skip

WINOGRAD = {
    "vectors of channels": ConvCase((1, 7, 6, 32), (3, 3, 32, 16), SAME),
    "17 channels to 33": ConvCase((2, 5, 4, 17), (3, 3, 17, 33), SAME),
    "no padding": ConvCase((1, 6, 9, 16), (3, 3, 16, 17)),
    "asymmetric padding wider than the filter": ConvCase((1, 4, 3, 16), (3, 3, 16, 16), Window(1, 1, 5, 0, 1, 4)),
    "no images": ConvCase((0, 6, 6, 16), (3, 3, 16, 16)),
    "dilated": ConvCase((2, 16, 15, 16), (3, 3, 16, 17), Window(1, 1, 2, 2, 2, 2, 2, 2)),
    "dilated, phases of unequal size": ConvCase((1, 22, 23, 17), (3, 3, 17, 16), Window(1, 1, 3, 3, 3, 3, 3, 3)),
    "dilated, no padding": ConvCase((1, 12, 12, 16), (3, 3, 16, 16), Window(1, 1, 0, 0, 0, 0, 2, 2)),
    "dilated, uneven padding": ConvCase((1, 14, 16, 16), (3, 3, 16, 16), Window(1, 1, 4, 1, 2, 0, 2, 2)),
    "5x5": ConvCase((1, 5, 6, 32), (5, 5, 32, 16), SAME5),
    "5x5, 17 channels to 33": ConvCase((2, 4, 3, 17), (5, 5, 17, 33), SAME5),
    "5x5, no padding": ConvCase((1, 7, 9, 16), (5, 5, 16, 17)),
    "5x5, asymmetric padding wider than the filter": ConvCase((1, 3, 2, 16), (5, 5, 16, 16), Window(1, 1, 7, 0, 1, 5)),
    "5x5, dilated": ConvCase((1, 12, 13, 16), (5, 5, 16, 17), Window(1, 1, 4, 4, 4, 4, 2, 2)),
}


@pytest.mark.parametrize("case", DIRECT.values(), ids=DIRECT.keys())
def test_the_direct_schedule_agrees_with_the_definition(case, rng):
    assert_conv_agrees(cpu, case, rng, activation=RELU, ends=True)


@pytest.mark.parametrize("case", WINOGRAD.values(), ids=WINOGRAD.keys())
def test_winograd_agrees_with_the_definition(case, rng):
    assert schedule.use_winograd(case.x[3], case.w[3], case.w, case.win, 1, case.y[1:3] if case.x[0] else (8, 8))
    assert_conv_agrees(cpu, case, rng, activation=RELU, ends=True)


@pytest.mark.parametrize("taps", [3, 5])
def test_winograd_in_rounds_for_many_channels(taps, rng):
    # 96 x 64 sums in a plane go in rounds. The definition would take minutes: a product for each tap is the yardstick.
    case = ConvCase((3, 21, 22, 96), (taps, taps, 96, 64), same(taps))
    assert schedule.winograd_dw_round(96, 64) > 0
    x, dy = random_array(rng, *case.x), random_array(rng, *case.y)
    dw, db = cpu.conv2d_dw(dy, x, case.w, case.win, needs_db=True)
    assert_matches(dw, float64_convolutions(x, np.zeros(case.w), dy)[2], dy[..., 0].size)
    assert_matches(db, dy.sum((0, 1, 2), np.float64), dy[..., 0].size, scale=float(np.abs(dy).max()))


@pytest.mark.parametrize(
    ("size", "rate", "chosen"),
    [(65, 2, True), (65, 4, True), (33, 4, True), (65, 12, True), (65, 24, False), (28, 6, False), (9, 1, True)],
)
def test_dilated_filters_go_by_winograd_where_its_tiles_are_not_mostly_in_vain(size, rate, chosen):
    win = Window(1, 1, rate, rate, rate, rate, rate, rate)
    assert schedule.use_winograd(256, 256, (3, 3, 256, 256), win, 1, (size, size)) == chosen
    shifted = win._replace(pad_top=rate + 1, pad_bottom=rate - 1)
    assert schedule.use_winograd(256, 256, (3, 3, 256, 256), shifted, 1, (size, size)) == (rate == 1)
    unequal = win._replace(dilation_w=rate + 1)
    assert not schedule.use_winograd(256, 256, (3, 3, 256, 256), unequal, 1, (size, size))


@pytest.mark.skipif(DISABLE_JIT, reason="one by one, so many products take minutes")
@pytest.mark.parametrize(
    ("channels", "side", "taps", "bound"),
    [(64, 28, 3, 20), (256, 14, 3, 36), (64, 28, 5, 20), (128, 14, 5, 32)],
    ids=["64", "256", "64, 5x5", "128, 5x5"],
)
def test_winograd_errs_little_more_than_plain_sums(channels, side, taps, bound, rng, monkeypatch):
    """In eps of the greatest result. Measured: forward 14 and 26 where plain sums err 7 and 16, dw 6 and 8 (5 and 7).

    5x5: forward 10 and 14 where plain sums err 13 and 20, but dw 14 and 23 where they err 5 and 6.
    """
    case = ConvCase((2, side, side, channels), (taps, taps, channels, channels), same(taps))
    x, w, dy = random_array(rng, *case.x), random_array(rng, *case.w), random_array(rng, *case.y)
    expected = float64_convolutions(x, w, dy)

    def errors():
        dw, db = cpu.conv2d_dw(dy, x, case.w, case.win, needs_db=True)
        found = cpu.conv2d(x, w, case.win), cpu.conv2d_dx(dy, w, case.x, case.win), dw
        assert_matches(db, dy.sum((0, 1, 2), np.float64), dy[..., 0].size, scale=float(np.abs(dy).max()))
        eps = np.finfo(np.float32).eps
        return [np.abs(f - e).max() / np.abs(e).max() / eps for f, e in zip(found, expected, strict=True)]

    fast = errors()
    for place in (schedule, schedule.winograd):
        monkeypatch.setattr(place, "use_winograd", lambda *shapes: False)
    plain = errors()
    most = (3, 3, 3) if taps == 3 else (1.5, 1.5, 6)
    assert max(fast) < bound and all(f < m * p for f, m, p in zip(fast, most, plain, strict=True)), (fast, plain)


def test_a_gradient_summed_over_many_tiles_keeps_its_digits(rng):
    """In eps of the greatest: 9 over 1568 tiles. One chain of sums over all of them erred 23."""
    case = ConvCase((32, 28, 28, 16), (3, 3, 16, 16), SAME)
    x, dy = random_array(rng, *case.x), random_array(rng, *case.y)
    expected = float64_convolutions(x, np.zeros(case.w), dy)[2]
    dw, _ = cpu.conv2d_dw(dy, x, case.w, SAME)
    assert np.abs(dw - expected).max() < 14 * np.finfo(np.float32).eps * np.abs(expected).max()


def same(taps):
    """The window of a filter that keeps the size of an image."""
    return Window(1, 1, *[taps // 2] * 4)


def float64_convolutions(x, w, dy):
    """y, dx and dw of a convolution that keeps the size of an image, a product of matrices for each tap."""
    N, H, W, C = x.shape
    taps = w.shape[0]
    reach = taps // 2
    x, dy = (np.pad(a.astype(np.float64), ((0, 0), (reach, reach), (reach, reach), (0, 0))) for a in (x, dy))
    y, dx, dw = np.zeros((N, H, W, w.shape[3])), np.zeros((N, H, W, C)), np.zeros(w.shape)
    inside = np.s_[:, reach : reach + H, reach : reach + W]
    for ky, kx in np.ndindex(taps, taps):
        here = np.s_[:, ky : ky + H, kx : kx + W]
        there = np.s_[:, taps - 1 - ky : taps - 1 - ky + H, taps - 1 - kx : taps - 1 - kx + W]
        y += np.matmul(x[here], w[ky, kx].astype(np.float64))
        dx += np.matmul(dy[there], w[ky, kx].T.astype(np.float64))
        dw[ky, kx] = np.matmul(x[here].reshape(-1, C).T, dy[inside].reshape(-1, w.shape[3]))
    return y, dx, dw


@pytest.mark.parametrize("activation", [RELU, SIGMOID, TANH], ids=lambda a: f"kind {a.kind}")
def test_results_past_the_caches_are_the_same(activation, rng, monkeypatch):
    channels = 5 * schedule.LANES
    x, w, residual = (
        random_array(rng, 2, 9, 7, 6),
        random_array(rng, 2, 2, 6, channels),
        random_array(rng, 2, 8, 6, channels),
    )
    expected = cpu.conv2d(x, w, Window(), residual=residual, activation=activation)
    monkeypatch.setattr(schedule.direct, "STREAM_BYTES", 0)
    direct_plan.plan.cache_clear()
    y = cpu.conv2d(x, w, Window(), residual=residual, activation=activation)
    unaligned = np.empty(y.size + 1, np.float32)[1:].reshape(y.shape)
    cpu.conv2d(x, w, Window(), residual=residual, activation=activation, out=unaligned)
    direct_plan.plan.cache_clear()
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(unaligned, expected)


@pytest.mark.parametrize("taps", [3, 5])
def test_transformed_filters_past_the_caches_are_the_same(taps, rng, monkeypatch):
    channels = 5 * schedule.LANES
    x, w = random_array(rng, 1, 9, 7, 16), random_array(rng, taps, taps, 16, channels)
    expected = cpu.conv2d(x, w, same(taps))
    monkeypatch.setattr(schedule.direct, "STREAM_BYTES", 0)
    np.testing.assert_array_equal(cpu.conv2d(x, w, same(taps)), expected)


IN_TASKS = {
    "3x3, channels that no vector divides": ConvCase((2, 5, 6, 69), (3, 3, 69, 33), SAME),
    "5x5": ConvCase((1, 5, 6, 40), (5, 5, 40, 17), SAME5),
    "dilated": ConvCase((1, 9, 10, 32), (3, 3, 32, 66), Window(1, 1, 2, 2, 2, 2, 2, 2)),
}


@pytest.mark.parametrize("case", IN_TASKS.values(), ids=IN_TASKS.keys())
def test_filters_that_tasks_transform_for_themselves_give_the_same_bits(case, rng, monkeypatch):
    x, w, dy = random_array(rng, *case.x), random_array(rng, *case.w), random_array(rng, *case.y)
    ends = {"bias": random_array(rng, case.w[3]), "residual": random_array(rng, *case.y), "activation": TANH}
    results = []
    for fresh in (False, True):
        monkeypatch.setattr(schedule, "transform_in_tasks", lambda *shapes, fresh=fresh: fresh)
        back = [{}, {"x": x, "activation": RELU}, {"others": x}]
        results.append([cpu.conv2d(x, w, case.win), cpu.conv2d(x, w, case.win, **ends)])
        results[-1] += [cpu.conv2d_dx(dy, w, case.x, case.win, **options) for options in back]
    for before, itself in zip(*results, strict=True):
        np.testing.assert_array_equal(before, itself)


def test_tasks_transform_filters_where_they_are_many_and_tiles_few():
    wide = schedule.WINOGRAD.block >= 64  # narrow panels would have the images transformed too often
    assert schedule.transform_in_tasks(16, 512, 512) == wide
    assert schedule.transform_in_tasks(4, 64, 64) == wide
    assert not schedule.transform_in_tasks(16, 64, 64)
    assert not schedule.transform_in_tasks(64, 512, 512)


@pytest.mark.parametrize("floats", [1, 16, 17, 32, 512, 24 * 64, 96 * 256])
def test_planes_do_not_lie_a_power_of_two_apart(floats):
    lines, rest = divmod(apart(floats), 16)
    assert rest == 0 and lines % 8 != 0 and floats <= 16 * lines < floats + 32


@pytest.mark.parametrize("activation", ACTIVATIONS.values(), ids=ACTIVATIONS)
@pytest.mark.parametrize("ends", [False, True], ids=["bare", "bias and residual"])
@pytest.mark.parametrize("case", [DIRECT["groups"], WINOGRAD["17 channels to 33"], WINOGRAD["5x5, no padding"]],
                         ids=["direct", "winograd", "winograd 5x5"])  # fmt: skip
def test_every_epilogue(case, ends, activation, rng):
    assert_conv_agrees(cpu, case, rng, activation=activation, ends=ends)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_convolution_agrees_with_the_definition(data):
    def draw(low, high):
        return data.draw(st.integers(low, high))

    groups = draw(1, 3)
    win = Window(draw(1, 4), draw(1, 4), *(draw(0, 4) for _ in range(4)), draw(1, 3), draw(1, 3))
    x = (draw(0, 2), draw(1, 6), draw(1, 6), groups * draw(1, 4))
    case = ConvCase(x, (draw(1, 4), draw(1, 4), x[3] // groups, groups * draw(1, 9)), win, groups)
    assert_conv_agrees(cpu, case, np.random.default_rng(0), ends=True)


def test_nan_and_infinity_stay_visible(rng):
    x, w = random_array(rng, 1, 6, 6, 3), random_array(rng, 3, 3, 3, 4)
    x[0, 2, 2, 1] = np.nan
    for activation in ACTIVATIONS.values():
        assert np.isnan(cpu.conv2d(x, w, SAME, activation=activation)[0, 1:4, 1:4]).all()
    x[0, 2, 2, 1] = np.inf
    assert np.isinf(cpu.conv2d(x, np.abs(w), SAME, activation=RELU)[0, 1:4, 1:4]).all()


def test_nan_stays_visible_on_the_way_back(rng):
    for case in (DIRECT["odd sizes, 3 channels"], WINOGRAD["no padding"], WINOGRAD["5x5, no padding"]):
        w, dy = random_array(rng, *case.w), random_array(rng, *case.y)
        dy[0, 1, 1, 1] = np.nan
        for activation in (RELU, RELU6, leaky(0.1), SIGMOID, HARD_SIGMOID):
            dz = cpu.conv2d_dx(dy, w, case.x, case.win, x=np.zeros(case.x, np.float32), activation=activation)
            assert np.isnan(dz[0, 1, 1]).all()
        _, db = cpu.conv2d_dw(dy, np.ones(case.x, np.float32), case.w, case.win, needs_db=True)
        assert np.isnan(db[1]) and np.isfinite(np.delete(db, 1)).all()


def test_a_long_sum_keeps_its_digits():
    """In float32 alone, one after the other, it would stop counting at 2^24."""
    dy = np.ones((6000, 3000, 1, 1), np.float32)
    _, db = cpu.conv2d_dw(dy, dy, (1, 1, 1, 1), Window(), needs_db=True)
    assert db.item() == 18e6


@pytest.mark.parametrize("case", [DIRECT["stride 2"], DIRECT["groups"], WINOGRAD["no padding"], WINOGRAD["5x5"]])
def test_packed_filters_give_the_same_bits(case, rng):
    x, w, dy = random_array(rng, *case.x), random_array(rng, *case.w), random_array(rng, *case.y)
    packed = cpu.pack(w, case.groups)
    for _ in range(2):
        y = cpu.conv2d(x, packed, case.win, case.groups)
        np.testing.assert_array_equal(y, cpu.conv2d(x, w, case.win, case.groups))
        dx = cpu.conv2d_dx(dy, packed, case.x, case.win, case.groups)
        np.testing.assert_array_equal(dx, cpu.conv2d_dx(dy, w, case.x, case.win, case.groups))


ALL = DIRECT | {f"winograd, {name}": case for name, case in WINOGRAD.items()}


@pytest.mark.parametrize("case", ALL.values(), ids=ALL.keys())
def test_nothing_beyond_the_output_is_written(case, rng):
    x, w = random_array(rng, *case.x), random_array(rng, *case.w)
    size = int(np.prod(case.y))
    room = np.full(size + 64, 7, np.float32)
    y = room[32 : 32 + size].reshape(case.y)
    assert cpu.conv2d(x, w, case.win, case.groups, out=y) is y
    assert (room[:32] == 7).all() and (room[32 + size :] == 7).all()


SHARED_WORK = {
    "direct": ConvCase((5, 19, 18, 3), (5, 5, 3, 33), Window(1, 1, 2, 2, 2, 2)),
    "winograd, sums in groups": ConvCase((9, 19, 18, 32), (3, 3, 32, 64), SAME),
    "winograd, sums in rounds": ConvCase((4, 19, 18, 96), (3, 3, 96, 64), SAME),
    "winograd 5x5, sums in groups": ConvCase((5, 19, 18, 32), (5, 5, 32, 64), SAME5),
    "winograd 5x5, sums in rounds": ConvCase((3, 19, 18, 96), (5, 5, 96, 64), SAME5),
    "winograd, filters transformed in tasks": ConvCase((1, 7, 6, 128), (3, 3, 128, 160), SAME),
    "winograd, dilated": ConvCase((3, 31, 32, 96), (3, 3, 96, 64), Window(1, 1, 4, 4, 4, 4, 4, 4)),
    "stride 2": ConvCase((3, 19, 18, 24), (3, 3, 24, 70), Window(2, 2, 1, 1, 1, 1)),
    "pointwise": ConvCase((4, 19, 18, 70), (1, 1, 70, 130)),
    "pointwise, stride 2": ConvCase((5, 33, 34, 24), (1, 1, 24, 64), Window(2, 2)),
}


def test_pixels_that_no_tap_meets_are_written_under_a_long_sum_too(rng):
    dy, w = random_array(rng, 1, 2, 2, 2080), random_array(rng, 1, 1, 3, 2080)
    dx = cpu.conv2d_dx(dy, w, (1, 4, 4, 3), Window(2, 2), out=np.full((1, 4, 4, 3), np.nan, np.float32))
    assert_matches(dx, reference.conv2d_dx(dy, w, (1, 4, 4, 3), Window(2, 2)), terms=2080)


@pytest.mark.parametrize("case", SHARED_WORK.values(), ids=SHARED_WORK.keys())
def test_any_number_of_threads_gives_the_same_bits(case, rng):
    x, w, dy = random_array(rng, *case.x), random_array(rng, *case.w), random_array(rng, *case.y)
    before = threads.get_threads()
    results = []
    try:
        for count in (1, 2, 3, 4):
            threads.set_threads(count)
            y = cpu.conv2d(x, w, case.win, activation=RELU)
            dx = cpu.conv2d_dx(dy, w, case.x, case.win, x=x, activation=RELU)
            results.append((y, dx, *cpu.conv2d_dw(dy, x, case.w, case.win, needs_db=True)))
    finally:
        threads.set_threads(before)
    for other in results[1:]:
        for first, again in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(first, again)


def test_another_network_adds_no_specialisation(rng):
    def network(*cases):
        for case in cases:
            x, w, dy = random_array(rng, *case.x), random_array(rng, *case.w), random_array(rng, *case.y)
            cpu.conv2d(x, w, case.win, case.groups, bias=random_array(rng, case.w[3]))
            cpu.conv2d_dx(dy, w, case.x, case.win, case.groups)
            cpu.conv2d_dw(dy, x, case.w, case.win, case.groups)

    network(ConvCase((2, 12, 12, 1), (3, 3, 1, 32)), ConvCase((2, 10, 10, 32), (3, 3, 32, 64)),
            ConvCase((2, 8, 8, 64), (1, 1, 64, 128)))  # fmt: skip
    before = jit.specialisations()
    network(ConvCase((1, 30, 20, 3), (7, 7, 3, 48), Window(2, 2, 3, 3, 3, 3)),
            ConvCase((1, 9, 8, 48), (3, 3, 48, 40), SAME),
            ConvCase((3, 9, 8, 24), (5, 3, 8, 24), SAME, 3))  # fmt: skip
    assert jit.specialisations() == before


def test_strided_and_read_only_operands_are_taken(rng):
    x, w = random_array(rng, 2, 6, 5, 4).transpose(0, 2, 1, 3), random_array(rng, 3, 3, 4, 5)
    w.flags.writeable = False
    before = jit.specialisations("direct")
    y = cpu.conv2d(x, w, SAME)
    assert_matches(y, reference.conv2d(x, w, SAME), 36)
    assert jit.specialisations("direct") == before or sum(before.values()) == 0


def test_results_lie_on_cache_lines_and_come_from_the_pool(rng):
    x, w = random_array(rng, 2, 6, 5, 4), random_array(rng, 3, 3, 4, 5)
    cpu.conv2d(x, w, SAME)
    misses = buffers.statistics().misses
    assert buffers.is_aligned(cpu.conv2d(x, w, SAME))
    assert buffers.statistics().misses == misses


DENSE = [(1, 1, 1), (0, 4, 3), (3, 5, 10), (7, 64, 64), (130, 3, 17), (5, 2500, 66), (2, 1100, 64), (300, 1024, 130)]


@pytest.mark.parametrize(("N", "K", "M"), DENSE)
def test_dense_products_agree_with_numpy_in_float64(N, K, M, rng):
    # numpy's own product is the yardstick: the definition takes seconds at these sizes, and agrees with it elsewhere.
    x, w, dy, b = random_array(rng, N, K), random_array(rng, K, M), random_array(rng, N, M), random_array(rng, M)
    X, W, DY = (a.astype(np.float64) for a in (x, w, dy))
    assert_matches(cpu.dense(x, w, bias=b), np.matmul(X, W) + b, K)
    assert_matches(cpu.dense(x, w, activation=RELU), np.maximum(np.matmul(X, W), 0), K)
    assert_matches(cpu.dense_dx(dy, w), np.matmul(DY, W.T), M)
    dw, db = cpu.dense_dw(dy, x, needs_db=True)
    assert_matches(dw, np.matmul(X.T, DY), max(N, 1))
    assert_matches(db, DY.sum(0), max(N, 1), scale=float(np.abs(dy).max(initial=0.0)))
    assert_matches(cpu.dense_dx(dy, w, x=x, activation=RELU), np.matmul(DY, W.T) * (x > 0), M)


def test_dense_fills_the_buffer_it_is_given(rng):
    x, w, dy = random_array(rng, 3, 4), random_array(rng, 4, 5), random_array(rng, 3, 5)
    y, dx, dw = (np.full(shape, np.nan, np.float32) for shape in ((3, 5), (3, 4), (4, 5)))
    np.testing.assert_array_equal(cpu.dense(x, w, out=y), y)
    np.testing.assert_array_equal(cpu.dense_dx(dy, w, out=dx), dx)
    np.testing.assert_array_equal(cpu.dense_dw(dy, x, out=(dw, None))[0], dw)
    assert np.isfinite(y).all() and np.isfinite(dx).all() and np.isfinite(dw).all()


@pytest.mark.parametrize("channels", [1, 3, schedule.LANES])
def test_thin_tiles_for_few_channels_of_many_pixels_agree_with_the_definition(rng, channels):
    """Above schedule.FEW_PIXELS up to one vector of output channels has tiles of its own."""
    x = rng.standard_normal((1, 35, 35, 2), dtype=np.float32)
    w = rng.standard_normal((3, 3, 2, channels), dtype=np.float32)
    dy = rng.standard_normal((1, 33, 33, channels), dtype=np.float32)
    win, pixels = Window(), 33 * 33
    assert pixels > schedule.FEW_PIXELS
    assert schedule.direct_tile(channels, pixels) == schedule.THIN
    assert_matches(cpu.conv2d(x, w, win), reference.conv2d(x, w, win), terms=18)
    assert_matches(cpu.conv2d_dx(dy, w, x.shape, win), reference.conv2d_dx(dy, w, x.shape, win), terms=9 * channels)
    assert_matches(cpu.conv2d_dw(dy, x, w.shape, win)[0], reference.conv2d_dw(dy, x, w.shape, win)[0], terms=pixels)
