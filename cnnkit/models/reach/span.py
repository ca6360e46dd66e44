"""Which rows of an image each row of a map depends on, op by op; columns likewise.

A rule for every op (the name of its Function) that a place of a map meets. Of an op without a rule each row is taken to
depend on all that it was given, so what is told is never too little.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import numpy.typing as npt

from cnnkit.autograd import Tensor
from cnnkit.kernels.shared.resizing import sources

Rows = npt.NDArray[np.int64]
# First and last row of what depends on no row: the first is behind the last.
NONE = (1 << 40, -1)


@final
@dataclass(frozen=True)
class Span:
    """first, last: (n,), the first and the last row of the image that each of a map's n rows depends on.

    Of length 1 where all rows depend on the same, as those do that stand for a whole map.
    """

    first: Rows
    last: Rows

    @classmethod
    def of_image(cls, length: int) -> "Span":
        """Each row of the image is itself."""
        rows = np.arange(length)
        return cls(rows, rows)

    @classmethod
    def nothing(cls, length: int = 1) -> "Span":
        return cls(np.full(length, NONE[0]), np.full(length, NONE[1]))

    @property
    def whole(self) -> "Span":
        """What all rows together depend on."""
        return Span(self.first.min(keepdims=True), self.last.max(keepdims=True))

    def stretched(self, length: int) -> "Span":
        """So many rows, where all depend on the same."""
        return Span(*(np.broadcast_to(rows, (length,)) for rows in (self.first, self.last)))

    def taken(self, places: npt.NDArray[np.int64]) -> "Span":
        """(m,) from (m, taps): what the rows at these places depend on together; places outside the map add nothing."""
        inside = (places >= 0) & (places < len(self.first))
        at = np.clip(places, 0, len(self.first) - 1)
        first, last = np.where(inside, self.first[at], NONE[0]), np.where(inside, self.last[at], NONE[1])
        return Span(first.min(axis=1), last.max(axis=1))


def joined(spans: Sequence[Span]) -> Span:
    """Of a row that depends on what each of these does."""
    found = Span.nothing()
    for span in spans:
        found = Span(np.minimum(found.first, span.first), np.maximum(found.last, span.last))
    return found


@final
@dataclass(frozen=True)
class Call:
    """One op: its arguments, the size of its result along the axis that is looked at (1: rows, 2: columns), and what
    each of its operands depends on."""

    args: tuple[Any, ...]
    length: int
    axis: int
    span: Callable[[Tensor], Span]

    def operands(self) -> list[Tensor]:
        return [arg for arg in self.args if isinstance(arg, Tensor)]


def after(name: str, call: Call) -> Span:
    """What the rows of the result of this op depend on."""
    return _RULES.get(name, _all)(call)


def _all(call: Call) -> Span:
    return joined([call.span(operand).whole for operand in call.operands()])


def _each(call: Call) -> Span:
    """Rows meet the rows beside them; an operand of one row meets them all."""
    return joined([call.span(operand) for operand in call.operands()])


def _window(call: Call, taps: int, stride: int, before: int, dilation: int) -> Span:
    x = call.args[0]
    start = np.arange(call.length)[:, None] * stride - before
    return call.span(x).stretched(x.shape[call.axis]).taken(start + np.arange(taps) * dilation)


def _conv2d(call: Call) -> Span:
    _, w, _, residual, win, *_ = call.args
    found = _window(call, w.shape[call.axis - 1], *_along(win, call.axis))
    return found if residual is None else joined([found, call.span(residual)])


def _prepared_conv2d(call: Call) -> Span:
    _, residual, kernel, win, *_ = call.args
    found = _window(call, kernel[call.axis - 1], *_along(win, call.axis))
    return found if residual is None else joined([found, call.span(residual)])


def _pool2d(call: Call) -> Span:
    _, kernel, win, *_ = call.args
    return _window(call, kernel[call.axis - 1], *_along(win, call.axis))


def _conv_transpose2d(call: Call) -> Span:
    _, w, _, _, win, *_ = call.args
    return _turned_round(call, w.shape[call.axis - 1], *_along(win, call.axis))


def _prepared_conv_transpose2d(call: Call) -> Span:
    _, _, kernel, win, *_ = call.args
    return _turned_round(call, kernel[call.axis - 1], *_along(win, call.axis))


def _turned_round(call: Call, taps: int, stride: int, before: int, dilation: int) -> Span:
    """Row i of the result meets row o of x by tap k where o · stride = i + before - k · dilation."""
    x = call.args[0]
    o, over = np.divmod(np.arange(call.length)[:, None] + before - np.arange(taps) * dilation, stride)
    return call.span(x).stretched(x.shape[call.axis]).taken(np.where(over == 0, o, -1))


def _resize(call: Call) -> Span:
    x, size, nearest, align_corners = call.args
    read = sources(x.shape[call.axis], size[call.axis - 1], nearest, align_corners)
    return call.span(x).stretched(x.shape[call.axis]).taken(np.stack([read.lower, read.upper], axis=1))


def _slice(call: Call) -> Span:
    x, starts, stops, steps = call.args
    places = np.arange(starts[call.axis], stops[call.axis], steps[call.axis])
    return call.span(x).stretched(x.shape[call.axis]).taken(places[:, None])


def _pad(call: Call) -> Span:
    x, widths, _ = call.args
    places = np.arange(call.length) - widths[call.axis][0]
    return call.span(x).stretched(x.shape[call.axis]).taken(places[:, None])


def _concat(call: Call) -> Span:
    axis, *xs = call.args
    if axis != call.axis:
        return _each(call)
    spans = [call.span(x).stretched(x.shape[axis]) for x in xs]
    return Span(*(np.concatenate(rows) for rows in zip(*((s.first, s.last) for s in spans), strict=True)))


def _along(win: Any, axis: int) -> tuple[int, int, int]:
    """(stride, zeros before, dilation) of a Window along an axis."""
    return win[axis - 1], win[2 * axis], win[5 + axis]


_PIXEL_BY_PIXEL = [
    "_Add",
    "_Subtract",
    "_Multiply",
    "_Divide",
    "_Maximum",
    "_Minimum",
    "_Negate",
    "_Exp",
    "_Log",
    "_Sqrt",
    "_Where",
    "_Clip",
    "_Activate",
    "_ActivateAt",
    "_Softmax",
    "_LogSoftmax",
    "_BatchNormFrozen",
    "_LocalResponseNorm",
    "_ChannelShuffle",
    "_ScaleChannels",
]
_RULES: dict[str, Callable[[Call], Span]] = {
    "_Conv2d": _conv2d,
    "_ConvTranspose2d": _conv_transpose2d,
    "PreparedConv2d": _prepared_conv2d,
    "PreparedConvTranspose2d": _prepared_conv_transpose2d,
    "_MaxPool2d": _pool2d,
    "_AvgPool2d": _pool2d,
    "_Resize": _resize,
    "_Slice": _slice,
    "_Pad": _pad,
    "_Concat": _concat,
    **dict.fromkeys(_PIXEL_BY_PIXEL, _each),
}
