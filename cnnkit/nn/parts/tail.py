"""The second part of a network that is cut in two: what the trunk says goes in, class scores come out.

However the network is written, it is called as ever. Parts before the cut are not computed: zeros of their results'
shapes stand in for them. At the cut they are replaced by what was given, and from there on all goes its way.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, final

from cnnkit.autograd import Tensor
from cnnkit.errors import UsageError
from cnnkit.nn.module import Module, blank, shape_after, standing_in
from cnnkit.nn.outputs import Nest, is_shape, mapped, shapes
from cnnkit.nn.parts.freeze import Cut


@final
class Tail(Module):
    """What follows the trunk of `network`, with the very same layers. Input: (N, *cut.shape).

    image_shape: (H, W, C) of what the network reads.
    """

    def __init__(self, network: Module, at: Cut, image_shape: tuple[int, ...]) -> None:
        self.network = network
        self.shape = at.shape
        self._image_shape = image_shape
        # In a tuple, so that it is no second child.
        self._start = (at.start,)
        self._around = {id(part) for part in network.modules() if any(inner is at.start for inner in part.modules())}
        self._shapes: dict[tuple[int, str], Nest] = {}

    def forward(self, x: Tensor) -> Any:
        reached = False

        def stand_in(module: Module, given: Nest, *rest: Any, **options: Any) -> Nest:
            nonlocal reached
            if reached:
                return None
            if module is self._start[0]:
                reached = True
                return module(x)
            return None if id(module) in self._around else self._blank(module, shapes(given))

        with standing_in(stand_in):
            y = self.network(blank((x.shape[0], *self._image_shape)))
        if not reached:
            raise UsageError(f"{type(self.network).__name__} does not come to its {type(self._start[0]).__name__}.")
        return y

    def output_shape(self, x_shape: tuple[int, ...]) -> Nest:
        return self.network.output_shape((x_shape[0], *self._image_shape))

    def _blank(self, module: Module, x_shape: Nest) -> Nest:
        key = (id(module), repr(x_shape))
        if key not in self._shapes:
            with standing_in(None):
                self._shapes[key] = shape_after(module, x_shape)
        return mapped(self._shapes[key], blank, is_shape)


@contextmanager
def reaching(layer: Module) -> Iterator[list[Tensor]]:
    """Inside, what is given to `layer`, call after call, is added to the list."""
    given: list[Tensor] = []

    def note(module: Module, x: Nest, *rest: Any, **options: Any) -> None:
        if module is layer:
            given.append(x)

    with standing_in(note):
        yield given
