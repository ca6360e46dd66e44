"""The transposed convolution on the CPU agrees with its definition, with the same bits however it is called."""

import numpy as np
import pytest
from agreement import assert_matches
from conv_operands import ConvCase, random_array

from cnnkit.kernels import cpu, reference
from cnnkit.kernels.cpu.conv import schedule
from cnnkit.kernels.cpu.machine import threads
from cnnkit.kernels.shared.geometry import Window
from cnnkit.kernels.shared.scalar import ACTIVATIONS, RELU

SAME = Window(1, 1, 1, 1, 1, 1)

# Each is the convolution that is turned round: its x is made from its y.
CASES = {
    "doubled by 2x2": ConvCase((2, 6, 8, 5), (2, 2, 5, 17), Window(2, 2)),
    "bilinear's window": ConvCase((2, 6, 8, 3), (4, 4, 3, 3), Window(2, 2, 1, 1, 1, 1)),
    "output padding": ConvCase((1, 8, 10, 6), (3, 2, 6, 4), Window(3, 3, 1, 1)),
    "cropped unevenly": ConvCase((1, 7, 6, 3), (4, 3, 3, 2), Window(2, 1, 1, 0, 0, 2)),
    "stride wider than the filter": ConvCase((1, 11, 9, 2), (2, 2, 2, 3), Window(5, 4)),
    "dilation and stride": ConvCase((1, 9, 8, 2), (3, 2, 2, 3), Window(2, 3, 2, 1, 2, 2, 2, 2)),
    "groups": ConvCase((2, 8, 8, 6), (3, 3, 2, 9), Window(2, 2, 1, 0, 1, 0), 3),
    "one filter a channel": ConvCase((2, 12, 16, 21), (8, 8, 1, 21), Window(4, 4, 2, 2, 2, 2), 21),
    "few channels of many pixels": ConvCase((1, 40, 40, 3), (2, 2, 3, 4), Window(2, 2)),
    "stride 1": ConvCase((1, 5, 6, 3), (3, 3, 3, 4), SAME),
    "winograd": ConvCase((1, 7, 6, 17), (3, 3, 17, 16), SAME),
    "no images": ConvCase((0, 8, 8, 3), (2, 2, 3, 4), Window(2, 2)),
}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


def operands(case, rng):
    return random_array(rng, *case.y), random_array(rng, *case.w), random_array(rng, case.x[3])


@every_case
def test_it_agrees_with_the_definition(case, rng):
    x, w, b = operands(case, rng)
    sums = reference.conv_transpose2d(x, w, case.x, case.win, case.groups)
    # Where few sums are taken, all of them may cancel: they err as their terms do, which are about 1.
    terms, scale = case.w[0] * case.w[1] * case.w[3] // case.groups, np.abs(sums).max(initial=1.0)
    for ends in ({}, {"bias": b, "activation": RELU}):
        y = cpu.conv_transpose2d(x, w, case.x, case.win, case.groups, **ends)
        expected = reference.conv_transpose2d(x, w, case.x, case.win, case.groups, **ends)
        assert_matches(y, expected, terms, scale=scale)


@pytest.mark.parametrize("activation", ACTIVATIONS.values(), ids=ACTIVATIONS)
@pytest.mark.parametrize("case", [CASES["groups"], CASES["winograd"], CASES["one filter a channel"]],
                         ids=["direct", "winograd", "depthwise"])  # fmt: skip
def test_every_epilogue(case, activation, rng):
    x, w, b = operands(case, rng)
    sums = reference.conv_transpose2d(x, w, case.x, case.win, case.groups, bias=b)
    y = cpu.conv_transpose2d(x, w, case.x, case.win, case.groups, bias=b, activation=activation)
    terms = case.w[0] * case.w[1] * case.w[3] // case.groups
    assert_matches(y, reference.activate(sums, activation), terms, scale=np.abs(sums).max())


@every_case
def test_without_an_epilogue_it_is_the_gradient_of_a_convolution_bit_by_bit(case, rng):
    x, w, _ = operands(case, rng)
    y = cpu.conv_transpose2d(x, w, case.x, case.win, case.groups)
    np.testing.assert_array_equal(y, cpu.conv2d_dx(x, w, case.x, case.win, case.groups))


@every_case
def test_any_number_of_threads_gives_the_same_bits(case, rng):
    x, w, b = operands(case, rng)
    before, results = threads.get_threads(), []
    try:
        for count in (1, 2, 3, 4):
            threads.set_threads(count)
            results.append(cpu.conv_transpose2d(x, w, case.x, case.win, case.groups, bias=b, activation=RELU))
    finally:
        threads.set_threads(before)
    for other in results[1:]:
        np.testing.assert_array_equal(results[0], other)


@pytest.mark.parametrize("sizes", [[(1, 1), (3, 3), (1, 3), (3, 1)], [(3, 1), (1, 3), (3, 3), (1, 1)]])
def test_filters_laid_out_once_serve_images_of_any_size(sizes, rng):
    """Also where a small image has no pixel for some of the stride's residues."""
    w, win = random_array(rng, 2, 2, 3, 5), Window(2, 2, 1, 0, 1, 0)
    packed = cpu.pack(w)
    for H, W in sizes:
        x = random_array(rng, 1, H, W, 5)
        shape = 1, 2 * H - 1, 2 * W - 1, 3
        np.testing.assert_array_equal(
            cpu.conv_transpose2d(x, packed, shape, win), cpu.conv_transpose2d(x, w, shape, win)
        )
        assert_matches(cpu.conv_transpose2d(x, packed, shape, win), reference.conv_transpose2d(x, w, shape, win), 20)


def test_nothing_beyond_the_result_is_written(rng):
    for case in CASES.values():
        x, w, b = operands(case, rng)
        size = int(np.prod(case.x))
        room = np.full(size + 64, 7, np.float32)
        y = room[32 : 32 + size].reshape(case.x)
        assert cpu.conv_transpose2d(x, w, case.x, case.win, case.groups, bias=b, out=y) is y
        assert (room[:32] == 7).all() and (room[32 + size :] == 7).all()


def test_the_cases_reach_every_schedule():
    chosen = {
        "winograd"
        if schedule.use_winograd(case.y[3], case.x[3], case.w, case.win, case.groups, case.x[1:3])
        else "depthwise"
        if schedule.use_depthwise(case.x[3], case.y[3], case.groups)
        else "direct"
        for case in CASES.values()
    }
    assert chosen == {"winograd", "depthwise", "direct"}
