"""The tape: what was computed from what, walked in reverse order of creation by `backward`.

A node keeps what its backward needs and the way to its inputs, never the inputs' arrays themselves: an activation that
no backward asked for returns to the pool as soon as the forward pass has left it. What was saved goes the same way,
node by node, while backward walks.
"""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any

from cnnkit import kernels
from cnnkit.errors import ShapeError, UsageError
from cnnkit.kernels.shared.array import Array

if TYPE_CHECKING:
    from cnnkit.autograd.function import Function
    from cnnkit.autograd.tensor import Tensor
    from cnnkit.kernels.shared.scalar import Activation


class _Recording(threading.local):
    on = True


recording = _Recording()
_numbers = count()


def is_recording() -> bool:
    """Whether this thread records what it computes."""
    return recording.on


def no_grad() -> AbstractContextManager[None]:
    """Record nothing in this thread until the block ends: nothing is saved, results need no gradient."""
    return _switched(False)


def recorded() -> AbstractContextManager[None]:
    """Record what this thread computes until the block ends, in whatever block it stands."""
    return _switched(True)


@contextmanager
def _switched(on: bool) -> Iterator[None]:
    before = recording.on
    recording.on = on
    try:
        yield
    finally:
        recording.on = before


class Node:
    """One recorded call. `edges` leads, per argument, to (node, number of its output), to (leaf, 0), or is None.

    A call that ends in an activation counts what it was before the activation as its output 1.
    """

    __slots__ = ("activation", "ctx", "edges", "function", "number", "outputs")

    def __init__(
        self, function: "type[Function]", ctx: Any, edges: "tuple[tuple[Node | Tensor, int] | None, ...]"
    ) -> None:
        self.number = next(_numbers)
        self.function = function
        self.ctx = ctx
        self.edges = edges
        self.activation: Activation | None = ctx.activation
        self.outputs = 1 if self.activation is None else 2

    def keep(self, result: Array) -> None:
        """Keep the result if its activation will have to be gone back through."""
        if self.activation is not None and self.ctx is not None:
            self.ctx.result = result

    def release(self) -> None:
        """Forget what was saved and the way further back."""
        self.ctx = None
        self.edges = ()


def backward(root: Node, dys: list[Array | None]) -> None:
    """Walk from `root` to all leaves, and add to their `.grad`.   dys: by each output of root, or None."""
    nodes = reachable(root)
    waiting = {root: dys}
    del dys
    while nodes:
        node = nodes.pop()
        arrived = waiting.pop(node, None)
        if arrived is not None:
            _step(node, arrived, waiting)
        node.release()


def reachable(root: Node) -> list[Node]:
    """All nodes behind `root`, oldest first: backward leaves the last created first, so no gradient comes too late."""
    found = {root}
    open_ends = [root]
    while open_ends:
        node = open_ends.pop()
        if node.ctx is None:
            raise UsageError(
                "backward was already called through this result, and what it had saved is freed. "
                "Compute the result again, or call backward once on the sum of the losses."
            )
        for edge in node.edges:
            if edge is not None and isinstance(target := edge[0], Node) and target not in found:
                found.add(target)
                open_ends.append(target)
    return sorted(found, key=lambda node: node.number)


def _step(node: Node, dys: list[Array | None], waiting: dict[Node, list[Array | None]]) -> None:
    """Call the backward of one node and hand its gradients on."""
    if node.function.adding is not None:
        node.ctx.others = _take(node.edges[node.function.adding], waiting)
    gradients = node.function.backward(node.ctx, *dys)
    if not isinstance(gradients, tuple):
        gradients = (gradients,)
    if len(gradients) != len(node.edges):
        raise ShapeError(
            f"{node.function.__name__}.backward returned {len(gradients)} gradients for {len(node.edges)} arguments "
            "of forward. Return one for each, None where there is none."
        )
    handed: list[Array | None] = [*dys]
    for edge, dx in zip(node.edges, gradients, strict=True):
        if edge is None or dx is None:
            continue
        target, index = edge
        if isinstance(target, Node):
            slots = waiting.get(target)
            if slots is None:
                slots = waiting[target] = [None] * target.outputs
            before = slots[index]
            slots[index] = dx if before is None else kernels.of(before, dx).add(before, dx)
        else:
            _add_to_leaf(node, target, dx, handed)
        handed.append(dx)


def _take(edge: "tuple[Node | Tensor, int] | None", waiting: dict[Node, list[Array | None]]) -> Array | None:
    """The gradient that others have left at the end of this edge."""
    if edge is None or not isinstance(target := edge[0], Node) or target not in waiting:
        return None
    left, waiting[target][edge[1]] = waiting[target][edge[1]], None
    return left


def _add_to_leaf(node: Node, leaf: "Tensor", dx: Array, handed: list[Array | None]) -> None:
    """`leaf.grad` is an array of the leaf's own: whoever scales or clears it must not touch another's gradient."""
    if dx.shape != leaf.data.shape:
        raise ShapeError(
            f"{node.function.__name__}.backward returned a gradient {dx.shape} for an argument of shape "
            f"{leaf.data.shape}. A gradient has the shape of what it belongs to."
        )
    k = kernels.of(leaf.grad, dx)
    if leaf.grad is not None:
        dx = k.add(leaf.grad, dx)
    elif not node.function.owned and any(other is not None and k.same_memory(dx, other) for other in handed):
        dx = k.copy(dx)
    if dx.dtype != leaf.data.dtype:
        rounded = k.empty(dx.shape, leaf.data.dtype)
        k.copy_into(rounded, dx)
        dx = rounded
    leaf.grad = dx
