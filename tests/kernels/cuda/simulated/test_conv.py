"""Convolutions and their gradients against the definition: what the calls of `test_out.py` do not have."""

import numpy as np
import pytest
from agreement import assert_matches
from there import computed

from cnnkit import kernels
from cnnkit.errors import ShapeError
from cnnkit.kernels import cuda, reference
from cnnkit.kernels.shared.geometry import Window, conv2d_output_shape
from cnnkit.kernels.shared.scalar import RELU, RELU6, SIGMOID, TANH, leaky

pytestmark = pytest.mark.usefixtures("on_cuda")

# The image, the filters, how they slide, and groups.
CASES = {
    "four channels, in whole tiles": ((2, 4, 4, 4), (1, 1, 4, 16), Window(), 1),
    "more outputs than a tile has": ((1, 5, 5, 4), (3, 3, 4, 20), Window(1, 1, 1, 1, 1, 1), 1),
    "five channels": ((1, 4, 6, 5), (2, 3, 5, 3), Window(1, 1, 0, 1, 2, 0), 1),
    "a stride of 2 and 3": ((1, 9, 8, 4), (3, 2, 4, 4), Window(2, 3, 1, 1, 0, 1), 1),
    "a stride wider than the filter": ((1, 7, 7, 4), (2, 2, 4, 4), Window(4, 3), 1),
    "dilated": ((1, 9, 7, 4), (3, 3, 4, 4), Window(1, 1, 2, 2, 2, 2, 2, 2), 1),
    "dilated by a multiple of the stride": ((1, 9, 9, 4), (3, 3, 4, 4), Window(2, 2, 2, 2, 2, 2, 2, 2), 1),
    "two groups of four": ((1, 4, 4, 8), (3, 3, 4, 8), Window(1, 1, 1, 1, 1, 1), 2),
    "three groups of two and one": ((1, 4, 4, 6), (2, 2, 2, 3), Window(), 3),
    "depthwise, two filters a channel": ((2, 5, 4, 3), (3, 3, 1, 6), Window(2, 1, 1, 1, 1, 1), 3),
    "many pixels, whose gradient has parts": ((3, 9, 9, 4), (1, 1, 4, 4), Window(), 1),
    "six outputs and so many products that eight are summed": ((2, 9, 10, 6), (1, 1, 6, 6), Window(), 1),
    "two groups of six and so many products that eight are summed": ((1, 9, 9, 12), (1, 1, 6, 12), Window(), 2),
    "an image of one pixel": ((1, 1, 1, 3), (3, 3, 3, 2), Window(1, 1, 1, 1, 1, 1), 1),
    "a filter that fits nowhere": ((1, 2, 2, 3), (3, 3, 3, 2), Window(), 1),
}
# What fills more than one tile of tensor cores, in the simulator 32x32, and more than one part of the pixels.
TF32 = {
    "outputs for two tiles": ((1, 5, 7, 4), (3, 2, 4, 36), Window(2, 1, 1, 0, 1, 1), 1),
    "pixels for two parts": ((2, 6, 6, 4), (1, 1, 4, 8), Window(), 1),
}
ROWS = pytest.mark.parametrize(("x_shape", "w_shape", "win", "groups"), CASES.values(), ids=CASES)


def operands(x_shape, w_shape, win):
    rng = np.random.default_rng(0)
    shapes = x_shape, w_shape, conv2d_output_shape(x_shape, w_shape, win)
    return [rng.standard_normal(shape).astype(np.float32) for shape in shapes]


