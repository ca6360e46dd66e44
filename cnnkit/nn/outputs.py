"""What a module takes and gives: a Tensor, or Tensors in tuples, lists and dicts, however deep. Here they are walked.

A nest of shapes looks like the nest of Tensors that it tells of, and so does one of arrays. What else stands in it, the
weight of an auxiliary loss or None, is left as it is.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from cnnkit.autograd import Tensor
from cnnkit.errors import UsageError

# A Tensor, a shape or an array, or a tuple, list or dict of nests. A type that says so could not be indexed.
Nest = Any


def is_tensor(leaf: Any) -> bool:
    return isinstance(leaf, Tensor)


def is_shape(leaf: Any) -> bool:
    return isinstance(leaf, tuple) and all(isinstance(size, int) for size in leaf)


def is_array(leaf: Any) -> bool:
    return isinstance(leaf, np.ndarray)


def leaves(nest: Nest, kind: Callable[[Any], bool] = is_tensor) -> Iterator[Any]:
    """Every Tensor, or every leaf of another kind, in order."""
    if kind(nest):
        yield nest
    elif isinstance(nest, tuple | list | dict):
        for part in nest.values() if isinstance(nest, dict) else nest:
            yield from leaves(part, kind)


def mapped(nest: Nest, change: Callable[[Any], Any], kind: Callable[[Any], bool] = is_tensor) -> Nest:
    """The same nest, with what `change` makes of them for Tensors, or for leaves of another kind."""
    if kind(nest):
        return change(nest)
    if isinstance(nest, dict):
        return {name: mapped(part, change, kind) for name, part in nest.items()}
    if isinstance(nest, tuple | list):
        parts = [mapped(part, change, kind) for part in nest]
        return type(nest)(*parts) if hasattr(nest, "_fields") else type(nest)(parts)
    return nest


def checked(nest: Nest, giver: str) -> Nest:
    """The same nest; UsageError if it holds no Tensor."""
    if next(leaves(nest), None) is None:
        raise UsageError(
            f"{giver} gives a {type(nest).__name__}, expected a Tensor, or Tensors in a tuple or a dict. "
            "What does its forward return?"
        )
    return nest


def arrays(nest: Nest) -> Nest:
    """The arrays of a nest of Tensors."""
    return mapped(nest, Tensor.numpy)


def shapes(nest: Nest) -> Nest:
    """The shapes of a nest of Tensors."""
    return mapped(nest, lambda tensor: tensor.shape)


def concatenated(nests: list[Nest]) -> Nest:
    """One nest of arrays from several that look alike, joined along the first axis."""
    columns = iter(list(zip(*(leaves(nest, is_array) for nest in nests), strict=True)))
    return mapped(nests[0], lambda _: np.concatenate(next(columns)), is_array)
