"""Function: an operation and its derivative, side by side."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from cnnkit.autograd.tape import Node, recording
from cnnkit.autograd.tensor import Tensor
from cnnkit.kernels.shared.array import Array

if TYPE_CHECKING:
    from cnnkit.kernels.shared.scalar import Activation


Call = tuple["type[Function]", tuple[Any, ...], Any]


class _Watch(threading.local):
    note: Callable[[Call], None] | None = None


_watch = _Watch()


def is_noting() -> bool:
    """Whether somebody is told of this thread's calls."""
    return _watch.note is not None


@contextmanager
def noting(note: Callable[[Call], None]) -> Iterator[None]:
    """Tell every call of this thread until the block ends: (function, its arguments, its result), in order."""
    before, _watch.note = _watch.note, note
    try:
        yield
    finally:
        _watch.note = before


@contextmanager
def traced() -> Iterator[list[Call]]:
    """The calls that `noting` tells, in a list: all of their results live as long as that."""
    calls: list[Call] = []
    with noting(calls.append):
        yield calls


class Context:
    """What forward leaves for backward: `needs[i]` says whether argument i wants a gradient.

    `gates[i]` is the activation that argument i has just passed, if its gradient is wanted before it, else None.
    A forward that ends in an activation names it in `activation`; it need not save its result for the slope: `result`
    is there if anyone wants to go back from behind the activation.
    `others` is what backward has to add to the gradient that its Function names in `adding`.
    """

    __slots__ = ("activation", "gates", "needs", "others", "result", "saved")

    def __init__(self, needs: tuple[bool, ...], gates: "tuple[Activation | None, ...]") -> None:
        self.needs = needs
        self.gates = gates
        self.activation: Activation | None = None
        self.result: Array | None = None
        self.others: Array | None = None
        self.saved: tuple[Any, ...] = ()

    def save(self, *values: Any) -> None:
        """Keep values until backward has used them."""
        self.saved = values


class Function:
    """An operation on arrays. A subclass writes the two static methods; callers use `apply` on Tensors.

    `backward` gets one gradient per output (None for an output that nobody used) and returns one per argument of
    `forward`, None where there is none. A gradient it returns is a new array or a view of dy, never one it saved.

    An activation costs its neighbours nothing: nearly all are differentiated by their output, which the next operation
    has at hand (the others are operations of their own). One that lists an argument in `gating` multiplies with that
    slope where it writes the gradient, as `ctx.gates` asks. So `backward` of one that names a `ctx.activation` gets
    two gradients: dy of its result, from all who do not gate, and dz of the sum before the activation, from those who
    do.

    Where ways part in forward, as at a residual, gradients meet. An operation that can add another array to the
    gradient of one argument where it writes it names that argument in `adding`, and adds `ctx.others` if it is there.

    One whose gradients are all arrays that nobody else has says so in `owned`: nobody need look.
    """

    gating: ClassVar[tuple[int, ...]] = ()
    adding: ClassVar[int | None] = None
    owned: ClassVar[bool] = False

    @staticmethod
    def forward(ctx: Context, *args: Any) -> Any:
        """The result, or a tuple of several, from plain arrays and values."""
        raise NotImplementedError

    @staticmethod
    def backward(ctx: Context, *dys: Any) -> Any:
        """The gradients of the loss by the arguments of forward, from those by its results."""
        raise NotImplementedError

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Call forward on the Tensors' arrays, and record the call if one of them needs a gradient."""
        result = cls._apply(args)
        if _watch.note is not None:
            _watch.note((cls, args, result))
        return result

    @classmethod
    def _apply(cls, args: tuple[Any, ...]) -> Any:
        values = [arg.data if isinstance(arg, Tensor) else arg for arg in args]
        if not recording.on:
            nothing = (None,) * len(args)
            return _wrap(cls.forward(Context((False,) * len(args), nothing), *values), None)
        needs = tuple([isinstance(arg, Tensor) and arg.requires_grad for arg in args])
        gates = tuple([arg.activation() if needs[i] and i in cls.gating else None for i, arg in enumerate(args)])
        ctx = Context(needs, gates)
        result = cls.forward(ctx, *values)
        if True not in needs:
            return _wrap(result, None)
        edges = tuple([arg.edge(gate) if need else None for arg, need, gate in zip(args, needs, gates, strict=True)])
        return _wrap(result, Node(cls, ctx, edges))


def _wrap(result: Array | tuple[Array, ...], node: Node | None) -> Tensor | tuple[Tensor, ...]:
    if not isinstance(result, tuple):
        return Tensor.recorded(result, node)
    if node is not None:
        node.outputs = len(result)
    return tuple([Tensor.recorded(array, node, index) for index, array in enumerate(result)])
