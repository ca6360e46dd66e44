"""One factor for each channel of each image."""

from typing import Any

from cnnkit import kernels
from cnnkit.autograd import Context, Function, Tensor
from cnnkit.errors import ShapeError
from cnnkit.kernels.shared.array import Array
from cnnkit.ops import check


def scale_channels(x: Tensor | Array, s: Tensor | Array) -> Tensor:
    """x (N, H, W, C) · s (N, C): every channel of every image by a factor of its own.

    Source: Hu et al. 2017, arXiv:1709.01507, equation 4.
    """
    x, s = check.tensor(x, "scale_channels"), check.tensor(s, "scale_channels")
    check.images(x.shape, "scale_channels")
    if s.shape != (x.shape[0], x.shape[3]):
        raise ShapeError(
            f"scale_channels expects factors of shape {(x.shape[0], x.shape[3])}, one per image and channel of x "
            f"{x.shape}, but received {s.shape}. Do they come from another layer?"
        )
    result: Tensor = _ScaleChannels.apply(x, s)
    return result


class _ScaleChannels(Function):
    @staticmethod
    def forward(ctx: Context, x: Array, s: Array) -> Array:
        ctx.save(x, s)
        y: Array = kernels.of(x, s).scale_channels(x, s)
        return y

    @staticmethod
    def backward(ctx: Context, dy: Array) -> tuple[Any, ...]:
        x, s = ctx.saved
        dx, ds = kernels.of(dy, x, s).scale_channels_dx(dy, x, s)
        return dx if ctx.needs[0] else None, ds if ctx.needs[1] else None
