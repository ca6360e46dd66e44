"""Where the arrays of these kernels live: this machine's memory, in NumPy arrays that start on a cache line."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager

import numpy as np
from numpy.typing import DTypeLike

from cnnkit.config import available_memory, cpu_name
from cnnkit.kernels.cpu.machine import buffers, jit
from cnnkit.kernels.cpu.machine.again.program import Program
from cnnkit.kernels.cpu.machine.again.roundtrip import Roundtrip, Work
from cnnkit.kernels.cpu.machine.rehearsal import is_rehearsing
from cnnkit.kernels.cpu.machine.steps import by_numpy
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.facts import Facts

# Bytes: less than the last-level caches of today have. Half as much, or half more, made no difference on a Zen 5.
NEAR = 24 << 20


def empty(shape: tuple[int, ...], dtype: DTypeLike = np.float32) -> Host:
    """An array whose numbers are left unspecified."""
    return buffers.empty(shape, dtype)


def zeros(shape: tuple[int, ...], dtype: DTypeLike = np.float32) -> Host:
    """An array of zeros: pages of the system's own, which take no memory until they are written to."""
    return buffers.zeros(shape, dtype)


def put(host: Host) -> Host:
    """These numbers where the kernels find them: the array itself, which is here already."""
    return host


def fetch(array: Host) -> Host:
    """The numbers as a NumPy array: the array itself, not a copy."""
    return array


def program(work: Callable[[Host], list[Host]], x: Host) -> Program | None:
    """work(x) by its kernels alone, for any x of the shape; None where that cannot be, or nothing was tried."""
    return None if is_rehearsing() else Program.of(work, x)


def roundtrip(work: Work, x: Host, read: Sequence[Host], changed: Sequence[Host]) -> Roundtrip | None:
    """work(x) and the way back by their kernels alone; None where that cannot be, or nothing was tried.

    work gives arrays and what makes gradients of theirs.   read: float32 that it reads.   changed: what it changes.
    """
    return None if is_rehearsing() else Roundtrip.of(work, x, read, changed)


def copy(array: Host) -> Host:
    """The same numbers in memory of their own."""
    twin = buffers.empty(array.shape, array.dtype)
    by_numpy(np.copyto, twin, array)
    return twin


def copy_into(target: Host, source: Host | Host) -> None:
    """Overwrite the numbers of `target`; a source of fewer axes, or of size 1 along some, is repeated along them."""
    by_numpy(np.copyto, target, source)


def channels(array: Host, first: int, count: int) -> Host:
    """Some channels of an array (..., C), as a place for results: a view."""
    return array[..., first : first + count]


def same_memory(a: Host, b: Host) -> bool:
    """Whether writing to one may change the other."""
    return np.may_share_memory(a, b)


def facts() -> Facts:
    """The processor's name and the memory that this process may still take; its peak is measured, not known."""
    return Facts(cpu_name(), available_memory(), None, near=NEAR)


def shapes_only() -> AbstractContextManager[object]:
    """Inside, kernels give results of the right shape and unspecified content: a way to walk through a net."""
    return jit.pass_over()


def prepare(walk: Callable[[], None]) -> Iterator[tuple[int, int, str, bool]]:
    """Load or compile every kernel that `walk` calls: (done, in all, name, was there) after each.

    The kernels that it calls do not run then. Within a walk that is being taken nothing is prepared.
    """
    if is_rehearsing():
        return
    with jit.rehearse() as walked:
        walk()
    for done, (entry, was_there) in enumerate(jit.prepare(walked), 1):
        yield done, len(walked), entry.name, was_there
