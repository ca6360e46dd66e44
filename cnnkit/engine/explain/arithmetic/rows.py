"""What is computed of a whole row of numbers: dense layers, softmax, neighbouring channels, sums over axes."""

import math

import numpy as np

from cnnkit.engine.explain.arithmetic.draft import Draft, Index, number, terms
from cnnkit.engine.explain.arithmetic.windows import Places, greatest
from cnnkit.engine.explain.sum import Terms
from cnnkit.engine.explain.walk import Step


def dense(step: Step, at: Index) -> Draft:
    """Σ feature · weight + bias."""
    x, _, bias, _ = step.args
    n, o = at
    numbers = {} if bias is None else {"bias": number(bias, o)}
    return Draft("weighted", (terms(step, 0, _row(x.shape, (n, 0)), step.array(1)[:, o]),), numbers)


def softmax(step: Step, at: Index) -> Draft:
    """The row of logits, their greatest, and the sum of e^(x - greatest)."""
    row, numbers = _exponentials(step, at)
    return Draft("softmax", (row,), numbers, total=math.exp(row.values[at[-1]] - numbers["max"]) / numbers["sum"])


def log_softmax(step: Step, at: Index) -> Draft:
    row, numbers = _exponentials(step, at)
    return Draft("log softmax", (row,), numbers, total=row.values[at[-1]] - numbers["max"] - math.log(numbers["sum"]))


def response(step: Step, at: Index) -> Draft:
    """A channel, and the squares of those around it: terms are the neighbours, the channel itself is the winner."""
    x, size, alpha, beta, k = step.args
    first, last = max(0, at[-1] - size // 2), min(x.shape[-1], at[-1] + (size - 1) // 2 + 1)
    among = terms(step, 0, [(*at[:-1], c) for c in range(first, last)])
    squares = float((among.values**2).sum())
    own = at[-1] - first
    numbers = {"size": float(size), "alpha": alpha, "beta": beta, "k": k, "squares": squares}
    total = among.values[own] / (k + alpha / size * squares) ** beta
    return Draft("response", (among,), numbers, own, total)


def summed(step: Step, at: Index) -> Draft:
    return Draft("weighted", (terms(step, 0, _over(step, at)),))


def mean(step: Step, at: Index) -> Draft:
    index = _over(step, at)
    return Draft("weighted", (terms(step, 0, index, 1 / len(index)),))


def greatest_over(step: Step, at: Index) -> Draft:
    index = _over(step, at)
    return greatest(step, index, np.ones(len(index), bool), (len(index),))


def _row(shape: tuple[int, ...], at: Index) -> Places:
    """(n, axes): the last axis at this place, whatever it says of that axis itself."""
    last = np.arange(shape[-1])
    return np.column_stack([np.broadcast_to(np.array(at[:-1], np.int64), (len(last), len(at) - 1)), last])


def _exponentials(step: Step, at: Index) -> tuple[Terms, dict[str, float]]:
    row = terms(step, 0, _row(step.args[0].shape, at))
    most = float(row.values.max())
    return row, {"max": most, "sum": float(np.exp(row.values - most).sum())}


def _over(step: Step, at: Index) -> Places:
    """(m, axes): all places of the operand that a sum over axes brings together here."""
    x, axes, keepdims = step.args
    kept = iter(place for axis, place in enumerate(at) if not keepdims or axis not in axes)
    ranges = [range(size) if axis in axes else [next(kept)] for axis, size in enumerate(x.shape)]
    return np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, x.ndim).astype(np.int64)
