"""Two decorators for all CPU kernels.

`@kernel` makes an entry: Python calls it with flat arrays and numbers, it shares its tasks among threads and returns
nothing. Its machine code is kept on disk (cache.py). `@inner` makes a function that only kernels call.

    with rehearse() as walked:            # entry kernels do not run, but are noted with their types
        step(batch)
    for entry, was_there in prepare(walked):    # now they are loaded or compiled, on all cores
        ...

Entries are specialised by the types of their arguments and by the tile shape their factory closes over, never by a
layer's size, so a second network adds next to no compile time.
"""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from cnnkit.kernels.cpu.machine import steps, threads
from cnnkit.kernels.cpu.machine.cache import KernelCache, distinguished
from cnnkit.kernels.cpu.machine.code import forked
from cnnkit.kernels.cpu.machine.code.entry import Entry
from cnnkit.kernels.cpu.machine.code.flags import FLAGS
from cnnkit.kernels.cpu.machine.code.kinds import Signature, kinds_of
from cnnkit.kernels.cpu.machine.code.settings import DISABLE_JIT
from cnnkit.kernels.cpu.machine.rehearsal import Note, noted
from cnnkit.kernels.shared.inner import Inner

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
        self.cache = KernelCache(self.function)
        self._made: dict[Signature, Entry] = {}
        self._entries: dict[Any, Entry] = {}  # by what is told faster than a signature
        KERNELS.append(self)

    def __call__(self, *args: Any) -> None:
        note = noted.get()
        if note is not None:
            note(self, args)
        else:
            entry = self._interpreted if DISABLE_JIT else self._entry(args)
            threads.launch(entry, args)
            if (step := steps.noted.get()) is not None:
                step(entry, args)

    def _interpreted(self, *args: Any) -> None:
        with np.errstate(all="ignore"):  # compiled code does not warn of infinities either
            self.function(*args)

    def _entry(self, args: tuple[Any, ...]) -> Entry:
        """The machine code for arguments of these types."""
        kinds = tuple([_kind(arg) for arg in args])
        entry = self._entries.get(kinds)
        if entry is None:
            signature = kinds_of(args)
            self.prepare(signature)
            entry = self._entries[kinds] = self._made[signature]
        return entry

    def prepare(self, signature: Signature) -> bool:
        """Load or compile for these types; whether it was there already."""
        if DISABLE_JIT:
            return True
        with _one_at_a_time:
            before = self.cache.compiled
            if signature not in self._made:
                self._made[signature] = Entry(self.name, self.cache.address(signature), signature)
            return self.cache.compiled == before

    def is_there(self, signature: Signature) -> bool:
        """Whether nothing need be compiled for these types, unless a file is damaged."""
        return bool(DISABLE_JIT) or signature in self._made or self.cache.holds(signature)

    @property
    def specialisations(self) -> int:
        """Signatures loaded or compiled in this process."""
        return len(self._made)

    def __repr__(self) -> str:
        return f"<kernel {self.name}>"


# Of the Python threads that need machine code, one gets it, the others find it then.
_one_at_a_time = threading.RLock()


def _after_fork() -> None:
    global _one_at_a_time
    _one_at_a_time = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _kind(value: Any) -> Any:
    """What tells the types of these values apart. The fields of a named tuple have one type each."""
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
    return Inner(distinguished(function), FLAGS)


def inlined(function: Callable[..., Any]) -> Any:
    """As `inner`, for a small function in a hot loop: a call would pass each array as seven numbers."""
    return Inner(distinguished(function), {**FLAGS, "forceinline": True})


@contextmanager
def rehearse() -> Iterator[Recorded]:
    """Inside, entry kernels called by this Python thread do not run but are noted; results are left unspecified."""
    walked: Recorded = {}

    def note(entry: Kernel, args: tuple[Any, ...]) -> None:
        walked[entry, kinds_of(args)] = None

    with _told_to(note):
        yield walked


def prepare(walked: Recorded) -> Iterator[tuple[Kernel, bool]]:
    """Load or compile each for its types, and tell whether it was there: first those that were.

    Then those of a factory, whose tiles are written out: they take longest, and many work at once (code/forked.py).
    """
    missing = []
    for entry, signature in walked:
        if entry.is_there(signature):
            yield entry, entry.prepare(signature)
        else:
            missing.append((entry, signature))
    missing.sort(key=lambda pair: pair[0].function.__closure__ is None)
    jobs: list[Callable[[], object]] = [partial(entry.prepare, signature) for entry, signature in missing]
    jobs += threads.to_compile() if missing else []
    numbers: Iterable[int] = range(len(jobs))
    if children := forked.children_for(len(jobs), threads.get_threads()):
        import_module("cnnkit.kernels.cpu.machine.code.compiler")  # once for all
        numbers = forked.in_company(len(jobs), lambda number: jobs[number](), children)
    for number in numbers:
        jobs[number]()
        if number < len(missing):
            yield missing[number][0], False


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
