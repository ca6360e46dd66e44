"""The device's own clock: events in its stream, before and after some calls, so that Python's time is not in them.

Calls are put behind work that keeps the device busy while Python launches them; else a kernel of 20 us would be found
to take as long as its launch. What another library launches in the same stream, the default one, is timed alike.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

from cnnkit import kernels
from cnnkit.bench.timer import Timing, timing_of
from cnnkit.kernels.cuda.machine import measured
from cnnkit.kernels.cuda.machine.launch import THREADS, chip

# Seconds that the calls between two events take together, at least about, and how many calls there may be.
TOGETHER, MOST_CALLS = 0.002, 50
# Of the work that they are put behind: one block of it takes some 0.07 us a step.
BUSY_STEPS = 40_000

Call = Callable[[], object]


def in_turn(functions: Sequence[Call], *, seconds: float, least: int = 5) -> list[Timing]:
    """Call the functions in turn, for about `seconds` seconds and at least `least` rounds; what a call of each took."""
    together = [_together(function) for function in functions]
    times: list[list[float]] = [[] for _ in functions]
    waits = kernels.home().empty((THREADS,))
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times[0]) < least:
        for kept, function, count in zip(times, functions, together, strict=True):
            measured.multiply_add(waits, BUSY_STEPS if chip.TIMES else 1)
            kept.append(_between(function, count))
    return [timing_of(kept) for kept in times]


def _together(function: Call) -> int:
    """How many calls are timed as one. The first compiles."""
    function()
    chip.wait()
    begun = time.perf_counter()
    function()
    chip.wait()
    once = time.perf_counter() - begun
    return min(MOST_CALLS, max(1, round(TOGETHER / max(once, 1e-9))))


def _between(function: Call, count: int) -> float:
    first: Any = chip.mark()
    for _ in range(count):
        function()
    seconds: float = chip.seconds_between(first, chip.mark())
    return seconds / count
