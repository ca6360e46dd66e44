"""A plan: the calls of a graph, one after the other, each value let go as soon as nobody reads it any more."""

import time
from collections.abc import Callable
from functools import cached_property, partial
from typing import Any, final

from cnnkit import kernels
from cnnkit.autograd import Context, Tensor, is_noting
from cnnkit.graph.dealt import dealt
from cnnkit.graph.pieces import images_at_a_time
from cnnkit.graph.placed import placed
from cnnkit.graph.trace import Call, Graph, Value, is_value
from cnnkit.kernels.shared.array import Array
from cnnkit.nn.outputs import Nest, mapped


@final
class Plan:
    """What the network of a graph gives, for any input of the graph's shape.

    Between two kernels lies a loop over arguments, which takes a few microseconds. Who is told of calls is told those
    of the graph as it was given, where no result lies between others.

    near: what the home of arrays tells (`Facts`).   images: of the batch, how many had better be planned at once.
    """

    def __init__(self, graph: Graph, near: int | None = None) -> None:
        self.graph = placed(dealt(graph))
        self.images = images_at_a_time(self.graph, near)
        self._given = graph
        self._steps = _Steps(self.graph)

    @cached_property
    def _told(self) -> "_Steps":
        return _Steps(self._given)

    def __call__(self, x: Tensor) -> Nest:
        """The results, nested as the network's."""
        steps, first, make = (self._told, x, _applied) if is_noting() else (self._steps, x.data, _forward)
        found = steps.run(first, make)
        return mapped(self.graph.result, lambda value: _as_tensor(found[steps.places[value]]), is_value)

    def prepare(self, x: Tensor) -> None:
        """Have its kernels loaded or compiled, all of them together, before the first is called."""
        for _ in kernels.of(x.data).prepare(partial(self._steps.run, x.data, _forward)):
            pass

    def seconds(self, x: Tensor) -> list[float]:
        """Of each call, in the graph's order."""
        taken: list[float] = []

        def timed(function: Any, args: list[Any]) -> Any:
            start = time.perf_counter()
            y = _forward(function, args)
            taken.append(time.perf_counter() - start)
            return y

        self._steps.run(x.data, timed)
        return taken


class _Steps:
    """The calls of a graph, with a number for the place of each value."""

    def __init__(self, graph: Graph) -> None:
        places = {graph.given: 0}
        for call in graph.calls:
            for value in call.results:
                places[value] = len(places)
        last = {value: number for number, call in enumerate(graph.calls) for value in call.reads}
        for value in graph.results:
            last[value] = len(graph.calls)
        # Of each call: the arguments, where in them values go and from which places, where results go, what ends.
        self._steps = [_step(call, number, places, last) for number, call in enumerate(graph.calls)]
        self.places = places

    def run(self, x: Any, make: Callable[[Any, list[Any]], Any]) -> list[Any]:
        values: list[Any] = [None] * len(self.places)
        values[0] = x
        for function, constants, reads, results, ends in self._steps:
            args = constants.copy()
            for at, place in reads:
                args[at] = values[place]
            y = make(function, args)
            if len(results) == 1:
                values[results[0]] = y
            else:
                for place, array in zip(results, y, strict=True):
                    values[place] = array
            del y, args
            for place in ends:
                values[place] = None
        return values


def _step(call: Call, number: int, places: dict[Value, int], last: dict[Value, int]) -> tuple[Any, ...]:
    reads = [(at, places[arg]) for at, arg in enumerate(call.args) if isinstance(arg, Value)]
    constants = [None if isinstance(arg, Value) else arg for arg in call.args]
    ends = {places[value] for value in (*call.reads, *call.results) if last.get(value, number) == number}
    return call.function, constants, reads, [places[value] for value in call.results], sorted(ends)


def _forward(function: Any, args: list[Any]) -> Array | tuple[Array, ...]:
    values = [arg.data if isinstance(arg, Tensor) else arg for arg in args]
    nothing = (None,) * len(values)
    y: Array | tuple[Array, ...] = function.forward(Context((False,) * len(values), nothing), *values)
    return y


def _applied(function: Any, args: list[Any]) -> Any:
    """As a call of the network itself, for whoever is told of calls."""
    return function.apply(*args)


def _as_tensor(found: Any) -> Tensor:
    return found if isinstance(found, Tensor) else Tensor.recorded(found, None)
