"""Kernels compiled for chips that are not here, and their machine code read.

What is known of a kernel's speed without a chip: that no register is spilled, that memory is read and written by 128
bits, and how much of the loop that counts is multiplication. To read code takes half a second, so of most kernels only
the bytes of local memory are asked for.
"""

import machine_code
import numpy as np
import pytest
from calls import CALLS
from launched import in_tf32, launched
from machine_code import compiled, local_memory
from numba import types

from cnnkit.kernels.cuda.lacking import LACKING
from cnnkit.kernels.cuda.machine import launch
from cnnkit.kernels.cuda.machine.launch import cuda, float32
from cnnkit.kernels.shared.geometry import Window

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(machine_code.tools() is None, reason="cuobjdump and nvdisasm are missing: the extra sass"),
]
SAME = Window(1, 1, 1, 1, 1, 1)


def floats(*shape):
    return np.zeros(shape, np.float32)


def of_convolution(name, channels, outputs, size=56, batch=32):
    """The kernel that computes a 3x3 convolution of such maps, or a gradient of one."""
    x, w, dy = floats(1, size, size, channels), floats(3, 3, channels, outputs), floats(1, size, size, outputs)
    x, dy = (np.broadcast_to(array, (batch, *array.shape[1:])) for array in (x, dy))
    args = {"conv2d": (x, w, SAME), "conv2d_dx": (dy, w, x.shape, SAME), "conv2d_dw": (dy, x, w.shape, SAME)}[name]
    return max(launched(name, *args), key=lambda found: found[0].threads is not None and "x" in found[0].name)


# For 64 and more outputs, up to 64, and few: a tile each. Of the last two the loop has more to bring for each product.
MOSTLY = 0.75  # of the instructions of a main loop are products
SHAPES = [(128, 128), (64, 64), (16, 16)]
CHIPS = [(7, 5), (8, 0), (9, 0)]


@pytest.mark.parametrize("cc", CHIPS, ids=lambda cc: f"sm_{cc[0]}{cc[1]}")
@pytest.mark.parametrize(("channels", "outputs"), SHAPES)
@pytest.mark.parametrize("name", ["conv2d", "conv2d_dx", "conv2d_dw"])
def test_a_convolution_multiplies_out_of_registers(name, channels, outputs, cc):
    kernel, signature = of_convolution(name, channels, outputs)
    assert " wide wide results" in kernel.name
    code = compiled(kernel, signature, cc)
    assert not code.spilled
    assert code.registers <= 168, "fewer threads would fit on a multiprocessor than hide its waits"
    assert code.count("LDG.E.128") >= 4 and code.count("STG.E.128") >= 16
    assert sum(op.startswith(("LDS.128", "LDS.U.128")) for op in code.main_loop()) >= 32
    assert code.loop_share("FFMA") >= MOSTLY


@pytest.mark.parametrize(("channels", "outputs"), [(128, 128), (64, 64)])
@pytest.mark.parametrize("name", ["conv2d", "conv2d_dw"])  # the gradient by the images is the kernel of `conv2d`
def test_a_convolution_in_tf32_multiplies_by_tensor_cores(name, channels, outputs):
    with in_tf32((9, 0)):
        kernel, signature = of_convolution(name, channels, outputs)
    assert "tf32" in kernel.name
    for cc in (8, 0), (9, 0):
        code = compiled(kernel, signature, cc)
        assert not code.spilled and code.registers <= 255
        assert code.count("LDG.E.128") >= 4 and code.count("STG.E.128") >= 1
        # Of a piece of 16 steps each warp has so many products of 16x8x8; what it brings for them is paid once.
        products = sum(op.startswith("HMMA.1688.F32.TF32") for op in code.main_loop("HMMA"))
        assert products >= outputs // 2 and code.loop_share("HMMA") >= 0.1


def test_every_kernel_is_compiled():
    rows = [(name, *call) for (name, _), call in CALLS.items() if name not in LACKING]
    found = dict.fromkeys(pair for name, args, options in rows for pair in launched(name, *args, **options))
    assert len(found) > 60
    for kernel, signature in [*found, *of_lists()]:
        for cc in CHIPS:
            local = local_memory(kernel, signature, cc)
            assert local == 0, f"{kernel.name} needs {local} bytes of local memory on sm_{cc[0]}{cc[1]}"


def test_what_lies_in_local_memory_is_told_without_reading_the_code():
    """A list whose places are told by numbers of memory cannot lie in registers."""

    @launch.kernel
    def listed(y, places, i):
        numbers = cuda.local.array(50, float32)
        for n in range(50):
            numbers[n] = y[n]
        for n in range(i):
            numbers[places[n]] += y[n]
        for n in range(i):
            y[n] = numbers[places[n] + 1]

    signature = types.float32[::1], types.int32[::1], types.int32
    code = compiled(listed, signature, (9, 0))
    assert code.count("LDL") > 0 and code.spilled
    assert local_memory(listed, signature, (9, 0)) == code.local >= 200


def of_lists():
    """What is launched for lists of arrays, which the calls of `calls.py` are not."""
    w = [floats(3, 5), floats(7)]
    rows = [
        ("ema", (w, w, 0.9)),
        ("scale", (w, 0.5)),
        ("sgd", (w, w, w)),
        ("adam", (w, w, w, w)),
        ("clip_norm", (w, 1)),
    ]
    more = {"sgd": {"lr": 0.1}, "adam": {"lr": 0.1, "step": 1}}
    return [pair for name, args in rows for pair in launched(name, *args, **more.get(name, {}))]
