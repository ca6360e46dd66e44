"""Layers that read several maps, or that only darknet has."""

from typing import final

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.kernels.shared.scalar import Activation
from cnnkit.nn import Module


@final
class Route(Module):
    """Maps of one height and width -> their channels one behind the other; of each the part `part` of `parts`."""

    def __init__(self, parts: int = 1, part: int = 0) -> None:
        self.parts, self.part = parts, part

    def forward(self, x: Tensor, *others: Tensor) -> Tensor:
        maps = [self._part(map_) for map_ in (x, *others)]
        return ops.concat(maps) if others else maps[0]

    def _part(self, x: Tensor) -> Tensor:
        if self.parts == 1:
            return x
        *sizes, C = x.shape
        width = C // self.parts
        return ops.slice(x, (0, 0, 0, self.part * width), (*sizes, (self.part + 1) * width))


@final
class Shortcut(Module):
    """Maps of one shape -> their sum, then an activation: the end of a residual block."""

    def __init__(self, activation: Activation) -> None:
        self.activation = activation

    def forward(self, x: Tensor, *others: Tensor) -> Tensor:
        for y in others:
            x = x + y
        return ops.activate(x, self.activation)


@final
class Reorg(Module):
    """(N, H, W, C) -> (N, H / s, W / s, s²·C): finer maps brought beside coarser ones (YOLO v2's passthrough).

    Which numbers meet in a pixel is not what one expects. darknet takes the map, (C, H, W) in its memory, for one of
    C / s² channels and s times the sides, makes channels of s x s pixels of that, the place first, and takes the result
    for the map above. Published weights were trained so.
    """

    def __init__(self, stride: int) -> None:
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        N, H, W, C = x.shape
        s = self.stride
        taken = ops.reshape(ops.permute(x, (0, 3, 1, 2)), (N, C // s**2, H, s, W, s))
        moved = ops.permute(taken, (0, 3, 5, 1, 2, 4))
        return ops.permute(ops.reshape(moved, (N, C * s**2, H // s, W // s)), (0, 2, 3, 1))

    def output_shape(self, x_shape: tuple[int, ...]) -> tuple[int, ...]:
        N, H, W, C = x_shape
        return N, H // self.stride, W // self.stride, C * self.stride**2

    def extra_repr(self) -> str:
        return str(self.stride)
