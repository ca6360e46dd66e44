"""What moves, joins or cuts numbers, as ONNX operations."""

from __future__ import annotations

import numpy as np

from cnnkit.errors import UsageError
from cnnkit.graph.onnx.sums import Write
from cnnkit.graph.onnx.writing import BACK, TURNED, Writing
from cnnkit.graph.trace import Call


def _reshape(out: Writing, call: Call) -> str:
    """A map of several pixels is put in our order first, unless all of it becomes a row: that stays as it is there."""
    x, y = call.args[0], call.y
    sizes = _sizes(out, x.shape, y.shape)
    several = x.ndim == 4 and x.shape[1] * x.shape[2] > 1
    if several and y.ndim == 2 and x.shape[0] == y.shape[0]:
        out.flat[y] = (x.shape[1], x.shape[2], x.shape[3])
        return out.node("Flatten", [out.of(x)], axis=1)
    name = out.node("Transpose", [out.of(x)], perm=BACK) if several else out.of(x)
    if y.ndim != 4:
        return out.node("Reshape", [name, out.integers(*sizes)])
    if y.shape[1] * y.shape[2] == 1:
        return out.node("Reshape", [name, out.integers(*(sizes[axis] for axis in TURNED))])
    return out.node("Transpose", [out.node("Reshape", [name, out.integers(*sizes)])], perm=TURNED)


def _sizes(out: Writing, before: tuple[int, ...], after: tuple[int, ...]) -> list[int]:
    """The shape wanted, in which 0 is "as it was" and -1 "what is left": the number of images."""
    if not out.any_batch:
        return list(after)
    if before[0] == after[0]:
        return [0, *after[1:]]
    if after[0] % out.batch == 0:
        return [-1, *after[1:]]
    raise UsageError(f"A reshape from {before} to {after} mixes images: it cannot be written for any number of them.")


def _concat(out: Writing, call: Call) -> str:
    axis, *xs = call.args
    axis %= xs[0].ndim
    return out.node("Concat", [out.of(x) for x in xs], axis=TURNED.index(axis) if xs[0].ndim == 4 else axis)


def _pad(out: Writing, call: Call) -> str:
    x, widths, value = call.args
    order = [widths[axis] for axis in TURNED] if x.ndim == 4 else list(widths)
    sizes = [before for before, _ in order] + [after for _, after in order]
    return out.node("Pad", [out.of(x), out.integers(*sizes), out.constant(np.float32(value), "border")])


def _slice(out: Writing, call: Call) -> str:
    """Only axes that are cut are named."""
    x, starts, stops, steps = call.args
    cut = [axis for axis in range(x.ndim) if (starts[axis], stops[axis], steps[axis]) != (0, x.shape[axis], 1)]
    name = out.of(x)
    if out.any_batch and 0 in cut:
        name = _one_of_several(out, name, x.shape, starts[0], stops[0], steps[0])
        cut.remove(0)
    if not cut:
        return name
    axes = [TURNED.index(axis) if x.ndim == 4 else axis for axis in cut]
    chosen = [[numbers[axis] for axis in cut] for numbers in (starts, stops)]
    inputs = [*chosen, axes, [steps[axis] for axis in cut]]
    return out.node("Slice", [name, *(out.integers(*numbers) for numbers in inputs)])


def _one_of_several(out: Writing, name: str, shape: tuple[int, ...], start: int, stop: int, step: int) -> str:
    """One batch of several that lie one after the other, as of images and their mirror images."""
    several, rest = divmod(shape[0], out.batch)
    if rest or start % out.batch or stop - start != out.batch or step != 1:
        raise UsageError("A cut that chooses images cannot be written as ONNX for any number of them.")
    sizes = [shape[axis] for axis in TURNED[1:]] if len(shape) == 4 else shape[1:]
    apart = out.node("Reshape", [name, out.integers(several, -1, *sizes)])
    return out.node("Gather", [apart, out.constant(np.array(start // out.batch, np.int64), "part")], axis=0)


def _permute(out: Writing, call: Call) -> str:
    """Each axis there is the one whose axis here is wanted in its place."""
    x, axes = call.args
    here = list(TURNED) if x.ndim == 4 else list(range(x.ndim))
    order = [here.index(axes[axis]) for axis in here]
    return out.of(x) if order == sorted(order) else out.node("Transpose", [out.of(x)], perm=order)


def _channel_shuffle(out: Writing, call: Call) -> str:
    x, groups = call.args
    _, H, W, C = x.shape
    apart = out.node("Reshape", [out.of(x), out.integers(0, groups, C // groups, H, W)])
    mixed = out.node("Transpose", [apart], perm=(0, 2, 1, 3, 4))
    return out.node("Reshape", [mixed, out.integers(0, C, H, W)])


WRITTEN: dict[str, Write] = {
    "_Reshape": _reshape,
    "_Concat": _concat,
    "_Pad": _pad,
    "_Slice": _slice,
    "_Permute": _permute,
    "_ChannelShuffle": _channel_shuffle,
}