@ROWS
def test_forward_and_both_gradients(x_shape, w_shape, win, groups):
    x, w, dy = operands(x_shape, w_shape, win)
    terms = int(np.prod(w_shape[:3]))
    assert_matches(computed("conv2d", x, w, win, groups), reference.conv2d(x, w, win, groups), terms)
    dx = computed("conv2d_dx", dy, w, x.shape, win, groups)
    assert_matches(dx, reference.conv2d_dx(dy, w, x.shape, win, groups), terms * w_shape[3])
    found = computed("conv2d_dw", dy, x, w.shape, win, groups, needs_db=True)
    for got, wanted in zip(found, reference.conv2d_dw(dy, x, w.shape, win, groups, needs_db=True), strict=True):
        assert_matches(got, wanted, max(dy.size // w_shape[3], 1))


@pytest.mark.parametrize("activation", [RELU6, leaky(0.1), SIGMOID, TANH], ids=["relu6", "leaky", "sigmoid", "tanh"])
@pytest.mark.parametrize("groups", [1, 4], ids=["dense", "depthwise"])
def test_the_end_of_a_layer_and_of_a_gradient(activation, groups):
    win = Window(1, 1, 1, 1, 1, 1)
    x, w, dy = operands((1, 4, 4, 4), (3, 3, 4 // groups, 4), win)
    bias, beside = np.float32([1, -1, 0.5, 2]), dy[::-1].copy()
    options = {"bias": bias, "residual": beside, "activation": activation}
    assert_matches(computed("conv2d", x, w, win, groups, **options), reference.conv2d(x, w, win, groups, **options), 36)
    y = reference.activate(x, activation).astype(np.float32)
    options = {"x": y, "activation": activation, "others": beside}
    expected = reference.conv2d_dx(dy, w, x.shape, win, groups, **options)
    assert_matches(computed("conv2d_dx", dy, w, x.shape, win, groups, **options), expected, 36)


@pytest.mark.parametrize("name", ["conv2d", "conv_transpose2d"])
@pytest.mark.parametrize("groups", [1, 4], ids=["dense", "depthwise"])
def test_a_result_between_the_channels_of_others_may_end_in_a_curve(name, groups):
    x, w, _ = operands((1, 2, 3, 4), (1, 1, 4 // groups, 4), Window())
    rest = (Window(), groups) if name == "conv2d" else (x.shape, Window(), groups)
    whole = cuda.put(np.full((1, 2, 3, 7), np.nan, np.float32))
    args = [cuda.put(x), cuda.put(w), *rest]
    getattr(cuda, name)(*args, activation=SIGMOID, out=cuda.channels(whole, 2, 4))
    written = cuda.fetch(whole)
    assert_matches(written[..., 2:6], getattr(reference, name)(x, w, *rest, activation=SIGMOID), 4)
    assert np.isnan(written[..., [0, 1, 6]]).all()


def test_no_number_reaches_the_results_that_read_it_and_no_others():
    win = Window(1, 1, 1, 1, 1, 1)
    x, w, _ = operands((1, 6, 6, 4), (3, 3, 4, 4), win)
    x[0, 0, 0, 1] = np.nan
    y = computed("conv2d", x, w, win, activation=RELU6)
    assert np.isnan(y[0, :2, :2]).all() and np.isfinite(y[0, 2:]).all() and np.isfinite(y[0, :, 2:]).all()


@pytest.mark.parametrize("activation", [RELU, RELU6, leaky(0.5)], ids=["relu", "relu6", "leaky"])
@pytest.mark.parametrize("groups", [1, 4], ids=["dense", "depthwise"])
def test_behind_an_infinite_output_the_slope_is_that_of_the_definition(activation, groups):
    _, w, dy = operands((1, 2, 3, 4), (1, 1, 4 // groups, 4), Window())
    y = np.full((1, 2, 3, 4), np.inf, np.float32)
    args = dy, w, y.shape, Window(), groups
    expected = reference.conv2d_dx(*args, x=y, activation=activation)
    assert_matches(computed("conv2d_dx", *args, x=y, activation=activation), expected, 4)


def test_filters_that_were_packed_are_themselves():
    w = cuda.put(np.ones((3, 3, 4, 4), np.float32))
    assert cuda.unpack(cuda.pack(w)) is w


def rounded(a):
    """To TF32, of two numbers as near the one further from 0."""
    return ((a.view(np.uint32).astype(np.uint64) + 0x1000) & 0xFFFFE000).astype(np.uint32).view(np.float32)


@pytest.fixture
def in_tf32(on_cuda):
    with kernels.use(precision="tf32"):
        yield


@pytest.mark.parametrize("case", ["two groups of four", "outputs for two tiles", "pixels for two parts"])
@pytest.mark.usefixtures("in_tf32")
def test_tf32_is_float32_of_rounded_operands(case):
    x_shape, w_shape, win, groups = (CASES | TF32)[case]
    x, w, dy = operands(x_shape, w_shape, win)
    for name, a, b, rest in (
        ("conv2d", x, w, (win, groups)),
        ("conv2d_dx", dy, w, (x.shape, win, groups)),
        ("conv2d_dw", dy, x, (w.shape, win, groups)),
    ):
        found = computed(name, a, b, *rest)
        kernel = getattr(reference, name)
        exact, wanted = kernel(a, b, *rest), kernel(rounded(a), rounded(b), *rest)
        # Each operand errs by 2^-11 of it at most: half of the last of ten bits behind the point.
        most = kernel(abs(a), abs(b), *rest)
        if name == "conv2d_dw":
            found, exact, wanted, most = found[0], exact[0], wanted[0], most[0]
        # Products of eleven bits are exact in float32, so what is left is the rounding of sums.
        assert_matches(found, wanted, a.size)
        assert np.all(abs(found - exact) <= 2.0**-9.9 * most)
        assert np.abs(found - exact).max() > 1e-4  # it is not float32 in disguise


@pytest.mark.usefixtures("in_tf32")
def test_tf32_hands_a_nan_and_an_infinity_on():
    x, w, _ = operands((1, 3, 3, 4), (1, 1, 4, 4), Window())
    x[0, 0, 1, 2], x[0, 2, 2, 0] = np.uint32(0x7FFFFFFF).view(np.float32), np.inf
    y = computed("conv2d", x, w, Window())
    assert np.isnan(y[0, 0, 1]).all() and np.isinf(y[0, 2, 2]).all() and np.isfinite(y[0, :2, 2]).all()


@pytest.mark.parametrize("name", ["conv2d", "conv2d_dx", "conv2d_dw"])
def test_more_groups_than_a_launch_can_count_are_told(name):
    G = 1 << 16
    x, w, dy = map(cuda.zeros, ((1, 1, 1, 2 * G), (1, 1, 2, G), (1, 1, 1, G)))
    args = {"conv2d": (x, w), "conv2d_dx": (dy, w, x.shape), "conv2d_dw": (dy, x, w.shape)}[name]
    with pytest.raises(ShapeError, match="65,536 groups is too many for a CUDA kernel: 65,535 are the most"):
        getattr(cuda, name)(*args, Window(), G)
