"""The dropout layer."""

import numpy as np

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.errors import UsageError
from cnnkit.nn.module import Module


class Dropout(Module):
    """In training, zero each element with probability `rate` and scale the others by 1 / (1 - rate); else do nothing.

    What is dropped follows from (seed, counter) alone. The counter, one up with every training pass, is a buffer: it is
    saved with the weights, so a resumed training drops what an uninterrupted one would have dropped. Two layers of one
    network need two seeds.
    """

    training_only = ("counter",)

    def __init__(self, rate: float, *, seed: int = 0) -> None:
        if not 0 <= rate < 1:
            raise UsageError(f"Dropout expects a rate from 0 up to, not including, 1, but received {rate}.")
        self.rate = rate
        self.seed = seed
        self.register_buffer("counter", np.zeros((), np.int64))

    counter: np.ndarray[tuple[int, ...], np.dtype[np.int64]]

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.rate == 0:
            return x
        stream = int(self.counter)
        self.counter[...] = stream + 1
        return ops.dropout(x, self.rate, (self.seed, stream))

    def output_shape(self, x_shape: tuple[int, ...]) -> tuple[int, ...]:
        return x_shape

    def extra_repr(self) -> str:
        return str(self.rate)
