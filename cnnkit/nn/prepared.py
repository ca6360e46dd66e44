"""A network made ready for use: every batch norm folded into the convolution before it, filters laid out once.

    norm(conv(x)) = x * (w · scale) + (bias - mean · scale),   scale = weight / √(var + eps), per output channel

Computed in float64 and rounded once, so the logits differ from those of the network itself by rounding alone.
"""

import copy
from itertools import pairwise
from typing import Any

import numpy as np

from cnnkit import kernels
from cnnkit.autograd import Tensor
from cnnkit.kernels.shared.array import Array
from cnnkit.nn.blocks import ConvNorm
from cnnkit.nn.containers import Sequential
from cnnkit.nn.conv import Conv2d
from cnnkit.nn.module import Module
from cnnkit.nn.norm import BatchNorm2d
from cnnkit.nn.shape import Identity
from cnnkit.ops.check import activation_of
from cnnkit.ops.conv import conv2d_shape
from cnnkit.ops.window import window


class PreparedConv(Module):
    """A convolution, with the batch norm that followed it: it computes, but neither learns nor is saved."""

    def __init__(self, conv: Conv2d, norm: BatchNorm2d | None = None) -> None:
        weight, bias = conv.weight.data, None if conv.bias is None else conv.bias.data
        activation = conv.activation
        if norm is not None:
            weight, bias = folded(weight, bias, norm)
            activation = norm.activation
        self.groups, self.window = conv.groups, window(conv.stride, conv.padding, conv.dilation)
        self.bias, self.shape = bias, weight.shape
        self.activation = activation_of(activation, "PreparedConv")
        self.filters: Any = kernels.of(weight).pack(weight, self.window, conv.groups)

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        conv2d_shape(x.shape, self.shape, self.window, self.groups)
        rest = None if residual is None else residual.data
        ends = {"bias": self.bias, "activation": self.activation, "residual": rest}
        return Tensor(kernels.of(x.data).conv2d(x.data, self.filters, self.window, self.groups, **ends))


def folded(w: Array, bias: Array | None, norm: BatchNorm2d) -> tuple[Array, Array]:
    """Filters and bias of the one convolution that does the work of a convolution and the norm behind it."""
    scale = norm.weight.data / np.sqrt(norm.running_var.astype(np.float64) + norm.eps)
    shift = norm.bias.data + ((0 if bias is None else bias) - norm.running_mean) * scale
    return (w * scale).astype(w.dtype), shift.astype(w.dtype)


def prepared(module: Module) -> Module:
    """A copy for use: the same answers, sooner. It shares what it need not change with `module`, and has no tape."""
    if isinstance(module, ConvNorm):
        return PreparedConv(module.conv, module.norm)
    if isinstance(module, Conv2d):
        return PreparedConv(module)
    twin = copy.copy(module)
    for name, child in module.named_children():
        setattr(twin, name, prepared(child))
    if isinstance(module, Sequential):
        for (name, child), (after, norm) in pairwise(module.named_children()):
            if isinstance(child, Conv2d) and child.activation == "identity" and isinstance(norm, BatchNorm2d):
                setattr(twin, name, PreparedConv(child, norm))
                setattr(twin, after, Identity())
    return twin
