"""A network that learns: what it does with a batch, there and back, made again without Python between its kernels.

    learning = Learning(network)
    with learning.again():
        loss = cross_entropy(network(images), labels)
        loss.backward()

Only the network as a whole is made again, and only of cnnkit's own parts; the loss, and what becomes of the gradients,
is computed as ever, whatever that does. A network may give the loss its numbers by a method too, if that is `asked`
(`nn/module`), as detectors do. After some batches of one shape the network's kernels are launched from a list
(`kernels.of(x).roundtrip`), if that gives the same bits. What differs is computed as ever: a batch of another shape, as
the last of an epoch, and a network of which any part is another than it was.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from operator import is_
from typing import Any, NamedTuple, final

import numpy as np

from cnnkit import kernels
from cnnkit.autograd import Context, Function, Tensor, is_noting, is_recording
from cnnkit.autograd.tape import Node, backward, reachable, recorded
from cnnkit.graph.trace import known
from cnnkit.kernels.host import nothing_waits
from cnnkit.kernels.shared.array import Array
from cnnkit.nn import Module, Parameter
from cnnkit.nn.module import standing_in
from cnnkit.nn.outputs import Nest, leaves, mapped

BEFORE = 3  # batches of a shape, one after another: what is done seldom is not worth it
MOST = 4  # searches: each costs as much as five steps, and somebody may change shapes or network all the time

# An array, and a copy of its numbers.
_Kept = tuple[Array, Array]
# From gradients of the results to those of the parameters, both in order, None where there is none.
Back = Callable[[Sequence[Array | None]], list[Array | None]]


class _Way(NamedTuple):
    """run: the roundtrip; None where there is none.   nest: what the network gives, to be filled again.

    counters: of the random numbers that a trip draws, if there may be no gradient of some result.
    taught: the parameters that have gradients.   made_of: all that the network consisted of.
    """

    key: Any
    run: Any
    nest: Nest
    counters: Sequence[Array]
    taught: Sequence[Parameter]
    made_of: list[Any]


class _Unfit(Exception):  # noqa: N818 - nothing went wrong
    """What would have other bits if it were made again."""


@final
class Learning:
    """The steps of one network, which may be changed or used meanwhile as if nobody looked.

    searches: how often a way was looked for.
    """

    def __init__(self, network: Module) -> None:
        self.network, self._known = network, known(network)
        self._key: Any = None
        self._steps = self._seen = self.searches = 0
        self._way: _Way | None = None

    @contextmanager
    def again(self) -> Iterator[None]:
        """Inside, where a whole step belongs, the network's calls by this Python thread are made again if they can be.

        Until they are, nothing that the step leaves waits for the next one: it would lie beside the way's own memory.
        """
        self._steps += 1
        begins = self._known and self._steps <= BEFORE + 1
        with standing_in(self._answer), nothing_waits() if begins else nullcontext():
            yield

    def _answer(self, module: Module, x: Nest, *beside: Any, method: str = "", **named: Any) -> Nest | None:
        """What the network gives, or a method of it that is asked; None where it is to compute for itself."""
        if module is not self.network or beside or named or not isinstance(x, Tensor) or x.requires_grad:
            return None
        if not is_recording() or is_noting():
            return None
        way = self._way_for(x, method)
        if way is None or way.run is None:
            return None
        counters = _kept(way.counters)
        if (trip := _begun(way, x)) is None:
            return None
        computed = partial(self._computed, way.taught, method, counters)
        results = iter(_Again.apply(x, trip, computed, *way.taught))
        return mapped(way.nest, lambda _: next(results))

    def _way_for(self, x: Tensor, method: str) -> _Way | None:
        key = method, type(x.data), x.shape, x.dtype, kernels.backend(), kernels.precision()
        self._key, self._seen = key, self._seen + 1 if key == self._key else 1
        way = self._way
        if way is not None and way.key == key:
            if way.run is None or _are(way.made_of, _parts(self.network)):
                return way
            self._way, self._seen = None, 1
        if self._seen > BEFORE and self.searches < MOST:
            self.searches += 1
            self._way = None  # its memory first
            self._way = self._found(key, x, method)
        return None if self._way is None or self._way.key != key else self._way

    def _found(self, key: Any, x: Tensor, method: str) -> _Way:
        """The way of this batch, looked for by walking it."""
        made_of, network = _parts(self.network), self.network
        nests: list[Nest] = []
        taught: list[Parameter] = []

        def work(array: Array) -> tuple[list[Array], Callable[[list[Array]], list[Array]]]:
            y, ys, back = self._walked(array, method)
            nests.append(mapped(y, lambda _: Tensor(np.zeros(0, np.float32))))

            def gradients(dys: list[Array]) -> list[Array]:
                pairs = zip(network.parameters(), back(dys), strict=True)
                found = {parameter: dw for parameter, dw in pairs if dw is not None}
                taught[:] = found
                return list(found.values())

            return ys, gradients

        read, changed = [p.data for p in network.parameters()], [array for _, array in network.named_buffers()]
        fit = known(network) and method not in vars(network) and x.size
        try:
            run = kernels.of(x.data).roundtrip(work, x.data, read, changed) if fit else None
        except _Unfit:
            run = None
        nest = nests[-1] if nests else None
        several = sum(1 for _ in leaves(nest)) > 1
        counters = [array for array in changed if several and array.dtype.kind == "i"]
        return _Way(key, run, nest, counters, taught, made_of)

    def _walked(self, x: Array, method: str) -> tuple[Nest, list[Array], Back]:
        """Once there, by the network itself: what it gives, the arrays of that, and the way back.

        Raises:
            _Unfit: gradients would meet in another order, or before another activation, than on one tape with the loss.
        """
        with standing_in(None):
            y = getattr(self.network, method)(Tensor(x)) if method else self.network(Tensor(x))
        tensors = list(leaves(y))
        root = _Ends.apply(*tensors)[0].edge()[0]
        ends = [tensor.edge()[0] for tensor in tensors]
        if any(not isinstance(end, Node) or end.activation is not None for end in ends) or not _meets_once(root):
            raise _Unfit
        return y, [tensor.data for tensor in tensors], partial(_back, root, self.network.parameters())

    def _computed(
        self,
        taught: Sequence[Parameter],
        method: str,
        counters: Sequence[_Kept],
        x: Array,
        dys: Sequence[Array | None],
    ) -> list[Array | None]:
        """The gradients of those parameters, computed as ever: where some result has none.

        counters: as the trip found them that drew the random numbers of these results.
        """
        before = _kept(array for _, array in self.network.named_buffers())
        _put_back(counters)
        with recorded():
            _, _, back = self._walked(x, method)
        _put_back(before)
        found = dict(zip(self.network.parameters(), back(dys), strict=True))
        return [found[parameter] for parameter in taught]


class _Ends(Function):
    """Where the ways back from several results begin."""

    @staticmethod
    def forward(ctx: Context, *ys: Array) -> tuple[Array, ...]:
        return ys

    @staticmethod
    def backward(ctx: Context, *dys: Array) -> tuple[Array, ...]:
        return dys


class _Again(Function):
    """All of the network, with a trip under way, whose gradients nobody else has."""

    owned = True

    @staticmethod
    def forward(ctx: Context, x: Array, trip: Any, computed: Any, *weights: Array) -> tuple[Array, ...]:
        ctx.save(x, trip, computed)
        return tuple(trip.results)

    @staticmethod
    def backward(ctx: Context, *dys: Array | None) -> tuple[Array | None, ...]:
        x, trip, computed = ctx.saved
        whole = all(dy is not None for dy in dys)
        return None, None, None, *(trip.back(dys) if whole else computed(x, dys))


def _back(root: Node, parameters: Sequence[Parameter], dys: Sequence[Array | None]) -> list[Array | None]:
    before = [parameter.grad for parameter in parameters]
    for parameter in parameters:
        parameter.grad = None
    try:
        backward(root, list(dys))
        return [parameter.grad for parameter in parameters]
    finally:
        for parameter, gradient in zip(parameters, before, strict=True):
            parameter.grad = gradient


def _kept(arrays: Iterable[Array]) -> list[_Kept]:
    return [(array, kernels.of(array).copy(array)) for array in arrays]


def _put_back(kept: Iterable[_Kept]) -> None:
    for array, numbers in kept:
        kernels.of(array).copy_into(array, numbers)


def _begun(way: _Way, x: Tensor) -> Any:
    """A trip of its own. Gradients of the one before, if the parameters have them still, make room for it."""
    trip = way.run.begin(x.data)
    if trip is None and (late := [parameter for parameter in way.taught if parameter.grad is not None]):
        for parameter in late:
            parameter.grad = kernels.of(parameter.grad).copy(parameter.grad)
        trip = way.run.begin(x.data)
    return trip


def _meets_once(root: Node) -> bool:
    """Whether every parameter has one gradient, to which none is added."""
    ends = Counter(
        id(edge[0]) for node in reachable(root) for edge in node.edges if edge and isinstance(edge[0], Tensor)
    )
    return all(count == 1 for count in ends.values())


def _parts(module: Module) -> list[Any]:
    """All that a network is made of, down to the arrays of its parameters."""
    found: list[Any] = []
    for value in vars(module).values():
        found.append(value)
        if isinstance(value, Parameter):
            found += value.data, value.requires_grad
        elif isinstance(value, Module):
            found += _parts(value)
        elif isinstance(value, list | tuple):
            found += value
        elif isinstance(value, dict):
            found += value.values()
    return found


def _are(some: Sequence[Any], others: Sequence[Any]) -> bool:
    """Whether they are the very same."""
    return len(some) == len(others) and all(map(is_, some, others))
