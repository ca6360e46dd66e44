"""A forward pass as data: which Functions a network calls, on what, and where their results go.

    graph = trace(network, blank((1, 224, 224, 3)))
    for call in graph.calls: call.function, call.args, call.results

Nothing is computed: one walk through shapes records what is called. It means the same for any numbers of that shape, as
no shape and no call in a network of cnnkit's own parts depends on values. Of a part written elsewhere nobody knows
that, and a walk cannot tell: `known` says which parts may be traced.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, final
from weakref import WeakKeyDictionary

from cnnkit import kernels
from cnnkit.autograd import Function, Tensor, no_grad, noting
from cnnkit.kernels.shared.array import is_array
from cnnkit.nn import Module, Parameter
from cnnkit.nn.module import standing_in
from cnnkit.nn.outputs import Nest, leaves, mapped

Shape = tuple[int, ...]


@final
@dataclass(frozen=True, eq=False)
class Value:
    """What a call gives, or what the network is given: told by its identity."""

    shape: Shape

    @property
    def ndim(self) -> int:
        return len(self.shape)


class Call(NamedTuple):
    """A Function with its arguments: Values, Parameters, constant Tensors, buffers, and plain settings.

    weight: the parameter whose layer this is, where its arguments no longer tell.
    """

    function: type[Function]
    args: tuple[Any, ...]
    results: tuple[Value, ...]
    weight: Parameter | None = None

    @property
    def name(self) -> str:
        """Of the Function: what it is known by."""
        return self.function.__name__

    @property
    def reads(self) -> list[Value]:
        return [arg for arg in self.args if isinstance(arg, Value)]

    @property
    def y(self) -> Value:
        """The result of a call that gives one."""
        return self.results[0]


@final
@dataclass(frozen=True, eq=False)
class Graph:
    """given: the input.   calls: in an order in which they can be made.   result: Values, nested as the network's."""

    given: Value
    calls: tuple[Call, ...]
    result: Nest

    @property
    def results(self) -> list[Value]:
        return list(leaves(self.result, is_value))


def is_value(leaf: Any) -> bool:
    return isinstance(leaf, Value)


def known(module: Module) -> bool:
    """Whether a network computes what its classes say and these are cnnkit's: none of its parts is written elsewhere,
    or has a `forward` of its own."""
    return all(type(part).__module__.startswith("cnnkit.") and "forward" not in vars(part) for part in module.modules())


def trace(network: Module, like: Tensor) -> Graph | None:
    """The graph of a network in use for inputs like this one; None where something came about that no call gave."""
    walk = _Walk(network)
    with network.keeping_modes(), standing_in(None), no_grad(), kernels.shapes_only(), noting(walk.note):
        network.eval()
        x = Tensor(kernels.of(like.data).zeros(like.shape, like.dtype))
        given = walk.new(x)
        y = network(x)
    return walk.told(given, y)


class _Walk:
    """values: of the Tensors that live, so that no other has the same identity.   lost: what nobody gave was met."""

    def __init__(self, network: Module) -> None:
        self.values: WeakKeyDictionary[Tensor, Value] = WeakKeyDictionary()
        self.calls: list[Call] = []
        self.lost = False
        self._buffers = {id(array) for _, array in network.named_buffers()}

    def new(self, tensor: Tensor) -> Value:
        return self.values.setdefault(tensor, Value(tensor.shape))

    def note(self, noted: tuple[type[Function], tuple[Any, ...], Any]) -> None:
        function, args, result = noted
        results = result if isinstance(result, tuple) else (result,)
        told = tuple(self._told(arg) for arg in args)
        self.calls.append(Call(function, told, tuple(self.new(y) for y in results)))

    def told(self, given: Value, y: Nest) -> Graph | None:
        if self.lost or any(tensor not in self.values for tensor in leaves(y)):
            return None
        return Graph(given, tuple(self.calls), mapped(y, self.values.__getitem__))

    def _told(self, arg: Any) -> Any:
        """A Tensor of nobody's is a constant, unless it has the numbers of one that was computed."""
        if isinstance(arg, Tensor):
            if arg not in self.values and any(arg.data is tensor.data for tensor in self.values):
                self.lost = True
            return self.values.get(arg, arg)
        if is_array(arg) and arg.ndim and id(arg) not in self._buffers:
            self.lost = True
        return arg


def users(calls: Iterable[Call], results: Sequence[Value]) -> dict[Value, list[Call | None]]:
    """Which calls read each value; None stands for who is given the results."""
    found: dict[Value, list[Call | None]] = {}
    for call in calls:
        for value in call.reads:
            found.setdefault(value, []).append(call)
    for value in results:
        found.setdefault(value, []).append(None)
    return found
