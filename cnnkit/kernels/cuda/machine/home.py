"""Where the arrays of these kernels live: the memory of a CUDA device."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager
from functools import lru_cache, partial, wraps
from math import prod
from typing import Any, ParamSpec, TypeVar

import numpy as np
from numpy.typing import DTypeLike

from cnnkit.errors import DeviceError, ShapeError
from cnnkit.kernels.cuda.machine import rehearsal
from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.axes import broadcast, strides_of
from cnnkit.kernels.cuda.machine.launch import Kernel, chip, signature_of
from cnnkit.kernels.cuda.machine.move import move
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.facts import Facts

# Steps that may be on their way before a loss is read.
LAG = 2
P = ParamSpec("P")
T = TypeVar("T")


def empty(shape: tuple[int, ...], dtype: DTypeLike = np.float32) -> DeviceArray:
    """An array whose numbers are left unspecified; in a walk through shapes it has no memory."""
    shape = tuple(int(n) for n in ((shape,) if isinstance(shape, int | np.integer) else shape))
    kind = np.dtype(dtype)
    flat = None if rehearsal.is_rehearsing() else chip.take(prod(shape), kind)
    return DeviceArray(flat, shape, kind)


def zeros(shape: tuple[int, ...], dtype: DTypeLike = np.float32) -> DeviceArray:
    """An array of zeros."""
    array = _kept(tuple(shape), np.dtype(dtype))
    chip.clear(array.flat)
    return array


def put(host: Host) -> DeviceArray:
    """These numbers where the kernels find them: a copy on the device."""
    if not isinstance(host, np.ndarray):
        raise DeviceError(f"What is brought to a CUDA device is an array of NumPy's, not {type(host).__name__}.")
    array = _kept(host.shape, host.dtype)
    chip.upload(array.flat, np.ascontiguousarray(host).reshape(-1))
    return array


def fetch(array: DeviceArray) -> Host:
    """The numbers as a NumPy array, a copy; this waits for all that is being computed."""
    if not array.has_memory:
        return np.zeros(array.shape, array.dtype)  # of a walk, where they are unspecified
    if not array.whole:
        array = copy(array)
    return chip.download(array.flat).reshape(array.shape)


def fetch_later(array: DeviceArray) -> Callable[[], Host]:
    """As `fetch`, but sent for now, and waited for when what is returned is called: later work is not waited for."""
    if not array.has_memory:
        return partial(fetch, array)
    read, shape = chip.download_later((array if array.whole else copy(array)).flat), array.shape
    return lambda: read().reshape(shape)


def kept(most: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Decorate what makes a table of some hashable arguments: the last `most` are found again, on the device in use.

    A process may use one device after another, and memory of one is no other's: so the device is part of the question.
    """

    def decorated(make: Callable[P, T]) -> Callable[P, T]:
        @lru_cache(maxsize=most)
        def made(device: int, *args: Hashable) -> T:
            return make(*args)  # type: ignore[arg-type, call-arg]  # as they were given

        @wraps(make)
        def found(*args: P.args, **options: P.kwargs) -> T:
            return made(chip.selected(), *args)

        return found

    return decorated


def copy(array: DeviceArray) -> DeviceArray:
    """The same numbers in memory of their own."""
    twin = empty(array.shape, array.dtype) if not array.has_memory else _kept(array.shape, array.dtype)
    if array.has_memory:
        if array.whole:
            chip.copy(twin.flat, array.flat)
        else:
            move(array, twin, array.shape, strides_of(array), strides_of(twin))
    return twin


def copy_into(target: DeviceArray, source: DeviceArray | Host) -> None:
    """Overwrite the numbers of `target`; a source of fewer axes, or of size 1 along some, is repeated along them."""
    if isinstance(source, np.ndarray):
        if target.whole and target.has_memory:
            chip.upload(target.flat, np.broadcast_to(source, target.shape).astype(target.dtype).reshape(-1))
            return
        source = put(source.astype(target.dtype))
    if target.whole and source.whole and (target.shape, target.dtype) == (source.shape, source.dtype):
        if not rehearsal.is_rehearsing():
            chip.copy(target.flat, source.flat)
        return
    move(source, target, target.shape, broadcast(source, target.shape), strides_of(target))


def channels(array: DeviceArray, first: int, count: int) -> DeviceArray:
    """Some channels of an array (..., C), as a place for results: a view."""
    if not 0 <= first <= first + count <= array.shape[-1]:
        raise ShapeError(f"There are no channels {first} to {first + count} in an array of shape {array.shape}.")
    shape = (*array.shape[:-1], count)
    numbers = (prod(shape[:-1]) - 1) * array.step + count if prod(shape) else 0
    flat = chip.part(array.flat, first, numbers) if array.has_memory else None
    return DeviceArray(flat, shape, array.dtype, array.step)


def same_memory(a: DeviceArray, b: DeviceArray) -> bool:
    """Whether writing to one may change the other."""
    return a is b or (a.has_memory and b.has_memory and chip.overlap(a.flat, b.flat))


def facts() -> Facts:
    """The device's name, what its memory has left and how fast it multiplies and adds at most."""
    found = chip.facts()
    return Facts(found["name"], found["memory"], found["peak"], lag=LAG)


def shapes_only() -> AbstractContextManager[None]:
    """Inside, kernels give results of the right shape, without memory: a way to walk through a net."""
    return rehearsal.told_to(lambda kernel, args: None)


def prepare(walk: Callable[[], None]) -> Iterator[tuple[int, int, str, bool]]:
    """Compile every kernel that `walk` calls: (done, in all, name, was there) after each.

    The kernels that it calls do not run then. One that these kernels lack is told by its name, before any work.
    """
    if rehearsal.is_rehearsing():
        return
    walked: dict[tuple[Kernel, tuple[Any, ...]], None] = {}
    with rehearsal.told_to(lambda kernel, args: walked.setdefault((kernel, signature_of(args)))):
        walk()
    for done, (kernel, signature) in enumerate(walked, 1):
        yield done, len(walked), kernel.name, kernel.prepare(signature)


def _kept(shape: tuple[int, ...], dtype: np.dtype[Any]) -> DeviceArray:
    """An array with memory, also in a walk: it may outlive that."""
    return DeviceArray(chip.take(prod(shape), dtype), shape, dtype)
