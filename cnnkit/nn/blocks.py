"""Modules that networks are told in: a convolution with its batch norm, and a gate on channels."""

from typing import NamedTuple

import numpy as np

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.kernels.shared.scalar import Activation
from cnnkit.nn.conv import Conv2d
from cnnkit.nn.linear import Linear
from cnnkit.nn.module import Module
from cnnkit.nn.norm import BatchNorm2d
from cnnkit.nn.pool import GlobalAvgPool2d
from cnnkit.ops.window import Padding, Pair, pair


class ConvNorm(Module):
    """(N, H, W, in_channels) -> (N, OH, OW, out_channels): activation(norm(conv(x)) + residual).

    The brick of nearly all networks since 2015. A residual has the shape of the result.
    Padding None keeps the size at stride 1. The convolution has no bias: the norm would take it away again.
    Source: Ioffe & Szegedy 2015, arXiv:1502.03167, section 3.2.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        *,
        stride: Pair = 1,
        padding: Padding | None = None,
        dilation: Pair = 1,
        groups: int = 1,
        activation: str | Activation = "relu",
        eps: float = 1e-5,
        momentum: float = 0.1,
        rng: np.random.Generator | None = None,
    ) -> None:
        KH, KW = pair("kernel_size", kernel_size)
        dilation_h, dilation_w = pair("dilation", dilation)
        same = (dilation_h * (KH - 1) // 2, dilation_w * (KW - 1) // 2)
        self.conv = Conv2d(
            in_channels,
            out_channels,
            kernel_size,
            stride=stride,
            padding=same if padding is None else padding,
            dilation=dilation,
            groups=groups,
            bias=False,
            rng=rng,
        )
        self.norm = BatchNorm2d(out_channels, eps=eps, momentum=momentum, activation=activation)

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        return self.norm(self.conv(x), residual)

    def output_shape(self, x_shape: tuple[int, ...]) -> tuple[int, ...]:
        return self.conv.output_shape(x_shape)

    def multiply_adds(self, x_shape: tuple[int, ...]) -> int:
        return self.conv.multiply_adds(x_shape)


class SqueezeExcite(Module):
    """(N, H, W, C) -> (N, H, W, C): x · s, the gate s (N, C) from the mean of every channel by two dense layers.

    Source: Hu et al. 2018, arXiv:1709.01507, figure 2.
    """

    def __init__(
        self,
        channels: int,
        squeezed: int,
        *,
        activation: str = "relu",
        gate: str = "sigmoid",
        rng: np.random.Generator | None = None,
    ) -> None:
        self.pool = GlobalAvgPool2d()
        self.reduce = Linear(channels, squeezed, activation=activation, rng=rng)
        self.expand = Linear(squeezed, channels, activation=gate, rng=rng)

    def forward(self, x: Tensor) -> Tensor:
        return ops.scale_channels(x, self.expand(self.reduce(self.pool(x))))

    def output_shape(self, x_shape: tuple[int, ...]) -> tuple[int, ...]:
        return x_shape


class WithAuxiliary(NamedTuple):
    """What a network with auxiliary classifiers gives in training, all (N, …, classes): losses count `weight` times.

    Source: Szegedy et al. 2014, arXiv:1409.4842, section 5.
    """

    logits: Tensor
    auxiliary: tuple[Tensor, ...]
    weight: float
