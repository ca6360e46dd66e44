"""Sampled outputs of convolutions, on this machine's kernels: right ones pass, and a wrong border does not."""

import numpy as np
import pytest

from cnnkit import kernels
from cnnkit.bench.network_cases.convs import Layer
from cnnkit.bench.on_cuda.sampled import check_sampled
from cnnkit.errors import CheckFailed

LAYERS = [
    Layer("plain", 2, 9, 8, 16, 3),
    Layer("strided", 2, 9, 3, 5, 3, stride=2),
    Layer("grouped", 1, 7, 6, 12, 3, groups=3),
    Layer("depthwise", 2, 8, 6, 6, 3, stride=2, groups=6),
    Layer("pointwise", 2, 5, 8, 4, 1),
    Layer("dilated", 1, 9, 4, 5, 3, dilation=2),
]


def computed(layer, direction):
    """The result, and what it is of."""
    rng, k, win = np.random.default_rng(0), kernels.home(), layer.window
    x = rng.standard_normal((layer.N, layer.size, layer.size, layer.C), dtype=np.float32)
    w = rng.standard_normal((layer.kernel, layer.kernel, layer.C // layer.groups, layer.O), dtype=np.float32)
    y = k.conv2d(x, w, win, layer.groups)
    dy = rng.standard_normal(y.shape, dtype=np.float32)
    found = {
        "forward": lambda: y,
        "dx": lambda: k.conv2d_dx(dy, w, x.shape, win, layer.groups),
        "dw": lambda: k.conv2d_dw(dy, x, w.shape, win, layer.groups)[0],
    }[direction]()
    return np.array(found), (x, w, dy, layer)


@pytest.mark.parametrize("direction", ["forward", "dx", "dw"])
@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_right_ones_pass_and_the_last_channel_of_the_last_pixel_is_looked_at(layer, direction):
    found, operands = computed(layer, direction)
    assert check_sampled(direction, found, *operands, count=100) < 1e-5
    found[-1, -1, -1, -1] += np.float32(0.01) * np.abs(found).max()
    with pytest.raises(CheckFailed, match=r"sampled outputs are wrong"):
        check_sampled(direction, found, *operands, count=100)


def test_no_number_is_wrong_and_tf32_errs_more():
    found, operands = computed(LAYERS[0], "forward")
    rough = found * np.float32(1.0005)
    assert 1e-4 < check_sampled("forward", rough, *operands, tf32=True, count=50) < 2e-3
    with pytest.raises(CheckFailed):
        check_sampled("forward", rough, *operands, count=50)
    found[0, 0, 0, 0] = np.nan
    with pytest.raises(CheckFailed, match=r"output \(0, 0, 0, 0\) should be .* and is nan"):
        check_sampled("forward", found, *operands, count=50)
