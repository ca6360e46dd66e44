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
