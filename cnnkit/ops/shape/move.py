"""Moving elements about: reshape (a view), flatten, concat, pad, slice, split, permute, channel_shuffle."""

import builtins
import math
from collections.abc import Sequence
from operator import index
from typing import Any

import numpy as np

from cnnkit import kernels
from cnnkit.autograd import Context, Function, Tensor
from cnnkit.errors import ShapeError
from cnnkit.kernels.shared.array import Array
from cnnkit.ops import check


def reshape(x: Tensor | Array, shape: Sequence[int]) -> Tensor:
    """The same elements in another shape; one size may be -1 and is then what is left over. No copy is made."""
    x = check.tensor(x, "reshape")
    wanted = tuple(index(size) for size in shape)
    known = math.prod(size for size in wanted if size != -1)
    if wanted.count(-1) == 1 and known:
        wanted = tuple(x.size // known if size == -1 else size for size in wanted)
    if math.prod(wanted) != x.size or min(wanted, default=0) < 0:
        raise ShapeError(
            f"reshape expects a shape of {x.size} elements, as x {x.shape} has, but received {tuple(shape)}. "
            "One size may be -1: it is then computed."
        )
    result: Tensor = _Reshape.apply(x, wanted)
    return result


def flatten(x: Tensor | Array) -> Tensor:
    """(N, ...) -> (N, product of the rest). No copy is made."""
    x = check.tensor(x, "flatten")
    if x.ndim < 1:
        raise ShapeError(f"flatten expects a batch (N, ...), but x has shape {x.shape}. Add the axis of the batch.")
    return reshape(x, (x.shape[0], math.prod(x.shape[1:])))


def concat(xs: Sequence[Tensor | Array], axis: int = -1) -> Tensor:
    """One behind the other along `axis`; the default joins channels."""
    tensors = [check.tensor(x, "concat") for x in xs]
    if not tensors:
        raise ShapeError("concat expects at least one tensor, but received none.")
    first = tensors[0].shape
    axis = axis_of(axis, len(first), "concat")
    for number, x in enumerate(tensors):
        if x.ndim != len(first) or any(
            a != b for i, (a, b) in enumerate(zip(x.shape, first, strict=True)) if i != axis
        ):
            raise ShapeError(
                f"concat along axis {axis} expects shapes that agree elsewhere, but tensor 0 has {first} and "
                f"tensor {number} has {x.shape}. Pad or crop one of them."
            )
    result: Tensor = _Concat.apply(axis, *tensors)
    return result


def pad(x: Tensor | Array, widths: Sequence[tuple[int, int]], value: float = 0.0) -> Tensor:
    """x with widths[axis] = (before, after) elements of `value` around it."""
    x = check.tensor(x, "pad")
    pairs = [(index(before), index(after)) for before, after in widths]
    if len(pairs) != x.ndim or min((width for both in pairs for width in both), default=0) < 0:
        raise ShapeError(
            f"pad expects {x.ndim} pairs (before, after) of at least 0, one for each axis of x {x.shape}, "
            f"but received {list(widths)}. To cut off, use slice."
        )
    result: Tensor = _Pad.apply(x, pairs, value)
    return result


def slice(x: Tensor | Array, starts: Sequence[int], stops: Sequence[int], steps: Sequence[int] | None = None) -> Tensor:
    """x[start:stop:step] on every axis, as Python counts; steps must be positive."""
    x = check.tensor(x, "slice")
    steps = [1] * len(starts) if steps is None else list(steps)
    if not len(starts) == len(stops) == len(steps) == x.ndim:
        raise ShapeError(
            f"slice expects {x.ndim} starts, stops and steps, one for each axis of x {x.shape}, "
            f"but received {len(starts)}, {len(stops)} and {len(steps)}. An axis taken whole is 0, its size, 1."
        )
    if min(steps, default=1) < 1:
        raise ShapeError(f"slice expects steps of at least 1, but received {steps}. Backwards is not possible.")
    ranges = [
        builtins.slice(*s).indices(n) for s, n in zip(zip(starts, stops, steps, strict=True), x.shape, strict=True)
    ]
    begins, ends = [r[0] for r in ranges], [max(r[0], r[1]) for r in ranges]
    result: Tensor = _Slice.apply(x, begins, ends, steps)
    return result


def split(x: Tensor | Array, sizes: Sequence[int], axis: int = -1) -> list[Tensor]:
    """Parts of these sizes along `axis`, in order: what `concat` joins. Their gradients are written side by side, once,
    where those of slices would each be as large as x, and added."""
    x = check.tensor(x, "split")
    axis = axis_of(axis, x.ndim, "split")
    if sum(sizes) != x.shape[axis] or min(sizes, default=0) < 0:
        raise ShapeError(
            f"split expects sizes that come to {x.shape[axis]}, as axis {axis} of x {x.shape} has, "
            f"but received {list(sizes)}. To take a part alone, use slice."
        )
    return list(_Split.apply(x, axis, list(sizes)))


def permute(x: Tensor | Array, axes: Sequence[int]) -> Tensor:
    """Axis i of the result is axis axes[i] of x."""
    x = check.tensor(x, "permute")
    if sorted(axis % x.ndim if -x.ndim <= axis < x.ndim else -1 for axis in axes) != list(range(x.ndim)):
        raise ShapeError(
            f"permute expects every axis of x {x.shape} once, but received {tuple(axes)}. Name 0 to {x.ndim - 1}."
        )
    result: Tensor = _Permute.apply(x, tuple(axis % x.ndim for axis in axes))
    return result


def channel_shuffle(x: Tensor | Array, groups: int) -> Tensor:
    """The channels of `groups` groups, dealt out: first those that are the first of their group, and so on.

    Source: Zhang et al. 2017, arXiv:1707.01083, section 3.1.
    """
    x = check.tensor(x, "channel_shuffle")
    if x.ndim < 1 or groups < 1 or x.shape[-1] % groups or not x.shape[-1]:
        raise ShapeError(
            f"channel_shuffle expects channels that {groups} groups can share equally, but x has shape {x.shape}. "
            "Change groups or the channels."
        )
    result: Tensor = _ChannelShuffle.apply(x, groups)
    return result


def axis_of(axis: int, ndim: int, op: str) -> int:
    """`axis` counted from the front."""
    if not -ndim <= axis < ndim:
        raise ShapeError(f"{op} expects an axis from {-ndim} to {ndim - 1}, but received {axis}: x has {ndim} axes.")
    return axis % ndim


class _Reshape(Function):
    @staticmethod
    def forward(ctx: Context, x: Array, shape: tuple[int, ...]) -> Array:
        ctx.save(x.shape)
        return x.reshape(shape)

    @staticmethod
    def backward(ctx: Context, dy: Array) -> tuple[Any, ...]:
        return dy.reshape(ctx.saved[0]), None


class _Concat(Function):
    @staticmethod
    def forward(ctx: Context, axis: int, *xs: Array) -> Array:
        ctx.save(axis, [x.shape[axis] for x in xs])
        y: Array = kernels.of(*xs).concat(list(xs), axis)
        return y

    @staticmethod
    def backward(ctx: Context, dy: Array) -> tuple[Any, ...]:
        axis, sizes = ctx.saved
        ends = np.cumsum(sizes).tolist()
        gradients: list[Array | None] = [None]
        for size, end, needed in zip(sizes, ends, ctx.needs[1:], strict=True):
            starts, stops = [0] * dy.ndim, list(dy.shape)
            starts[axis], stops[axis] = end - size, end
            gradients.append(kernels.of(dy).slice(dy, starts, stops, [1] * dy.ndim) if needed else None)
        return tuple(gradients)


class _Pad(Function):
    @staticmethod
    def forward(ctx: Context, x: Array, widths: list[tuple[int, int]], value: float) -> Array:
        ctx.save(x.shape, widths)
        y: Array = kernels.of(x).pad(x, widths, value)
        return y

    @staticmethod
    def backward(ctx: Context, dy: Array) -> tuple[Any, ...]:
        x_shape, widths = ctx.saved
        starts = [before for before, _ in widths]
        stops = [start + size for start, size in zip(starts, x_shape, strict=True)]
        return kernels.of(dy).slice(dy, starts, stops, [1] * dy.ndim), None, None


class _Slice(Function):
    @staticmethod
    def forward(ctx: Context, x: Array, starts: list[int], stops: list[int], steps: list[int]) -> Array:
        ctx.save(x.shape, starts, stops, steps)
        y: Array = kernels.of(x).slice(x, starts, stops, steps)
        return y

    @staticmethod
    def backward(ctx: Context, dy: Array) -> tuple[Any, ...]:
        return kernels.of(dy).slice_dx(dy, *ctx.saved), None, None, None


class _Split(Function):
    @staticmethod
    def forward(ctx: Context, x: Array, axis: int, sizes: list[int]) -> tuple[Array, ...]:
        ends, shapes = np.cumsum(sizes).tolist(), []
        parts: list[Array] = []
        for size, end in zip(sizes, ends, strict=True):
            starts, stops = [0] * x.ndim, list(x.shape)
            starts[axis], stops[axis] = end - size, end
            parts.append(kernels.of(x).slice(x, starts, stops, [1] * x.ndim))
            shapes.append(parts[-1].shape)
        ctx.save(axis, shapes)
        return tuple(parts)

    @staticmethod
    def backward(ctx: Context, *dys: Array | None) -> tuple[Any, ...]:
        axis, shapes = ctx.saved
        some = next(dy for dy in dys if dy is not None)
        k = kernels.of(some)
        pairs = zip(dys, shapes, strict=True)
        return k.concat([k.zeros(shape, some.dtype) if dy is None else dy for dy, shape in pairs], axis), None, None


class _Permute(Function):
    @staticmethod
    def forward(ctx: Context, x: Array, axes: tuple[int, ...]) -> Array:
        ctx.save(axes)
        y: Array = kernels.of(x).permute(x, axes)
        return y

    @staticmethod
    def backward(ctx: Context, dy: Array) -> tuple[Any, ...]:
        axes = ctx.saved[0]
        return kernels.of(dy).permute(dy, tuple(axes.index(i) for i in range(len(axes)))), None


class _ChannelShuffle(Function):
    @staticmethod
    def forward(ctx: Context, x: Array, groups: int) -> Array:
        ctx.save(groups)
        y: Array = kernels.of(x).channel_shuffle(x, groups)
        return y

    @staticmethod
    def backward(ctx: Context, dy: Array) -> tuple[Any, ...]:
        return kernels.of(dy).channel_shuffle(dy, dy.shape[-1] // ctx.saved[0]), None
