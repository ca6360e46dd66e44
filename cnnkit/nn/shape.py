"""Layers that only move elements about."""

import math

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.nn.module import Module


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


class Identity(Module):
    """x itself: a shortcut that has nothing to do."""

    def forward(self, x: Tensor) -> Tensor:
        return x

    def output_shape(self, x_shape: tuple[int, ...]) -> tuple[int, ...]:
        return x_shape
