"""What is measured: a case is a piece of real work with its operations counted and its answer checkable."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Case:
    """One line of a benchmark.

    name: begins with the network's or layer's name.
    run: the work, on buffers made beforehand.
    check: raises CheckFailed where the answer is wrong; called once before the clock starts.
    flop: floating point operations of the textbook's algorithm, None where memory is what bounds the work.
    speedup: how many of them the algorithm in use may save (Winograd, 3x3 filters: 4), so that a figure above
        `speedup` times the machine's peak is known to be wrong.
    rivals: the same work in another library, by the library's name; called with the number of threads, each gives
        functions (one a memory layout) of which the fastest counts.
    quick: part of a plain `cnnkit bench`.
    moved: bytes that it reads and writes at least, where memory is what bounds the work and they are counted.
    """

    name: str
    run: Callable[[], object]
    check: Callable[[], None]
    flop: float | None = None
    speedup: float = 1.0
    rivals: Mapping[str, Callable[[int], Sequence[Callable[[], object]]]] = field(default_factory=dict)
    quick: bool = False
    moved: float | None = None


@dataclass(frozen=True)
class Titled:
    """A case that takes long to make, and whose name is known before."""

    name: str
    make: Callable[[], Case]

    def __call__(self) -> Case:
        return self.make()
