"""A running average of the weights, which is often better than the last of them."""

from collections.abc import Iterator
from contextlib import contextmanager

from cnnkit import kernels
from cnnkit.nn import Module
from cnnkit.optim.averages import Averages
from cnnkit.optim.optimiser import fraction


class EMA(Averages):
    """average = d·average + (1 - d)·w after every step,   d = min(decay, (1 + steps) / (10 + steps))

    The smaller d of the first steps lets the average leave the random weights it starts from. Parameters that want no
    gradient have no average: rounding would move it away from what stays.
    Source: Polyak & Juditsky 1992, Acceleration of stochastic approximation by averaging.
    """

    def __init__(self, module: Module, decay: float) -> None:
        self.decay = fraction("decay", decay)
        self._parameters = {name: w for name, w in module.named_parameters() if w.requires_grad}
        super().__init__({name: w.data for name, w in self._parameters.items()})

    def update(self) -> None:
        """Take the present weights into the average."""
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        averages, weights = list(self._averages.values()), [self._parameters[name].data for name in self._averages]
        kernels.of(*averages).ema(averages, weights, decay)

    @contextmanager
    def swapped(self) -> Iterator[None]:
        """Let the module compute with the averages until the block ends."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    def _swap(self) -> None:
        for name, parameter in self._parameters.items():
            self._averages[name], parameter.data = parameter.data, self._averages[name]
