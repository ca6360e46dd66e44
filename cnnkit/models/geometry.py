"""Where a network's zeros go: frameworks agree at stride 1, and differ at stride 2 by half a pixel.

    default     as the network's file says: PyTorch's way for most, TensorFlow's for mobilenet_v1
    same        TensorFlow's: as few zeros as keep ceil(size / stride) pixels, the smaller half above and to the left
    symmetric   the same number on both sides of a convolution: PyTorch's and Caffe's

Only layers that pad are changed. A mean over a window leaves TensorFlow's zeros out.
"""

from cnnkit.errors import ShapeError, UsageError, unknown_name
from cnnkit.nn import AvgPool2d, Conv2d, MaxPool2d, Module
from cnnkit.nn.module import computes_as
from cnnkit.ops.window import SAME, pair, window, window_over

PADDINGS = ("default", "same", "symmetric")


def pad(module: Module, padding: str, x_shape: tuple[int, ...]) -> Module:
    """The module itself, its layers that pad changed to this way.

    Raises:
        UsageError: there is no such way, or the layers behind do not fit the sizes that it leads to.
    """
    if padding not in PADDINGS:
        raise unknown_name("padding", padding, PADDINGS)
    if padding == "default":
        return module
    for part in module.modules():
        layer = _padding(part)
        if layer is None:
            continue
        if padding == "same":
            layer.padding = SAME
            if isinstance(layer, AvgPool2d):
                layer.count_padding = None
        elif isinstance(layer, Conv2d):
            layer.padding = _half(layer)
    try:
        module.watched(x_shape)
    except ShapeError as error:
        raise UsageError(f"With --padding {padding} the layers do not fit each other: {error}") from error
    return module


def depends_on_padding(module: Module, x_shape: tuple[int, ...]) -> bool:
    """Whether TensorFlow's way, or that of both sides alike, gives another result for images of this size."""
    for called, before, _ in module.watched(x_shape, auxiliary=True):
        if (layer := _padding(called)) is None:
            continue
        kernel = _kernel(layer)
        stride = kernel if layer.stride is None else layer.stride
        dilation = layer.dilation if isinstance(layer, Conv2d) else 1
        ways = (layer.padding, SAME, *([_half(layer)] if isinstance(layer, Conv2d) else []))
        if len({window_over(before, kernel, stride, way, dilation) for way in ways}) > 1:
            return True
    return False


def _padding(module: Module) -> Conv2d | MaxPool2d | AvgPool2d | None:
    """The module if it is a layer that adds zeros."""
    if not (computes_as(module, Conv2d) or computes_as(module, MaxPool2d) or computes_as(module, AvgPool2d)):
        return None
    return module if module.padding == SAME or window(padding=module.padding) != window() else None


def _kernel(layer: Conv2d | MaxPool2d | AvgPool2d) -> tuple[int, int]:
    return pair("kernel_size", layer.weight.shape[:2] if isinstance(layer, Conv2d) else layer.kernel_size)


def _half(layer: Conv2d) -> tuple[int, int]:
    (KH, KW), (spread_h, spread_w) = _kernel(layer), pair("dilation", layer.dilation)
    return spread_h * (KH - 1) // 2, spread_w * (KW - 1) // 2
