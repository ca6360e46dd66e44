"""Arithmetic, defined: element by element, with numpy's rules of broadcasting."""

import numpy as np

from cnnkit.kernels.reference.store import deliver
from cnnkit.kernels.shared.array import Array


def add(x: Array, y: Array, *, out: Array | None = None) -> Array:
    """x + y."""
    return deliver(_double(x) + _double(y), out)


def subtract(x: Array, y: Array, *, out: Array | None = None) -> Array:
    """x - y."""
    return deliver(_double(x) - _double(y), out)


def multiply(x: Array, y: Array, *, out: Array | None = None) -> Array:
    """x · y."""
    return deliver(_double(x) * _double(y), out)


def divide(x: Array, y: Array, *, out: Array | None = None) -> Array:
    """x / y; a division by zero gives an infinity or NaN, as IEEE 754 says."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return deliver(_double(x) / _double(y), out)


def maximum(x: Array, y: Array, *, out: Array | None = None) -> Array:
    """The greater of x and y; NaN where either is."""
    return deliver(np.maximum(_double(x), _double(y)), out)


def minimum(x: Array, y: Array, *, out: Array | None = None) -> Array:
    """The smaller of x and y; NaN where either is."""
    return deliver(np.minimum(_double(x), _double(y)), out)


def negate(x: Array, *, out: Array | None = None) -> Array:
    """-x."""
    return deliver(-_double(x), out)


def exp(x: Array, *, out: Array | None = None) -> Array:
    """e^x."""
    with np.errstate(over="ignore"):
        return deliver(np.exp(_double(x)), out)


def log(x: Array, *, out: Array | None = None) -> Array:
    """The natural logarithm; -inf at 0, NaN below."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return deliver(np.log(_double(x)), out)


def sqrt(x: Array, *, out: Array | None = None) -> Array:
    """The square root; NaN below 0."""
    with np.errstate(invalid="ignore"):
        return deliver(np.sqrt(_double(x)), out)


def _double(x: Array) -> Array:
    return np.asarray(x, np.float64)
