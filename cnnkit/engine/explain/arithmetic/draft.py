"""Draft: what a number is computed from, before it is added up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
import numpy.typing as npt

from cnnkit.autograd import Tensor
from cnnkit.engine.explain.sum import Terms
from cnnkit.engine.explain.walk import Step

Index = tuple[int, ...]


@final
@dataclass(frozen=True, eq=False)
class Draft:
    """rule, terms, numbers, winner: as a Sum has them.   total: where the rule needs more than these; else None."""

    rule: str
    terms: tuple[Terms, ...]
    numbers: Mapping[str, float] = field(default_factory=dict)
    winner: int | None = None
    total: float | None = None


def is_batch_of_one(shape: tuple[int, ...]) -> bool:
    """Whether the first axis is that of the batch, of which places say nothing."""
    return len(shape) > 1 and shape[0] == 1


def terms(
    step: Step,
    argument: int,
    at: npt.ArrayLike,
    weights: npt.ArrayLike = 1.0,
    *,
    inside: npt.ArrayLike | None = None,
    layout: tuple[int, ...] | None = None,
) -> Terms:
    """Numbers of an operand.

    at: (n, axes) where they are in it.   inside: (n,) which of them are there at all; None: all.
    layout: of the n; None is (n,).
    """
    array = step.array(argument)
    index = np.asarray(at, np.int64).reshape(-1, array.ndim) if array.ndim else np.zeros((1, 0), np.int64)
    there = np.ones(len(index), bool) if inside is None else np.asarray(inside, bool).reshape(-1)
    read = array[tuple(np.where(there[:, None], index, 0).T)] if array.ndim else array.reshape(1)
    values = np.where(there, read.astype(np.float64), 0.0)
    places = index[:, 1:] if is_batch_of_one(array.shape) else index
    weights = np.broadcast_to(np.asarray(weights, np.float64).reshape(-1), values.shape)
    shape = (len(values),) if layout is None else layout
    return Terms(step.sources[argument], places, there, values, weights, shape)


def same_place(step: Step, argument: int, at: Index) -> Index:
    """Where an operand, stretched as NumPy does, has the number that stands at a place of the result."""
    shape = step.args[argument].shape
    behind = at[len(at) - len(shape) :]
    return tuple(0 if size == 1 else place for size, place in zip(shape, behind, strict=True))


def at_same_place(step: Step, argument: int, at: Index, weight: float = 1.0) -> Terms:
    """The one number of an operand that stands at this place of the result."""
    return terms(step, argument, [same_place(step, argument, at)], weight)


def number(value: Any, index: int) -> float:
    """One of a parameter's or a buffer's numbers."""
    array = value.numpy() if isinstance(value, Tensor) else value
    return float(array[index])
