"""From stride, padding and dilation to a Window."""

import numpy as np
import pytest

from cnnkit import nn
from cnnkit.errors import ShapeError, UsageError
from cnnkit.graph import Planned
from cnnkit.kernels import Window
from cnnkit.kernels.shared.geometry import output_hw
from cnnkit.ops import window
from cnnkit.ops.window import window_over


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, Window()),
        ({"stride": 2}, Window(2, 2)),
        ({"stride": (2, 1), "padding": 1}, Window(2, 1, 1, 1, 1, 1)),
        ({"padding": (1, 2)}, Window(1, 1, 1, 1, 2, 2)),
        ({"padding": ((0, 1), (2, 3)), "dilation": (1, 2)}, Window(1, 1, 0, 1, 2, 3, 1, 2)),
        ({"padding": [[0, 1], [2, 3]], "stride": [1, 2]}, Window(1, 2, 0, 1, 2, 3)),
    ],
)
def test_numbers_and_pairs_become_a_window(options, expected):
    assert window(**options) == expected


def positions(size, kernel, stride, dilation):
    """TensorFlow's SAME, counted: (output size, zeros before, zeros behind)."""
    out = len(range(0, size, stride))
    last = (out - 1) * stride + dilation * (kernel - 1)
    needed = max(0, last - (size - 1))
    return out, needed // 2, needed - needed // 2


@pytest.mark.parametrize("kernel", [1, 2, 3, 5, 7])
@pytest.mark.parametrize("stride", [1, 2, 3, 4])
@pytest.mark.parametrize("dilation", [1, 2])
def test_same_padding_is_tensorflows(kernel, stride, dilation):
    for size in range(1, 18):
        win = window_over((1, size, 7, 2), (kernel, 3), (stride, 2), "same", (dilation, 1))
        out, before, behind = positions(size, kernel, stride, dilation)
        assert (win.pad_top, win.pad_bottom) == (before, behind)
        assert (win.pad_left, win.pad_right) == positions(7, 3, 2, 1)[1:]
        assert output_hw((1, size, 7, 2), (kernel, 3), win) == (out, 4)


def test_numbers_do_not_ask_for_the_image():
    assert window_over((1, 5, 5, 1), (3, 3), 2, 1) == window(2, 1)


@pytest.mark.parametrize("padding", ["valid", "SAME", ""])
def test_another_word_is_refused_with_those_that_are_known(padding):
    with pytest.raises(UsageError, match="expected 'same', a whole number"):
        window_over((1, 5, 5, 1), (3, 3), 1, padding)
    with pytest.raises(UsageError, match="expected 'same', a whole number"):
        nn.Conv2d(1, 1, 3, padding=padding)
    with pytest.raises(UsageError, match="expected 'same', a whole number"):
        nn.MaxPool2d(2, padding=padding)


def test_same_needs_an_image():
    with pytest.raises(UsageError, match="a window without an image expects numbers"):
        window(1, "same")
    with pytest.raises(ShapeError, match=r"conv2d expects images \(N, H, W, C\)"):
        nn.Conv2d(1, 1, 3, padding="same").output_shape((5, 5, 1))


@pytest.mark.parametrize("size", [(6, 6), (7, 6), (5, 9), (1, 1)])
@pytest.mark.parametrize("stride", [1, 2, (3, 1)])
def test_layers_with_same_padding_compute_what_they_do_on_an_image_padded_by_hand(size, stride, rng):
    x = rng.normal(size=(2, *size, 4)).astype(np.float32)
    steps = stride if isinstance(stride, tuple) else (stride, stride)
    sides = [positions(length, 3, step, 1)[1:] for length, step in zip(size, steps, strict=True)]
    padded = np.pad(x, ((0, 0), *sides, (0, 0)))
    lowest = np.pad(x, ((0, 0), *sides, (0, 0)), constant_values=-np.inf)
    ones = np.pad(np.ones_like(x), ((0, 0), *sides, (0, 0)))
    for layer, bare, image in (
        (nn.Conv2d(4, 6, 3, stride=stride, padding="same"), nn.Conv2d(4, 6, 3, stride=stride), padded),
        (
            nn.Conv2d(4, 4, 3, stride=stride, padding="same", groups=4),
            nn.Conv2d(4, 4, 3, stride=stride, groups=4),
            padded,
        ),
        (nn.ConvNorm(4, 6, 3, stride=stride, padding="same"), nn.ConvNorm(4, 6, 3, stride=stride, padding=0), padded),
        (nn.MaxPool2d(3, stride, "same"), nn.MaxPool2d(3, stride), lowest),
        (nn.AvgPool2d(3, stride, "same", count_padding=True), nn.AvgPool2d(3, stride), padded),
    ):
        y = layer.eval()(x)
        assert y.shape == layer.output_shape(x.shape)
        np.testing.assert_allclose(y.data, bare.eval()(image).data, rtol=0, atol=1e-5)  # sums of 36 numbers near 1
        np.testing.assert_allclose(Planned(layer)(x).data, y.data, rtol=0, atol=1e-5)
    mean = nn.AvgPool2d(3, stride, "same")(x).data  # TensorFlow's zeros do not count
    plain = nn.AvgPool2d(3, stride)
    np.testing.assert_allclose(mean, plain(padded).data / plain(ones).data, rtol=0, atol=1e-5)
    assert "padding=same" in repr(nn.Conv2d(4, 6, 3, padding="same"))
