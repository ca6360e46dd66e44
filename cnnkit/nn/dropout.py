"""The dropout layer."""

import numpy as np

from cnnkit import kernels, ops
from cnnkit.autograd import Tensor
from cnnkit.errors import UsageError
from cnnkit.kernels.shared.array import Array
from cnnkit.nn.module import Module


class Dropout(Module):
    """In training, zero each element with probability `rate` and scale the others by 1 / (1 - rate); else do nothing.

    What is dropped follows from (seed, counter) alone. The counter, one up with every training pass, is a buffer: it is
    saved with the weights, so a resumed training drops what an uninterrupted one would have dropped. It lies where the
    network does, and a kernel counts it, so that a pass made again by its kernels drops others too. Two layers of one
    network need two seeds.
    """

    training_only = ("counter",)

    def __init__(self, rate: float, *, seed: int = 0) -> None:
        if not 0 <= rate < 1:
            raise UsageError(f"Dropout expects a rate from 0 up to, not including, 1, but received {rate}.")
        self.rate = rate
        self.seed = seed
        self.register_buffer("counter", kernels.home().put(np.zeros((), np.int64)))

    counter: Array

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.rate == 0:
            return x
        return ops.dropout(x, self.rate, (self.seed, self.counter))

    def output_shape(self, x_shape: tuple[int, ...]) -> tuple[int, ...]:
        return x_shape

    def extra_repr(self) -> str:
        return str(self.rate)
