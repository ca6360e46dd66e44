"""The clock: functions timed in turn in one process, so that a slow spell of the machine hits all of them alike."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """Seconds that one call took: the middle, the shortest and the longest of all rounds."""

    median: float
    best: float
    worst: float
    rounds: int


def in_turn(
    functions: Sequence[Callable[[], object]], *, seconds: float = 2.0, least: int = 5, pause: float = 0.0
) -> list[Timing]:
    """Call the functions in turn, one untimed round and then for about `seconds` seconds, at least `least` rounds.

    `pause` seconds before each call let another library's threads, which go on spinning after its call, fall asleep.
    All have slept by then, so that an untimed call comes first: one picture after another is what is timed.
    """
    for function in functions:
        function()
    taken: list[list[float]] = [[] for _ in functions]
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(taken[0]) < least:
        for function, times in zip(functions, taken, strict=True):
            if pause:
                time.sleep(pause)
                function()
            start = time.perf_counter()
            function()
            times.append(time.perf_counter() - start)
    return [Timing(statistics.median(times), min(times), max(times), len(times)) for times in taken]


def once(function: Callable[[], object]) -> Timing:
    """One call, cold: what cannot be repeated."""
    start = time.perf_counter()
    function()
    taken = time.perf_counter() - start
    return Timing(taken, taken, taken, 1)
