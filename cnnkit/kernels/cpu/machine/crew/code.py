"""Functions of the crew as machine code, kept on disk as kernels are."""

from collections.abc import Callable
from functools import cache
from typing import Any

from cnnkit.kernels.cpu.machine.cache import KernelCache
from cnnkit.kernels.cpu.machine.code.entry import Entry
from cnnkit.kernels.cpu.machine.code.kinds import Number, Signature


def _signature(count: int) -> Signature:
    return (Number("i8"),) * count


def compiled(function: Callable[..., Any], count: int) -> Entry:
    """The function of so many words, ready to be called by Python without the GIL."""
    return Entry(function.__name__, address_of(function, count), _signature(count))


@cache
def address_of(function: Callable[..., Any], count: int) -> int:
    """Where its entry (code/compiler.py) begins, for callers in machine code, who look at no error."""
    return KernelCache(function).address(_signature(count))


def is_there(function: Callable[..., Any], count: int) -> bool:
    """Whether it lies on disk."""
    return KernelCache(function).holds(_signature(count))
