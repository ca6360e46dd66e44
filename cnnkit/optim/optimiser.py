"""What all optimisers share: the parameters, the one place where gradients are gathered, and state for checkpoints."""

import math
from collections.abc import Iterable, Mapping

import numpy as np

from cnnkit import kernels
from cnnkit.errors import CheckpointError, UsageError
from cnnkit.kernels.shared.array import Array
from cnnkit.nn import Parameter


class Optimiser:
    """Abstract: a subclass names its slots (arrays kept per parameter) and writes `_update`.

    Weight decay acts on parameters with more than one axis: filters and dense weights, not biases, nor the scales and
    shifts of batch norm.
    """

    slots: tuple[str, ...] = ()

    def __init__(self, parameters: Iterable[Parameter], lr: float, weight_decay: float) -> None:
        self.parameters = list(parameters)
        if not self.parameters:
            raise UsageError("An optimiser expects at least one parameter, but received none. Pass model.parameters().")
        self.lr = _rate("lr", lr)
        self.weight_decay = _rate("weight_decay", weight_decay)
        self.steps = 0
        self.factors = [1.0] * len(self.parameters)
        self._state = {
            slot: [kernels.of(p.data).zeros(p.shape, p.dtype) for p in self.parameters] for slot in self.slots
        }

    def gradients(self) -> list[Array | None]:
        """The gradient of every parameter, in order: the one place between backward and step where they pass."""
        return [parameter.grad for parameter in self.parameters]

    def scale_rate(self, parameters: Iterable[Parameter], factor: float) -> None:
        """From now on, move these parameters at `factor` times the rate of the others."""
        chosen = {id(parameter) for parameter in parameters}
        self.factors = [
            _rate("factor", factor) if id(parameter) in chosen else before
            for parameter, before in zip(self.parameters, self.factors, strict=True)
        ]

    def step(self, lr: float | None = None) -> None:
        """Move every parameter that has a gradient, in place, at this rate (the optimiser's own if None)."""
        rate = self.lr if lr is None else lr
        self.steps += 1
        found = [(i, dw) for i, dw in enumerate(self.gradients()) if dw is not None]
        moved = [i for i, _ in found]
        w, dw = [self.parameters[i].data for i in moved], [dw for _, dw in found]
        if moved:
            state = {slot: [arrays[i] for i in moved] for slot, arrays in self._state.items()}
            decays = [self.weight_decay if array.ndim > 1 else 0.0 for array in w]
            self._update(w, dw, state, rate, [self.factors[i] for i in moved], decays)

    def _update(
        self,
        w: list[Array],
        dw: list[Array],
        state: dict[str, list[Array]],
        lr: float,
        factors: list[float],
        weight_decay: list[float],
    ) -> None:
        raise NotImplementedError

    def zero_grad(self) -> None:
        """Forget the gradients, so that the next backward starts anew."""
        for parameter in self.parameters:
            parameter.grad = None

    def state_dict(self) -> dict[str, Array]:
        """Steps and slots as flat names, such as "velocity.3": the arrays themselves, not copies."""
        each = range(len(self.parameters))
        slots = {f"{slot}.{i}": arrays[i] for i in each for slot, arrays in self._state.items()}
        return {"steps": np.array(self.steps, np.int64), **slots}

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Copy a saved state back: all of it, or nothing if a part does not fit."""
        own = self.state_dict()
        for name in own.keys() | state.keys():
            if name not in own or name not in state or kind_of(own[name]) != kind_of(state[name]):
                raise CheckpointError(
                    f"The optimiser's state has {name} {_shape(state, name)}, but {type(self).__name__} here expects "
                    f"{_shape(own, name)}. Was it saved by another optimiser, or for another model?"
                )
        for name, array in own.items():
            kernels.of(array).copy_into(array, state[name])
        steps = state["steps"]
        self.steps = int(kernels.of(steps).fetch(steps))


def kind_of(array: Array) -> str:
    """Shape and, where they are no real numbers, type: real ones are converted, a count of steps is not."""
    return f"{array.shape}" if array.dtype.kind == "f" else f"{array.shape} of {array.dtype}"


def _shape(state: Mapping[str, Array], name: str) -> str:
    return kind_of(state[name]) if name in state else "nothing"


def _rate(name: str, value: float) -> float:
    if not (value >= 0 and math.isfinite(value)):
        raise UsageError(f"{name} is {value}, expected a finite number of at least 0.")
    return float(value)


def fraction(name: str, value: float) -> float:
    """`value` if it lies in [0, 1): what momenta and decays of averages may be."""
    if not 0 <= value < 1:
        raise UsageError(f"{name} is {value}, expected a number from 0 up to, not including, 1.")
    return float(value)
