"""Calls of kernels in a row, as one call: no Python between them, and Python's lock is let go of and taken once.

    chain = Chain([(entry, args), ...])
    chain()

To call a kernel from Python takes a microsecond and half of one to hand it arguments that were made words before; a
network of a hundred small kernels is done in a tenth of a millisecond.
"""

from collections.abc import Callable, Sequence
from functools import cache
from itertools import groupby
from typing import Any, final

import numpy as np

from cnnkit.kernels.cpu.machine.code.entry import Entry
from cnnkit.kernels.cpu.machine.code.later import later
from cnnkit.kernels.cpu.machine.crew import code

Call = tuple[Callable[..., Any], tuple[Any, ...]]

ask, load, store = later("cnnkit.kernels.cpu.machine.crew.words", "ask load store")


def run_chain(table, count):
    """Call the functions at the addresses in words 1, 3, …, each with the next word; tell in word 0 who raised."""
    for number in range(count):
        place = table + 8 + 16 * number
        if ask(load(place), load(place + 8)) != 0:
            store(table, number + 1)
            return


@cache
def _run_chain() -> Entry:
    return code.compiled(run_chain, 2)


@final
class Chain:
    """calls: kernels, and arguments of the types that they were made for. Arrays stay where they are."""

    def __init__(self, calls: Sequence[tuple[Entry, tuple[Any, ...]]]) -> None:
        self._calls = list(calls)
        self._words = [np.frombuffer(entry.words(args), np.int64) for entry, args in calls]
        self._table = np.zeros(1 + 2 * len(calls), np.int64)
        self._table[1::2] = [entry.address for entry, _ in calls]
        self._table[2::2] = [words.ctypes.data for words in self._words]
        self._run = _run_chain().bound((self._table.ctypes.data, len(self._calls)))

    def __call__(self) -> None:
        self._run()
        if failed := self._table[0]:
            self._table[0] = 0
            entry, args = self._calls[failed - 1]
            raise RuntimeError(f"the kernel {entry.name} raised an error, given {args}")


def chained(calls: Sequence[Call]) -> list[Callable[[], Any]]:
    """The same calls: kernels that follow each other as chains, what is Python's own by itself."""
    found: list[Callable[[], Any]] = []
    for is_entry, some in groupby(calls, lambda call: isinstance(call[0], Entry)):
        if is_entry:
            found.append(Chain(list(some)))  # type: ignore[arg-type]
        else:
            found += [_again(function, args) for function, args in some]
    return found


def _again(function: Callable[..., Any], args: tuple[Any, ...]) -> Callable[[], Any]:
    return lambda: function(*args)
