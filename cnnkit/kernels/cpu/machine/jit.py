"""Two decorators for all CPU kernels.

`@kernel` makes an entry: Python calls it with flat arrays and numbers, it shares its tasks among threads and returns
nothing. Its machine code is kept on disk (cache.py). `@inner` makes a function that only kernels call.

    with rehearse() as walked:            # entry kernels do not run, but are noted with their types
        step(batch)
    for entry, signature in walked:       # now they are loaded or compiled, one after the other
        entry.prepare(signature)

Entries are specialised by the types of their arguments and by the tile shape their factory closes over, never by a
layer's size, so a second network adds next to no compile time.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NamedTuple

import numba
import numpy as np
from numba.core import config

from cnnkit.kernels.cpu.machine import steps, threads
from cnnkit.kernels.cpu.machine.cache import KernelCache, distinguished
from cnnkit.kernels.cpu.machine.flags import ENTRY, INNER
from cnnkit.kernels.cpu.machine.rehearsal import Note, noted

Signature = tuple[Any, ...]
Recorded = dict[tuple["Kernel", Signature], None]

KERNELS: list["Kernel"] = []


class Statistics(NamedTuple):
    """Entry kernels compiled and loaded from disk by this process, and the seconds both took."""

    compiled: int
    loaded: int
    seconds: float


class Kernel:
    """An entry kernel."""

    def __init__(self, function: Callable[..., None], name: str) -> None:
        self.name, self.function = name, distinguished(function)
        self.cache = KernelCache(function)
        self.dispatcher: Any = numba.njit(**ENTRY)(function)
        if not config.DISABLE_JIT:
            self.dispatcher._cache = self.cache
        self._entries: dict[Any, Callable[..., None]] = {}
        KERNELS.append(self)

    def __call__(self, *args: Any) -> None:
        note = noted.get()
        if note is not None:
            note(self, args)
        else:
            entry = self._interpreted if config.DISABLE_JIT else self._compiled(args)
            threads.launch(entry, args)
            if (step := steps.noted.get()) is not None:
                step(entry, args)

    def _interpreted(self, *args: Any) -> None:
        with np.errstate(all="ignore"):  # compiled code does not warn of infinities either
            self.function(*args)

    def _compiled(self, args: tuple[Any, ...]) -> Callable[..., None]:
        """The machine code for arguments of these types.

        Numba's dispatcher finds it too, but asks each named tuple for its type anew: 12 us of a convolution's call.
        """
        kinds = tuple([_kind(arg) for arg in args])
        entry = self._entries.get(kinds)
        if entry is None:
            signature = tuple(numba.typeof(arg) for arg in args)
            self.prepare(signature)
            entry = self._entries[kinds] = self.dispatcher.overloads[signature].entry_point
        return entry

    def prepare(self, signature: Signature) -> bool:
        """Load or compile for these types; whether it was there already."""
        if config.DISABLE_JIT:
            return True
        before = self.cache.compiled
        self.dispatcher.compile(signature)
        return self.cache.compiled == before

    @property
    def specialisations(self) -> int:
        """Signatures loaded or compiled in this process."""
        return 0 if config.DISABLE_JIT else len(self.dispatcher.overloads)

    def __repr__(self) -> str:
        return f"<kernel {self.name}>"


def _kind(value: Any) -> Any:
    """What tells Numba's types of these values apart. The fields of a named tuple have one type each."""
    kind = type(value)
    if kind is np.ndarray:
        return value.dtype.char, value.ndim, value.flags.carray
    return kind if kind is not tuple else tuple(map(type, value))


def kernel(function: Callable[..., None] | None = None, *, name: str = "") -> Any:
    """Decorate an entry kernel; kernels of a factory give a name that tells them apart."""
    if function is None:
        return lambda f: kernel(f, name=name)
    return Kernel(function, name or function.__name__)


def inner(function: Callable[..., Any]) -> Any:
    """Decorate a function that kernels call."""
    return numba.njit(**INNER)(distinguished(function))


def inlined(function: Callable[..., Any]) -> Any:
    """As `inner`, for a small function in a hot loop: a call would pass each array as seven numbers."""
    return numba.njit(forceinline=True, **INNER)(distinguished(function))


@contextmanager
def rehearse() -> Iterator[Recorded]:
    """Inside, entry kernels called by this Python thread do not run but are noted; results are left unspecified."""
    walked: Recorded = {}

    def note(entry: Kernel, args: tuple[Any, ...]) -> None:
        walked[entry, tuple(numba.typeof(arg) for arg in args)] = None

    with _told_to(note):
        yield walked


def pass_over() -> AbstractContextManager[None]:
    """As `rehearse`, where nobody asks which kernels: to find out types would take half of such a walk."""
    return _told_to(lambda entry, args: None)


@contextmanager
def _told_to(note: Note) -> Iterator[None]:
    """NumPy does not warn of results: whatever bits lie in the memory may be infinite or no number at all."""
    token = noted.set(note)
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        noted.reset(token)


def statistics() -> Statistics:
    """What has been compiled and loaded so far."""
    caches = [entry.cache for entry in KERNELS]
    return Statistics(sum(c.compiled for c in caches), sum(c.loaded for c in caches), sum(c.seconds for c in caches))


def specialisations(prefix: str = "") -> dict[str, int]:
    """Signatures by kernel name, for kernels whose name begins so."""
    return {entry.name: entry.specialisations for entry in KERNELS if entry.name.startswith(prefix)}
