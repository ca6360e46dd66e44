"""How far around a place a network looks to answer for it: found by one walk through its ops, without computing.

Every row of every map is followed back to the first and the last row of the image that it depends on (`span`). So
whatever a network is made of, strides, dilations, skips and crops count for just what they do. A walk sees an image
that is long and narrow; a second one sees it lying, for the columns.
"""

import math
import weakref
from dataclasses import dataclass
from functools import partial
from typing import Any, final

import numpy as np

from cnnkit import kernels
from cnnkit.autograd import Tensor, no_grad
from cnnkit.autograd.function import Call as Noted
from cnnkit.autograd.function import noting
from cnnkit.errors import ShapeError
from cnnkit.models.reach.span import Call, Span, after
from cnnkit.nn import Module
from cnnkit.nn.module import Parameter, blank

# Sides of the image that is walked through; a network that takes no narrow one gets the next.
LONG, NARROW = 4096, (64, 256, 1024)


@final
@dataclass(frozen=True)
class Reach:
    """pixels: a place depends on so many pixels in each direction at most; None: on the whole image.
    multiple: the answers for an image that is moved by so many pixels are moved likewise, and else unchanged; where
    they depend on the whole image, the multiple of the strides.
    margin: how many rows and columns the map has fewer than the image, at each side.
    floats: numbers that live at once for each pixel of an image, in results of ops.
    """

    pixels: int | None
    multiple: int
    margin: int
    floats: float


def reach(module: Module, channels: int) -> Reach | None:
    """The reach of a network in use that gives a map of the size of its image, or a margin smaller.

    None where it gives something else.
    """
    found = [_along(module, channels, axis) for axis in (1, 2)]
    down, across = found
    if down is None or across is None or down.margin != across.margin:
        return None
    bounded = None not in (down.pixels, across.pixels)
    return Reach(
        max(down.pixels or 0, across.pixels or 0) if bounded else None,
        math.lcm(down.multiple, across.multiple),
        down.margin,
        max(down.floats, across.floats),
    )


def _along(module: Module, channels: int, axis: int) -> Reach | None:
    for narrow in NARROW:
        try:
            walk = _Walk(axis)
            y = walk.through(module, (LONG, narrow, channels) if axis == 1 else (narrow, LONG, channels))
        except ShapeError:
            continue
        if not isinstance(y, Tensor) or y.ndim != 4 or not 0 < y.shape[axis] <= LONG:
            return None
        return walk.told(y, narrow)
    return None


class _Walk:
    """One pass along an axis. spans: of the tensors that live.   steps: what lies between rows of the maps."""

    def __init__(self, axis: int) -> None:
        self.axis = axis
        self.spans: weakref.WeakKeyDictionary[Tensor, Span] = weakref.WeakKeyDictionary()
        self.steps: set[int] = set()
        self.living = self.most = 0

    def through(self, module: Module, shape: tuple[int, int, int]) -> Any:
        with module.keeping_modes(), no_grad(), kernels.shapes_only(), noting(self._note):
            module.eval()
            image = blank((1, *shape))
            self._keep(image, Span.of_image(LONG))
            return module(image)

    def told(self, y: Tensor, narrow: int) -> Reach:
        margin = (LONG - y.shape[self.axis]) // 2
        span = self.span(y).stretched(y.shape[self.axis])
        rows = np.arange(margin, margin + len(span.first))
        before, behind = rows - span.first, span.last - rows
        # Far from the ends nothing of the image ends, so the pattern is the network's own.
        middle = slice(len(rows) // 4, -(len(rows) // 4))
        pattern = np.stack([before[middle], behind[middle]])
        centre = len(rows) // 2
        everything = span.first[centre] <= 0 or span.last[centre] >= LONG - 1
        strides, moved = math.lcm(*self.steps), math.lcm(*self.steps, _period(pattern))
        floats = self.most / (LONG * narrow)
        if everything or moved > LONG // 8:
            return Reach(None, strides, margin, floats)
        return Reach(int(max(0, before.max(), behind.max())), moved, margin, floats)

    def span(self, tensor: Tensor) -> Span:
        """A parameter depends on nothing; of what came about unseen the worst is assumed."""
        if tensor in self.spans:
            return self.spans[tensor]
        known = isinstance(tensor, Parameter) or tensor.ndim == 0
        return Span.nothing() if known else Span.of_image(LONG).whole

    def _note(self, noted: Noted) -> None:
        function, args, result = noted
        for y in result if isinstance(result, tuple) else (result,):
            length = y.shape[self.axis] if y.ndim == 4 else 1
            span = after(function.__name__, Call(args, length, self.axis, self.span))
            # A map of the image keeps its rows in order; between two of a strided one lie as many of the image.
            between = np.diff(span.first[len(span.first) // 4 : -(len(span.first) // 4) or None])
            if len(between) and between[0] > 1 and (between == between[0]).all():
                self.steps.add(int(between[0]))
            self._keep(y, span)

    def _keep(self, tensor: Tensor, span: Span) -> None:
        self.spans[tensor] = span
        self.living += tensor.size
        self.most = max(self.most, self.living)
        weakref.finalize(tensor, partial(self._gone, tensor.size))

    def _gone(self, size: int) -> None:
        self.living -= size


def _period(pattern: "np.ndarray[Any, np.dtype[np.int64]]") -> int:
    """After how many columns a pattern (2, n) begins again."""
    n = pattern.shape[1]
    return next((m for m in range(1, n // 2) if (pattern[:, m:] == pattern[:, :-m]).all()), n)
