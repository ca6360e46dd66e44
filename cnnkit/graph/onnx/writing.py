"""A file that is being written: names, constants and nodes, and how each value of the graph lies there.

Maps      (N, H, W, C) here are (N, C, H, W) there.
Flat      what a reshape made of a map, (N, H·W·C) here, is (N, C·H·W) there: a dense layer turns its weights.
Others    lie as here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cnnkit.autograd import Tensor
from cnnkit.errors import UsageError
from cnnkit.graph.onnx import messages
from cnnkit.graph.trace import Call, Value
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.scalar import (
    HARD_SIGMOID_KIND,
    HARD_SWISH_KIND,
    IDENTITY_KIND,
    LEAKY_KIND,
    RELU6_KIND,
    RELU_KIND,
    SIGMOID_KIND,
    SWISH_KIND,
    TANH_KIND,
    Activation,
)

# The axes of a map here, in their order there.
TURNED = (0, 3, 1, 2)
BACK = (0, 2, 3, 1)
_NAMES = {RELU_KIND: "Relu", SIGMOID_KIND: "Sigmoid", TANH_KIND: "Tanh", HARD_SWISH_KIND: "HardSwish"}


class Writing:
    """any_batch: whether the file takes any number of images; else as many as the graph was traced with.

    flat: of values that were flattened from a map, the map's (H, W, C).
    inputs_of_sweeps: by its result each convolution that is written as part of the sweep behind it.
    """

    def __init__(self, batch: int, *, any_batch: bool) -> None:
        self.batch, self.any_batch = batch, any_batch
        self.nodes: list[bytes] = []
        self.constants: list[bytes] = []
        self.names: dict[Value, str] = {}
        self.flat: dict[Value, tuple[int, int, int]] = {}
        self.inputs_of_sweeps: dict[Value, Call] = {}
        self._known: dict[tuple[int, str], tuple[str, object]] = {}

    def dims(self, shape: Sequence[int]) -> list[messages.Dim]:
        """A shape as it lies there; its first axis counts images."""
        first, *others = [shape[axis] for axis in TURNED] if len(shape) == 4 else shape
        return ["N" if self.any_batch else first, *others]

    def node(self, kind: str, inputs: Sequence[str], **attributes: Any) -> str:
        """Add an operation; the name of its result."""
        output = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(messages.node(kind, inputs, output, attributes))
        return output

    def constant(self, array: Any, what: str = "constant") -> str:
        """Add numbers; their name."""
        name = f"{what}_{len(self.constants)}"
        self.constants.append(messages.tensor(name, np.asarray(array)))
        return name

    def integers(self, *numbers: int) -> str:
        return self.constant(np.array(numbers, np.int64), "sizes")

    def kept(self, operand: Any, array: Host, what: str) -> str:
        """The constant made of an operand's numbers; one that several layers share is written once."""
        key = (id(operand), what)
        if key not in self._known:
            self._known[key] = (self.constant(array, what), operand)  # kept alive: no other has its identity
        return self._known[key][0]

    def of(self, operand: Any, *, beside: int = 0) -> str:
        """The name of an operand as it lies there; beside: the number of axes of what it is combined with."""
        if isinstance(operand, Value):
            if operand in self.flat:
                self.names[operand] = self._unflattened(operand)
            if operand.ndim < beside == 4 and operand.ndim > 0:
                raise UsageError(f"A value of shape {operand.shape} beside maps cannot be written as ONNX.")
            return self.names[operand]
        numbers = host(operand)
        if beside == 4 or numbers.ndim == 4:
            numbers = numbers.reshape((1,) * (4 - numbers.ndim) + numbers.shape).transpose(TURNED)
        return self.kept(operand, numbers.astype(np.float32), f"numbers{beside}")

    def _unflattened(self, value: Value) -> str:
        """Numbers that were flattened there, in our order after all."""
        H, W, C = self.flat.pop(value)
        maps = self.node("Reshape", [self.names[value], self.integers(0, C, H, W)])
        return self.node("Reshape", [self.node("Transpose", [maps], perm=BACK), self.integers(0, H * W * C)])

    def ended(self, name: str, activation: Activation) -> str:
        """Behind an activation."""
        kind = activation.kind
        if kind == IDENTITY_KIND:
            return name
        if kind == LEAKY_KIND:
            return self.node("LeakyRelu", [name], alpha=float(activation.slope))
        if kind == RELU6_KIND:
            return self.node("Clip", [name, *self.bounds(0.0, 6.0)])
        if kind == HARD_SIGMOID_KIND:
            return self.node("HardSigmoid", [name], alpha=1 / 6, beta=0.5)
        if kind == SWISH_KIND:
            return self.node("Mul", [name, self.node("Sigmoid", [name])])
        return self.node(_NAMES[kind], [name])

    def bounds(self, low: float, high: float) -> list[str]:
        return [self.constant(np.float32(bound), "bound") for bound in (low, high)]


def host(operand: Any) -> Host:
    """The numbers of a parameter, a constant Tensor, a buffer or a plain number."""
    return operand.numpy() if isinstance(operand, Tensor) else np.asarray(operand, np.float32)
