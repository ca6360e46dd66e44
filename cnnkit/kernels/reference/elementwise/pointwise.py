"""Arithmetic, defined: element by element, with numpy's rules of broadcasting."""

import numpy as np

from cnnkit.kernels.reference.store import deliver
from cnnkit.kernels.shared.array import Host


def add(x: Host, y: Host, *, out: Host | None = None) -> Host:
    """x + y."""
    return deliver(_double(x) + _double(y), out)


def subtract(x: Host, y: Host, *, out: Host | None = None) -> Host:
    """x - y."""
    return deliver(_double(x) - _double(y), out)


def multiply(x: Host, y: Host, *, out: Host | None = None) -> Host:
    """x · y."""
    return deliver(_double(x) * _double(y), out)


def divide(x: Host, y: Host, *, out: Host | None = None) -> Host:
    """x / y; a division by zero gives an infinity or NaN, as IEEE 754 says."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return deliver(_double(x) / _double(y), out)


def maximum(x: Host, y: Host, *, out: Host | None = None) -> Host:
    """The greater of x and y; NaN where either is."""
    return deliver(np.maximum(_double(x), _double(y)), out)


def minimum(x: Host, y: Host, *, out: Host | None = None) -> Host:
    """The smaller of x and y; NaN where either is."""
    return deliver(np.minimum(_double(x), _double(y)), out)


def equal(x: Host, y: Host, *, out: Host | None = None) -> Host:
    """1 where x equals y, else 0, as floats: what follows counts or multiplies. A NaN equals nothing.

    Integers are compared as such; x and y are of one type, or one of them is a number.
    """
    return deliver(_double(np.equal(x, y)), out)


def where(condition: Host, x: Host, y: Host, *, out: Host | None = None) -> Host:
    """x where the condition, floats or integers, is not 0, else y; of integers it is an array of their type.

    x and y are of one type, or one of them is a number.
    """
    chosen = np.where(np.not_equal(condition, 0), x, y)
    return deliver(chosen if chosen.dtype.kind in "iu" else _double(chosen), out)


def negate(x: Host, *, out: Host | None = None) -> Host:
    """-x."""
    return deliver(-_double(x), out)


def exp(x: Host, *, out: Host | None = None) -> Host:
    """e^x."""
    with np.errstate(over="ignore"):
        return deliver(np.exp(_double(x)), out)


def log(x: Host, *, out: Host | None = None) -> Host:
    """The natural logarithm; -inf at 0, NaN below."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return deliver(np.log(_double(x)), out)


def softplus(x: Host, *, out: Host | None = None) -> Host:
    """log(1 + e^x)."""
    with np.errstate(invalid="ignore"):
        return deliver(np.logaddexp(0.0, _double(x)), out)


def sqrt(x: Host, *, out: Host | None = None) -> Host:
    """The square root; NaN below 0."""
    with np.errstate(invalid="ignore"):
        return deliver(np.sqrt(_double(x)), out)


def clip(x: Host, low: float, high: float, *, out: Host | None = None) -> Host:
    """x, but no less than low and no more than high (infinite: no bound), low <= high; NaN stays."""
    return deliver(np.minimum(np.maximum(_double(x), low), high), out)


def _double(x: Host) -> Host:
    return np.asarray(x, np.float64)
