"""A network in use: what it computes is planned once for each shape of its input.

    ready = Planned(network)
    with no_grad():
        logits = ready(images)

Of a network of cnnkit's own parts the whole is planned. Of one that is written elsewhere only the parts that are known
are: what lies around them computes as ever, whatever it does there with its numbers.

Small inputs that come again and again, as one picture after another, become programs: from the third of a shape on,
kernels are launched without Python between them (`kernels.of(x).program`). Large batches go through in pieces
(pieces.py), which become programs too.
"""

from collections.abc import Callable
from functools import partial
from itertools import repeat
from operator import attrgetter, contains
from typing import Any, NamedTuple, final

import numpy as np

from cnnkit import kernels
from cnnkit.autograd import Tensor, is_noting, is_recording
from cnnkit.graph.fuse import fused
from cnnkit.graph.plan import Plan
from cnnkit.graph.sums import Layouts
from cnnkit.graph.trace import known, trace
from cnnkit.kernels.shared.array import Array
from cnnkit.nn import Module
from cnnkit.nn.module import is_watched, standing_in
from cnnkit.nn.outputs import Nest, leaves, mapped

# Numbers of an input, as many as 418x418 RGB has: beyond, what lies between the kernels is little beside them.
MOST = 1 << 19
# Pieces come again and again, and what they take of memory is bounded. Eight images of 320x320, two threads of an
# Emerald Rapids: yolo_fastest took 0.73 of the time so.
MOST_OF_PIECE = 1 << 22
BEFORE = 2  # inputs of a shape: a program pays from about the fifth on
KEPT = 8  # shapes of a part
CHANGES = 3  # of its weights, after which a part is left as it is: somebody makes them anew all the time

_training, _given = attrgetter("training"), attrgetter("given")


@final
class Planned(Module):
    """The answers of `network`, but for rounding, sooner. Many threads may call it at once.

    Filters lie in memory twice where a batch norm is folded into them, unless their parameters have a source. New
    weights, and a `forward` that is set on a part, are noticed; a part that is put in another's place, or filters that
    are written to, are not.
    """

    def __init__(self, network: Module) -> None:
        self.network = network
        self._own = frozenset(network.modules())
        self._parts: dict[Module, _Part | None] = {}

    def output_shape(self, x_shape: Nest) -> Nest:
        return self.network.output_shape(x_shape)

    def forward(self, x: Nest, *beside: Any) -> Nest:
        if is_recording() or is_watched():
            return self.network(x, *beside)
        if (found := self._answer(self.network, x, *beside)) is not None:
            return found
        with standing_in(self._answer):
            return self.network(x, *beside)

    def plan(self, x: Tensor) -> Plan | None:
        """That of the whole network for inputs of this shape; None where it has none."""
        part = self._part(self.network)
        return None if part is None else part.plan(x)

    def _answer(self, module: Module, x: Nest, *beside: Any, **named: Any) -> Nest | None:
        """What a part gives; None where it is to compute for itself, and asks for its own parts."""
        if beside or named or not isinstance(x, Tensor) or not x.size:
            return None
        part = self._part(module)
        if part is None or not part.as_planned():
            return None
        return part.answered(x, self._computed)

    def _computed(self, part: "_Part", x: Tensor) -> Nest:
        """By the plan; where there is none by the part itself, with plans of its own parts."""
        if (plan := part.plan(x)) is not None:
            return plan(x)
        with standing_in(partial(self._within, part)):
            return part.module(x)

    def _within(self, whole: "_Part", module: Module, x: Nest, *beside: Any, **named: Any) -> Nest | None:
        if beside or named or not isinstance(x, Tensor) or module is whole.module:
            return None
        part = self._part(module)
        plan = None if part is None or not part.as_planned() else part.plan(x)
        return None if plan is None else plan(x)

    def _part(self, module: Module) -> "_Part | None":
        """None where it is not known, or none of the network's: made anew at each call."""
        if module not in self._own:
            return None
        if module not in self._parts:
            self._parts[module] = _Part(module) if known(module) else None
        return self._parts[module]


class _Program(NamedTuple):
    """run: the kernels, None where there is no such program.   nest: what the part gives, to be filled again."""

    run: Any
    nest: Nest


