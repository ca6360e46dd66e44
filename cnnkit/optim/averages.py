"""Averages of weights under their names: what all of them have, and what a state keeps of them."""

from collections.abc import Mapping

import numpy as np

from cnnkit import kernels
from cnnkit.errors import CheckpointError
from cnnkit.kernels.shared.array import Array
from cnnkit.optim.optimiser import kind_of


class Averages:
    """Averages that begin as copies of these arrays.   steps: how often they were brought up to date."""

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        self.steps = 0
        self._averages = {name: kernels.of(array).copy(array) for name, array in arrays.items()}

    def state_dict(self) -> dict[str, Array]:
        """Steps and averages, under the names of what they are of: the arrays themselves, not copies."""
        return {"steps": np.array(self.steps, np.int64), **self._averages}

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Copy a saved state back: all of it, or nothing if a part does not fit."""
        own = self.state_dict()
        for name in own.keys() | state.keys():
            if name not in own or name not in state or kind_of(own[name]) != kind_of(state[name]):
                raise CheckpointError(f"The saved average does not fit this model at {name}. Is it of the same model?")
        become(self._averages, state)
        steps = state["steps"]
        self.steps = int(kernels.of(steps).fetch(steps))


def become(arrays: Mapping[str, Array], others: Mapping[str, Array]) -> None:
    """Copy into each array the one of its name."""
    for name, array in arrays.items():
        kernels.of(array).copy_into(array, others[name])
