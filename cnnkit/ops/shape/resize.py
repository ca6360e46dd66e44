"""Images brought to another size."""

from typing import Any

from cnnkit import kernels
from cnnkit.autograd import Context, Function, Tensor
from cnnkit.errors import UsageError
from cnnkit.kernels.shared.array import Array
from cnnkit.ops import check
from cnnkit.ops.window import Pair, pair

MODES = ("bilinear", "nearest")


def resize(x: Tensor | Array, size: Pair, *, mode: str = "bilinear", align_corners: bool = False) -> Tensor:
    """x (N, H, W, C) at another size, (N, *size, C): each pixel from its neighbours in x, without antialiasing.

    Args:
        x: (N, H, W, C), of at least one pixel.
        size: one number for both sides, or (height, width).
        mode: "bilinear" weighs the four pixels around a place by how near they are; "nearest" takes one.
        align_corners: whether the middles of the corner pixels stay where they are; else the image's edges do.

    As PyTorch's `interpolate`; nearest with aligned corners as TensorFlow's. Where each pixel reads says
    `kernels/shared/resizing.py`. An image that has the size already is given back as it is.
    """
    x = check.tensor(x, "resize")
    check.pixels(x.shape, "resize")
    size = pair("size", size)
    if x.shape[1:3] == size:
        return x
    result: Tensor = _Resize.apply(x, size, nearest_of(mode), align_corners)
    return result


def nearest_of(mode: str) -> bool:
    """Whether the mode of this name takes one pixel alone."""
    if mode not in MODES:
        raise UsageError(f"resize expects mode to be one of {', '.join(MODES)}, but received {mode!r}.")
    return mode == "nearest"


class _Resize(Function):
    @staticmethod
    def forward(ctx: Context, x: Array, size: tuple[int, int], nearest: bool, align_corners: bool) -> Array:
        y: Array = kernels.of(x).resize(x, size, nearest=nearest, align_corners=align_corners)
        ctx.save(x.shape, nearest, align_corners)
        return y

    @staticmethod
    def backward(ctx: Context, dy: Array) -> tuple[Any, ...]:
        x_shape, nearest, align_corners = ctx.saved
        dx = kernels.of(dy).resize_dx(dy, x_shape, nearest=nearest, align_corners=align_corners)
        return dx, None, None, None
