"""A running average of the weights, which is often better than the last of them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np

from cnnkit import kernels
from cnnkit.errors import CheckpointError
from cnnkit.kernels.shared.array import Array
from cnnkit.nn import Module
from cnnkit.optim.optimiser import fraction, kind_of


class EMA:
    """average = d·average + (1 - d)·w after every step,   d = min(decay, (1 + steps) / (10 + steps))

    The smaller d of the first steps lets the average leave the random weights it starts from. Parameters that want no
    gradient have no average: rounding would move it away from what stays.
    Source: Polyak & Juditsky 1992, Acceleration of stochastic approximation by averaging.
    """

    def __init__(self, module: Module, decay: float) -> None:
        self.decay = fraction("decay", decay)
        self.steps = 0
        self._parameters = {name: w for name, w in module.named_parameters() if w.requires_grad}
        self._averages = {name: kernels.of(w.data).copy(w.data) for name, w in self._parameters.items()}

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

    def state_dict(self) -> dict[str, Array]:
        """Steps and averages, under the parameters' names: the arrays themselves, not copies."""
        return {"steps": np.array(self.steps, np.int64), **self._averages}

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Copy a saved state back: all of it, or nothing if a part does not fit."""
        own = self.state_dict()
        for name in own.keys() | state.keys():
            if name not in own or name not in state or kind_of(own[name]) != kind_of(state[name]):
                raise CheckpointError(f"The saved average does not fit this model at {name}. Is it of the same model?")
        for name, average in self._averages.items():
            kernels.of(average).copy_into(average, state[name])
        steps = state["steps"]
        self.steps = int(kernels.of(steps).fetch(steps))