class _Part:
    """A network, or a part of one, that is known: its plans and programs, by the shape of the input.

    changes: how often its weights were others than before.
    """

    def __init__(self, module: Module) -> None:
        self.module = module
        self._modules = tuple(module.modules())
        self._states = tuple(map(vars, self._modules))
        self._parameters = tuple(module.parameters())
        self.changes = 0
        self._begin()

    def _begin(self) -> None:
        self._given = list(map(_given, self._parameters))
        self._layouts = Layouts()
        self._plans: dict[Any, Plan | None] = {}
        # How often a shape was seen, then its program.
        self._programs: dict[Any, int | _Program] = {}

    def as_planned(self) -> bool:
        """Whether it is in use, with the weights that it was planned with; if they are others, all is begun anew.

        Asked at every call, of some hundred parts and parameters: loops of Python's own took 67 us, these take 20.
        """
        set_anew = any(map(contains, self._states, repeat("forward")))
        if self.changes > CHANGES or set_anew or any(map(_training, self._modules)):
            return False
        if list(map(_given, self._parameters)) != self._given:
            self.changes += 1
            self._begin()
        return True

    def plan(self, x: Tensor) -> Plan | None:
        key = type(x.data), x.shape, x.dtype
        if key not in self._plans:
            graph = trace(self.module, x)
            near = kernels.of(x.data).facts().near if x.shape[0] > 1 else None
            _make_room(self._plans)
            plan = self._plans[key] = None if graph is None else Plan(fused(graph, self._layouts), near)
            if plan is not None and plan.images == x.shape[0]:
                plan.prepare(x)
        return self._plans[key]

    def answered(self, x: Tensor, compute: Callable[["_Part", Tensor], Nest]) -> Nest:
        """What it gives, a few images at a time where that is sooner."""
        N, plan = x.shape[0], None if is_noting() or x.shape[0] == 1 else self.plan(x)
        if plan is None or plan.images == N:
            return self.repeated(x, compute)
        k, nests = kernels.of(x.data), list[Nest]()
        for first in range(0, N, plan.images):
            starts, stops = (first, *[0] * (x.ndim - 1)), (min(N, first + plan.images), *x.shape[1:])
            piece = k.slice(x.data, starts, stops, [1] * x.ndim)
            nests.append(self.repeated(Tensor.recorded(piece, None), compute, MOST_OF_PIECE))
        pieces = zip(*map(leaves, nests), strict=True)
        return mapped(nests[0], lambda _: Tensor.recorded(k.concat([y.data for y in next(pieces)], 0), None))

    def repeated(self, x: Tensor, compute: Callable[["_Part", Tensor], Nest], most: int = MOST) -> Nest:
        """What it gives, by a program if there is one: for inputs of at most so many numbers."""
        program = self._program(x, compute) if x.size <= most and not is_noting() else None
        if program is not None and (arrays := program.run(x.data)) is not None:
            results = iter(arrays)
            return mapped(program.nest, lambda _: Tensor.recorded(next(results), None))
        return compute(self, x)

    def _program(self, x: Tensor, compute: Callable[["_Part", Tensor], Nest]) -> _Program | None:
        key = type(x.data), x.shape, x.dtype, kernels.backend(), kernels.precision()
        seen = self._programs.get(key, 0)
        if isinstance(seen, int):
            if not seen:
                _make_room(self._programs)
            seen = self._made(x, compute) if seen == BEFORE else seen + 1
            self._programs[key] = seen
        return seen if isinstance(seen, _Program) and seen.run is not None else None

    def _made(self, x: Tensor, compute: Callable[["_Part", Tensor], Nest]) -> _Program | int:
        """The program for inputs of this shape; the number of those seen where none was tried."""
        nests: list[Nest] = []

        def work(array: Array) -> list[Array]:
            nests.append(compute(self, Tensor(array)))
            return [tensor.data for tensor in leaves(nests[-1])]

        run = kernels.of(x.data).program(work, x.data)
        return _Program(run, mapped(nests[0], lambda _: Tensor(np.zeros(0, np.float32)))) if nests else BEFORE


def _make_room(kept: dict[Any, Any]) -> None:
    """For one more shape: the first that came goes."""
    if len(kept) >= KEPT:
        kept.pop(next(iter(kept)), None)
