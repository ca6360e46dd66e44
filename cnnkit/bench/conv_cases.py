"""Convolutions of real networks: forward and both gradients, checked by sums from the definition and by duality."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np

from cnnkit import kernels
from cnnkit.bench.cases import Case
from cnnkit.bench.map_cases.enlarge import transposed_cases
from cnnkit.bench.network_cases.convs import NETWORK_LAYERS, Layer
from cnnkit.bench.on_cuda.sampled import check_sampled
from cnnkit.bench.rivals.onnx_layers import onnx_conv
from cnnkit.bench.rivals.onnx_sessions import SESSIONS
from cnnkit.bench.rivals.torch_layers import torch_conv
from cnnkit.errors import CheckFailed
from cnnkit.kernels.cpu.conv import schedule
from cnnkit.kernels.cpu.machine import buffers
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.geometry import conv2d_output_shape

LAYERS = [
    Layer("convnet conv1", 128, 28, 1, 32, 3, padding=0, quick=True),
    Layer("convnet conv2", 128, 26, 32, 64, 3, padding=0, quick=True),
    Layer("lenet-like conv2", 128, 14, 32, 64, 3),
    Layer("vgg-small conv", 32, 32, 64, 64, 3, quick=True),
    Layer("resnet18 conv2_x", 32, 56, 64, 64, 3),
    Layer("resnet18 conv3_x", 8, 28, 128, 128, 3, quick=True),
    Layer("resnet18 conv4_x", 8, 14, 256, 256, 3),
    Layer("vgg16 conv1_2", 1, 224, 64, 64, 3),
    Layer("resnet18 conv3_1", 8, 56, 64, 128, 3, stride=2, quick=True),
    Layer("resnet18 conv1", 8, 224, 3, 64, 7, stride=2),
    Layer("alexnet-like conv2", 32, 32, 64, 64, 5),
    Layer("lenet-like conv2, 5x5", 32, 14, 32, 64, 5),
    Layer("resnet50 conv2 expand", 8, 56, 64, 256, 1, quick=True),
    Layer("resnet50 conv2 reduce", 8, 56, 256, 64, 1),
    Layer("mobilenet_v2 bottleneck2 depthwise", 8, 56, 144, 144, 3, groups=144, quick=True),
    Layer("mobilenet_v2 bottleneck3 depthwise", 8, 56, 144, 144, 3, stride=2, groups=144),
    Layer("mobilenet_v2 bottleneck5 depthwise", 8, 14, 576, 576, 3, groups=576),
    Layer("mobilenet_v2 bottleneck7 depthwise", 8, 7, 960, 960, 3, groups=960),
    Layer("deeplab_v1 conv5", 4, 41, 512, 512, 3, dilation=2),
    Layer("deeplab_v2 layer4", 4, 41, 512, 512, 3, dilation=4),
    Layer("deeplab_v3 aspp", 4, 65, 512, 256, 3, dilation=12),
    Layer("deeplab_v3plus aspp", 4, 33, 512, 256, 3, dilation=18),
]


def cases(*, quick: bool) -> Iterator[Callable[[], Case]]:
    yield from layer_cases("conv", quick=quick)
    if not quick:
        yield from transposed_cases()


def layer_cases(suite: str, *, quick: bool) -> Iterator[Callable[[], Case]]:
    """Single layers, or with "networks" all convolutions of whole networks, of which none is quick."""
    layers = LAYERS if suite == "conv" else NETWORK_LAYERS
    return _cases([layer for layer in layers if layer.quick or not quick])


def _cases(layers: Sequence[Layer]) -> Iterator[Callable[[], Case]]:
    for layer in layers:
        for direction in ("forward", "dx", "dw"):
            if direction != "dx" or layer.C > 3:  # no network asks for the gradient of its picture
                yield partial(conv_case, layer, direction)


def conv_case(layer: Layer, direction: str) -> Case:
    """`direction` of one layer: "forward" (with packed filters, as a network that predicts), "dx" or "dw".

    Where new arrays go to a device, some outputs are held against the definition, corners among them.
    """
    rng = np.random.default_rng(0)
    win = layer.window
    x = buffers.aligned(rng.standard_normal((layer.N, layer.size, layer.size, layer.C), dtype=np.float32))
    w = rng.standard_normal((layer.kernel, layer.kernel, layer.C // layer.groups, layer.O), dtype=np.float32)
    w /= np.float32(np.sqrt(layer.kernel**2 * layer.C / layer.groups))
    y_shape = conv2d_output_shape(x.shape, w.shape, win)
    dy = buffers.aligned(rng.standard_normal(y_shape, dtype=np.float32))
    k = kernels.home()
    there = k is not kernels.of(x)
    X, W, DY = map(k.put, (x, w, dy))
    flop = 2.0 * np.prod(y_shape) * np.prod(w.shape[:3])
    if direction == "forward":
        filters = k.pack(W, layer.groups)
        run = partial(k.conv2d, X, filters, win, layer.groups)
        check = partial(_check_sums, run, x, w, layer)
    elif direction == "dx":
        run = partial(k.conv2d_dx, DY, W, x.shape, win, layer.groups)
        check = partial(_check_duality, run, lambda: k.conv2d(x, w, win, layer.groups), dy, x)
    else:
        run = partial(k.conv2d_dw, DY, X, w.shape, win, layer.groups)
        check = partial(
            _check_duality,
            lambda: k.conv2d_dw(dy, x, w.shape, win, layer.groups)[0],
            lambda: k.conv2d(x, w, win, layer.groups),
            dy,
            w,
        )
    operands = (x, w, dy, layer.stride, layer.pad, layer.dilation, layer.groups, direction)
    rivals = {"torch": partial(torch_conv, *operands)}
    if direction == "forward":
        rivals |= {name: partial(onnx_conv, name, x, w, *operands[3:7]) for name in SESSIONS}

    def check_there() -> None:
        result = run()
        found = k.fetch(result[0] if direction == "dw" else result)
        check_sampled(direction, found, x, w, dy, layer, tf32=kernels.precision() == "tf32")

    plain = layer.stride == 1 and layer.groups == 1 and not there
    saved = schedule.FORMS[layer.kernel].saved if plain and layer.kernel in schedule.FORMS else 1.0
    return Case(f"{layer} {direction}", run, check_there if there else check, flop, saved, rivals, layer.quick)


def _check_sums(run: Callable[[], Host], x: Host, w: Host, layer: Layer) -> None:
    """64 outputs, corners among them, against sums of products in float64."""
    y = run()
    N, OH, OW, O = y.shape
    padded = np.pad(x, ((0, 0), (layer.pad,) * 2, (layer.pad,) * 2, (0, 0)))
    rng, CG = np.random.default_rng(1), w.shape[2]
    places = rng.integers(0, (N, OH, OW, O), (64, 4))
    places[0], places[1] = (0, 0, 0, 0), (N - 1, OH - 1, OW - 1, O - 1)
    scale = float(np.abs(y).max())
    for n, oy, ox, o in places:
        c0 = o // (O // layer.groups) * CG
        iy, ix = oy * layer.stride, ox * layer.stride
        reach, rate = layer.dilation * layer.kernel, layer.dilation
        patch = padded[n, iy : iy + reach : rate, ix : ix + reach : rate, c0 : c0 + CG]
        want = float((patch.astype(np.float64) * w[..., o]).sum())
        if not abs(float(y[n, oy, ox, o]) - want) <= 1e-4 * scale:
            raise CheckFailed(f"{layer}: output {(n, oy, ox, o)} should be {want:.6g} and is {y[n, oy, ox, o]:.6g}.")


def _check_duality(run: Callable[[], Host], forward: Callable[[], Host], dy: Host, operand: Host) -> None:
    """A convolution is linear in x and in w, so Σ dy·y = Σ x·dx = Σ w·dw."""
    want = float((forward().astype(np.float64) * dy).sum())
    got = float((run().astype(np.float64) * operand).sum())
    scale = float(np.sqrt((forward().astype(np.float64) ** 2).sum() * (dy.astype(np.float64) ** 2).sum()))
    if not abs(got - want) <= 1e-5 * scale:
        raise CheckFailed(f"the gradient fails the duality test: Σ dy·y = {want:.6g}, the other side is {got:.6g}.")
