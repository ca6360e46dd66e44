"""The clock: functions timed in turn in one process, so that a slow spell of the machine hits all of them alike."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

# The clock of a process is set forward once in 4 ms.
_LOOK = 0.005
# A call of so many seconds is not made twice for the sake of threads that it wakes, nor more than a few times.
LONG = 0.25


@dataclass(frozen=True)
class Timing:
    """Seconds that one call took: the middle, the shortest and the longest of all rounds.

    rested: the middle of the calls that came after a rest, if there were any.
    """

    median: float
    best: float
    worst: float
    rounds: int
    rested: float | None = None


def in_turn(
    functions: Sequence[Callable[[], object]], *, seconds: float = 2.0, least: int = 5, resting: bool = False
) -> list[Timing]:
    """Call the functions in turn, one untimed round and then for about `seconds` seconds, at least `least` rounds.

    resting: before each call wait until the threads of another library, which go on spinning after its call, are
    asleep. All have slept by then, so that a call comes first which counts by itself, as `rested`, and the next one is
    timed: one picture after another.
    """
    taken = []
    for function in functions:
        start = time.perf_counter()
        function()
        taken.append(time.perf_counter() - start)
    least = min(least, 3) if sum(taken) > LONG * len(functions) else least
    alone = [resting and seconds < LONG for seconds in taken]
    times: list[list[float]] = [[] for _ in functions]
    rested: list[list[float]] = [[] for _ in functions]
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times[0]) < least:
        for number, function in enumerate(functions):
            if resting:
                rest()
            for kept in [rested[number], times[number]] if alone[number] else [times[number]]:
                start = time.perf_counter()
                function()
                kept.append(time.perf_counter() - start)
    return [
        timing_of(kept, statistics.median(first or kept) if resting else None)
        for kept, first in zip(times, rested, strict=True)
    ]


def timing_of(seconds: Sequence[float], rested: float | None = None) -> Timing:
    """That of some calls."""
    return Timing(statistics.median(seconds), min(seconds), max(seconds), len(seconds), rested)


def rest(least: float = 0.01, most: float = 0.25) -> None:
    """Sleep until no thread of this process computes any more: ONNX Runtime's spin for 32 ms after a call."""
    end = time.perf_counter() + most
    time.sleep(least)
    while time.perf_counter() < end:
        before = time.process_time()
        time.sleep(_LOOK)
        if time.process_time() - before < _LOOK / 10:
            return
