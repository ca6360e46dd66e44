"""Layers without numbers of their own that give another shape."""

import math

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.errors import UsageError
from cnnkit.nn.module import Module
from cnnkit.ops.check import pixels
from cnnkit.ops.shape.resize import nearest_of
from cnnkit.ops.window import Pair, pair


class Flatten(Module):
    """(N, ...) -> (N, product of the rest), without a copy."""

    def forward(self, x: Tensor) -> Tensor:
        return ops.flatten(x)

    def output_shape(self, x_shape: tuple[int, ...]) -> tuple[int, ...]:
        return x_shape[0], math.prod(x_shape[1:])


class ChannelShuffle(Module):
    """Deal the channels out: the next grouped convolution sees some of every group of the last.

    Source: Zhang et al. 2017, arXiv:1707.01083, section 3.1.
    """

    def __init__(self, groups: int) -> None:
        self.groups = groups

    def forward(self, x: Tensor) -> Tensor:
        return ops.channel_shuffle(x, self.groups)

    def output_shape(self, x_shape: tuple[int, ...]) -> tuple[int, ...]:
        return x_shape

    def extra_repr(self) -> str:
        return str(self.groups)


class Resize(Module):
    """(N, H, W, C) -> (N, *size, C), or `scale` times as many pixels a side; see `ops.resize`.

    size: one number for both sides, or (height, width).   scale: a whole number, in place of a size.
    """

    def __init__(
        self,
        size: Pair | None = None,
        *,
        scale: Pair | None = None,
        mode: str = "bilinear",
        align_corners: bool = False,
    ) -> None:
        if (size is None) == (scale is None):
            raise UsageError(f"Resize expects either size or scale, but received size={size!r} and scale={scale!r}.")
        self.size, self.scale, self.mode, self.align_corners = size, scale, mode, align_corners
        pair("size" if scale is None else "scale", size if scale is None else scale)
        nearest_of(mode)

    def forward(self, x: Tensor) -> Tensor:
        return ops.resize(x, self._size(x.shape), mode=self.mode, align_corners=self.align_corners)

    def output_shape(self, x_shape: tuple[int, ...]) -> tuple[int, ...]:
        return x_shape[0], *self._size(x_shape), x_shape[3]

    def _size(self, x_shape: tuple[int, ...]) -> tuple[int, int]:
        pixels(x_shape, "Resize")
        if self.scale is None:
            return pair("size", self.size)
        down, across = pair("scale", self.scale)
        return x_shape[1] * down, x_shape[2] * across

    def extra_repr(self) -> str:
        told = [f"size={self.size}" if self.scale is None else f"scale={self.scale}", self.mode]
        return ", ".join(told + ["align_corners=True"] * self.align_corners)


class Identity(Module):
    """x itself: a shortcut that has nothing to do."""

    def forward(self, x: Tensor) -> Tensor:
        return x

    def output_shape(self, x_shape: tuple[int, ...]) -> tuple[int, ...]:
        return x_shape
