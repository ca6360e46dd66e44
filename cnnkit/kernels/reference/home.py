"""Where the arrays of the definitions live: this machine's memory, as NumPy has it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from cnnkit.config import available_memory, cpu_name
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.facts import Facts


def empty(shape: tuple[int, ...], dtype: DTypeLike = np.float32) -> Host:
    """An array whose numbers are left unspecified."""
    return np.empty(shape, dtype)


def zeros(shape: tuple[int, ...], dtype: DTypeLike = np.float32) -> Host:
    """An array of zeros."""
    return np.zeros(shape, dtype)


def put(host: Host) -> Host:
    """These numbers where the kernels find them: the array itself, which is here already."""
    return host


def fetch(array: Host) -> Host:
    """The numbers as a NumPy array: the array itself, not a copy."""
    return array


def program(work: Callable[[Host], list[Host]], x: Host) -> None:
    """The definitions are not there to be repeated in haste."""


def roundtrip(work: Callable[[Host], Any], x: Host, read: Sequence[Host], changed: Sequence[Host]) -> None:
    """Nor is the way back."""


def copy(array: Host) -> Host:
    """The same numbers in memory of their own."""
    return array.copy()


def copy_into(target: Host, source: Host | Host) -> None:
    """Overwrite the numbers of `target`; a source of fewer axes, or of size 1 along some, is repeated along them."""
    np.copyto(target, source)


def channels(array: Host, first: int, count: int) -> Host:
    """`count` channels of an array (..., C) from `first` on, not a copy: what is written there is in the array.

    `conv2d`, `conv_transpose2d` and `concat` take it as `out`.
    """
    return array[..., first : first + count]


def same_memory(a: Host, b: Host) -> bool:
    """Whether writing to one may change the other."""
    return np.may_share_memory(a, b)


def facts() -> Facts:
    """The processor's name and the memory that this process may still take; its peak is measured, not known."""
    return Facts(cpu_name(), available_memory(), None)


def shapes_only() -> AbstractContextManager[object]:
    """Nothing changes: the definitions have no other way to the shape of a result than to compute it."""
    return nullcontext()


def prepare(walk: Callable[[], None]) -> Iterator[tuple[int, int, str, bool]]:
    """Nothing: there is nothing to compile, so `walk` is not taken."""
    return iter(())
