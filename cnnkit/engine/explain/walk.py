"""One pass of an image through a network, told step by step: which Function was called where, on whose results."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final
from weakref import WeakKeyDictionary

from cnnkit import ops
from cnnkit.autograd import Function, Tensor, no_grad, noting
from cnnkit.engine.explain.station import IMAGE
from cnnkit.kernels.shared.array import Host
from cnnkit.nn import Dropout, Module, Parameter
from cnnkit.nn.module import standing_in
from cnnkit.nn.outputs import Nest


@final
@dataclass(frozen=True, eq=False)
class Step:
    """One result of one call, while its operands are still there.

    number: of the station.   name: of the Function; "Dropout" of a layer that rests.   function: None there.
    args: of the call.   part: which of its results this is.
    sources: for each argument the station whose result it is, or IMAGE; None for parameters, constants and settings.
    layer, module: where it was called: the path of the innermost module, and that module.
    """

    number: int
    name: str
    function: type[Function] | None
    args: tuple[Any, ...]
    result: Tensor
    part: int
    sources: tuple[int | None, ...]
    layer: str
    module: Module

    def array(self, argument: int) -> Host:
        """The numbers of an argument that is a Tensor, or a buffer."""
        value = self.args[argument]
        return value.numpy() if isinstance(value, Tensor) else value


@final
class Enough(Exception):  # noqa: N818 - no fault: nothing more is wanted of a pass
    """Raised by who is told of steps, to end the pass."""


def walk(
    network: Module, x: Host, each: Callable[[Step], None], beside: tuple[Any, ...] = (), *, scored: bool = False
) -> Nest:
    """Compute the network for (N, H, W, C), in use and without a tape; None where `each` raised Enough.

    each: called with every step as soon as it is computed.   beside: what the network is given beside images.
    scored: whether a softmax of the result is one more step: it makes scores of logits.
    """
    given = Tensor(x)
    told = _Walk(network, given, each)
    try:
        with network.keeping_modes(), no_grad(), standing_in(told.stand_in), noting(told.note):
            network.eval()
            y = network(given, *beside)
            if scored:
                ops.softmax(y)
            return y
    except Enough:
        return None


class _Walk:
    def __init__(self, network: Module, image: Tensor, each: Callable[[Step], None]) -> None:
        self._names = {id(module): name for name, module in network.named_modules()}
        # Of the tensors that live, so that no other has the same identity.
        self._numbers: WeakKeyDictionary[Tensor, int] = WeakKeyDictionary({image: IMAGE})
        self._within = [network]
        self._each, self._count = each, 0

    def stand_in(self, module: Module, x: Nest, *rest: Any, method: str = "forward", **options: Any) -> Nest:
        """The module's own result, with what is called meanwhile known to be within it."""
        if method != "forward":
            return None
        self._within.append(module)
        try:
            y = module.forward(x, *rest, **options)
        finally:
            self._within.pop()
        if isinstance(module, Dropout) and y is x and x in self._numbers:
            self._step("Dropout", None, (x,), x, 0, (self._numbers[x],), module)
        return y

    def note(self, noted: tuple[type[Function], tuple[Any, ...], Any]) -> None:
        function, args, result = noted
        sources = tuple(self._source(arg) for arg in args)
        for part, y in enumerate(result if isinstance(result, tuple) else (result,)):
            self._step(function.__name__, function, args, y, part, sources, self._within[-1])

    def _step(
        self,
        name: str,
        function: type[Function] | None,
        args: tuple[Any, ...],
        y: Tensor,
        part: int,
        sources: tuple[int | None, ...],
        module: Module,
    ) -> None:
        number, self._count = self._count, self._count + 1
        self._numbers[y] = number
        layer = self._names.get(id(module), "")
        self._each(Step(number, name, function, args, y, part, sources, layer, module))

    def _source(self, arg: Any) -> int | None:
        """A Tensor that was made of another's array is that one."""
        if not isinstance(arg, Tensor) or isinstance(arg, Parameter):
            return None
        if arg in self._numbers:
            return self._numbers[arg]
        return next((number for tensor, number in self._numbers.items() if tensor.data is arg.data), None)
