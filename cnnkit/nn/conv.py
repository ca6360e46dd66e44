"""The convolution layer, and the transposed one, by which maps grow."""

import math

import numpy as np

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.errors import UsageError
from cnnkit.kernels.shared.scalar import Activation
from cnnkit.nn.init import he_normal
from cnnkit.nn.module import Module, Parameter
from cnnkit.ops.check import activation_of
from cnnkit.ops.conv.conv import conv2d_shape
from cnnkit.ops.conv.transpose import check_transposed, conv_transpose2d_shape
from cnnkit.ops.window import Padding, Pair, check_window, pair, window_over


class Conv2d(Module):
    """(N, H, W, in_channels) -> (N, OH, OW, out_channels): filters slide, then bias and activation.

    `activation="relu"` is computed while the sum is still in a register: faster than a ReLU layer behind it.
    `padding="same"` is TensorFlow's: at stride 2 it may add a row below and a column to the right alone.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        *,
        stride: Pair = 1,
        padding: Padding = 0,
        dilation: Pair = 1,
        groups: int = 1,
        bias: bool = True,
        activation: str | Activation = "identity",
        rng: np.random.Generator | None = None,
    ) -> None:
        _check_channels("Conv2d", in_channels, out_channels, groups)
        KH, KW = pair("kernel_size", kernel_size)
        self.stride, self.padding, self.dilation, self.groups = stride, padding, dilation, groups
        self.activation = activation
        activation_of(activation, "Conv2d")
        check_window(stride, padding, dilation)
        fan = (KH * KW * in_channels // groups, KH * KW * out_channels // groups)
        shape = (KH, KW, in_channels // groups, out_channels)
        self.weight = Parameter(he_normal(rng or np.random.default_rng(0), shape, fan))
        self.bias = Parameter(np.zeros(out_channels, np.float32)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        return ops.conv2d(
            x,
            self.weight,
            self.bias,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            groups=self.groups,
            activation=self.activation,
        )

    def output_shape(self, x_shape: tuple[int, ...]) -> tuple[int, ...]:
        win = window_over(x_shape, self.weight.shape, self.stride, self.padding, self.dilation, "conv2d")
        return conv2d_shape(x_shape, self.weight.shape, win, self.groups)

    def multiply_adds(self, x_shape: tuple[int, ...]) -> int:
        KH, KW, CG, _ = self.weight.shape
        return math.prod(self.output_shape(x_shape)) * KH * KW * CG

    def extra_repr(self) -> str:
        KH, KW, CG, O = self.weight.shape
        told = [f"{CG * self.groups}, {O}, {KH}x{KW}"]
        for name, custom in (("stride", 1), ("padding", 0), ("dilation", 1), ("groups", 1)):
            if getattr(self, name) != custom:
                told.append(f"{name}={getattr(self, name)}")
        told += ["bias=False"] * (self.bias is None) + [str(self.activation)] * (self.activation != "identity")
        return ", ".join(told)


class ConvTranspose2d(Module):
    """(N, H, W, in_channels) -> (N, OH, OW, out_channels): each pixel adds its filter around it, then bias, activation.

    What stride, padding and the others do says `ops.conv_transpose2d`; `padding="same"` makes `stride` pixels of each.
    The weight is (KH, KW, out_channels / groups, in_channels). `nn.init.bilinear` gives filters that enlarge.

    First weights are He's. A pixel of the result meets only every stride-th tap of each axis, so its fan is
    KH·KW / (stride_h·stride_w) pixels of in_channels / groups channels.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        *,
        stride: Pair = 1,
        padding: Padding = 0,
        output_padding: Pair = 0,
        dilation: Pair = 1,
        groups: int = 1,
        bias: bool = True,
        activation: str = "identity",
        rng: np.random.Generator | None = None,
    ) -> None:
        _check_channels("ConvTranspose2d", in_channels, out_channels, groups)
        KH, KW = pair("kernel_size", kernel_size)
        self.stride, self.padding, self.output_padding = stride, padding, output_padding
        self.dilation, self.groups, self.activation = dilation, groups, activation
        activation_of(activation, "ConvTranspose2d")
        check_transposed(stride, padding, output_padding, dilation)
        strides = pair("stride", stride)
        taps = max(1, KH // strides[0]) * max(1, KW // strides[1])
        fan = (taps * in_channels // groups, KH * KW * out_channels // groups)
        shape = (KH, KW, out_channels // groups, in_channels)
        self.weight = Parameter(he_normal(rng or np.random.default_rng(0), shape, fan))
        self.bias = Parameter(np.zeros(out_channels, np.float32)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        return ops.conv_transpose2d(
            x,
            self.weight,
            self.bias,
            stride=self.stride,
            padding=self.padding,
            output_padding=self.output_padding,
            dilation=self.dilation,
            groups=self.groups,
            activation=self.activation,
        )

    def output_shape(self, x_shape: tuple[int, ...]) -> tuple[int, ...]:
        return conv_transpose2d_shape(
            x_shape, self.weight.shape, self.stride, self.padding, self.output_padding, self.dilation, self.groups
        )[0]

    def multiply_adds(self, x_shape: tuple[int, ...]) -> int:
        """Each pixel of x times each tap of its filters, also where the result is cut off."""
        KH, KW, OG, _ = self.weight.shape
        return math.prod(x_shape) * KH * KW * OG

    def extra_repr(self) -> str:
        KH, KW, OG, C = self.weight.shape
        told = [f"{C}, {OG * self.groups}, {KH}x{KW}"]
        for name, custom in (("stride", 1), ("padding", 0), ("output_padding", 0), ("dilation", 1), ("groups", 1)):
            if getattr(self, name) != custom:
                told.append(f"{name}={getattr(self, name)}")
        told += ["bias=False"] * (self.bias is None) + [self.activation] * (self.activation != "identity")
        return ", ".join(told)


def _check_channels(layer: str, in_channels: int, out_channels: int, groups: int) -> None:
    if groups < 1 or in_channels < 1 or out_channels < 1 or in_channels % groups or out_channels % groups:
        raise UsageError(
            f"{layer} expects in_channels (={in_channels}) and out_channels (={out_channels}) to be multiples of "
            f"groups (={groups}), all at least 1. Change one of them."
        )
