"""Layers that read several maps, or that only darknet has."""

import math
from typing import final

import numpy as np

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.kernels.shared.scalar import IDENTITY, Activation
from cnnkit.nn import Linear, Module, Parameter
from cnnkit.nn.init import he_normal


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
        return x if self.activation == IDENTITY else ops.activate(x, self.activation)


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


@final
class Connected(Module):
    """(N, H, W, C) -> (N, 1, 1, out_features): each a sum over the whole map."""

    def __init__(
        self, in_features: int, out_features: int, *, activation: Activation, rng: np.random.Generator
    ) -> None:
        self.dense = Linear(in_features, out_features, activation=activation, rng=rng)

    def forward(self, x: Tensor) -> Tensor:
        y = self.dense(ops.flatten(x))
        return ops.reshape(y, (y.shape[0], 1, 1, y.shape[1]))


@final
class Local(Module):
    """(N, H, W, C) -> (N, OH, OW, O): a convolution with other filters at each place.

    What each place sees is laid side by side as groups of channels, so that it is one grouped convolution.

    weight: (KH, KW, C, OH·OW·O).   places: (OH, OW).
    """

    def __init__(
        self,
        in_channels: int,
        filters: int,
        size: int,
        places: tuple[int, int],
        *,
        stride: int,
        padding: int,
        activation: Activation,
        rng: np.random.Generator,
    ) -> None:
        self.size, self.places, self.stride, self.padding = size, places, stride, padding
        self.activation = activation
        fan = size * size * in_channels, filters
        self.weight = Parameter(he_normal(rng, (size, size, in_channels, math.prod(places) * filters), fan))
        self.bias = Parameter(np.zeros(math.prod(places) * filters, np.float32))

    def forward(self, x: Tensor) -> Tensor:
        N, _, _, C = x.shape
        OH, OW = self.places
        padded = ops.pad(x, ((0, 0), (self.padding,) * 2, (self.padding,) * 2, (0, 0)))
        seen = []
        for oy, ox in np.ndindex(self.places):
            y0, x0 = oy * self.stride, ox * self.stride
            seen.append(ops.slice(padded, (0, y0, x0, 0), (N, y0 + self.size, x0 + self.size, C)))
        y = ops.conv2d(ops.concat(seen), self.weight, self.bias, groups=OH * OW, activation=self.activation)
        return ops.reshape(y, (N, OH, OW, -1))

    def output_shape(self, x_shape: tuple[int, ...]) -> tuple[int, ...]:
        return x_shape[0], *self.places, self.bias.size // math.prod(self.places)

    def multiply_adds(self, x_shape: tuple[int, ...]) -> int:
        return x_shape[0] * self.weight.size

    def extra_repr(self) -> str:
        return f"{self.bias.size // math.prod(self.places)} at each of {self.places}, {self.size}"
