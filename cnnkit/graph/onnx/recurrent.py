"""Sweeps of gated recurrent units as ONNX operations: there the pixels' own part belongs to the recurrence."""

from __future__ import annotations

from typing import Any

import numpy as np

from cnnkit.errors import UsageError
from cnnkit.graph.onnx.sums import Write
from cnnkit.graph.onnx.writing import Writing, host
from cnnkit.graph.trace import Call, Graph, Value, users
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.scalar import IDENTITY

# Our order of the gates is reset, update, candidate; theirs has the update first.
_ORDER = (1, 0, 2)
# From (N, C, H, W) to (step, N, place across, C), and back again; by the axis of the sweep.
_STEPS = {1: (2, 0, 3, 1), 2: (3, 0, 2, 1)}
_MAPS = {1: (1, 3, 0, 2), 2: (1, 3, 2, 0)}


def inputs_of_sweeps(graph: Graph) -> dict[Value, Call]:
    """The convolutions of single pixels that nobody but a sweep reads: they become part of it."""
    read = users(graph.calls, graph.results)
    return {
        call.y: call
        for call in graph.calls
        if call.name == "_Conv2d"
        and call.args[1].shape[:2] == (1, 1)
        and call.args[6] == IDENTITY
        and {user.name if user else "" for user in read.get(call.y, [])} == {"_Gru"}
    }


def _gru(out: Writing, call: Call) -> str:
    p, u, b, axis = call.args
    if p not in out.inputs_of_sweeps:
        raise UsageError("Sweeps over patches of several pixels cannot be written as ONNX.")
    x, w, bias, *_ = out.inputs_of_sweeps[p].args
    D, U, _ = u.shape
    steps, across = (x.shape[1], x.shape[2]) if axis == 1 else (x.shape[2], x.shape[1])
    own = _by_gate(host(w).reshape(-1, D, 3, U).transpose(1, 2, 3, 0))
    recurrent = _by_gate(host(u).reshape(D, U, 3, U).transpose(0, 2, 3, 1))
    biases = np.concatenate([_by_gate(_row(row, D, U)) for row in (bias, b)], axis=1)
    sequences = out.node("Transpose", [out.of(x)], perm=_STEPS[axis])
    sequences = out.node("Reshape", [sequences, out.integers(steps, -1, x.shape[3])])
    weights = [out.constant(array, "gates") for array in (own, recurrent, biases)]
    direction = "bidirectional" if D == 2 else "forward"
    y = out.node("GRU", [sequences, *weights], hidden_size=U, linear_before_reset=1, direction=direction)
    y = out.node("Transpose", [y], perm=(0, 2, 1, 3))  # both directions of a pixel side by side
    y = out.node("Reshape", [y, out.integers(steps, -1, across, D * U)])
    return out.node("Transpose", [y], perm=_MAPS[axis])


def _row(row: Any, D: int, U: int) -> Host:
    return np.zeros((D, 3, U), np.float32) if row is None else host(row).reshape(D, 3, U)


def _by_gate(gates: Host) -> Host:
    """(D, 3, U, ...) in their order, as (D, 3·U, ...)."""
    turned = gates[:, _ORDER, ...]
    return turned.reshape(turned.shape[0], -1, *turned.shape[3:])


WRITTEN: dict[str, Write] = {"_Gru": _gru}
