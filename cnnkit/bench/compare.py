"""Run cases: check the answer, time ours and the others in turn, and refuse what cannot be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from cnnkit import kernels
from cnnkit.bench import start
from cnnkit.bench.cases import Case, Titled
from cnnkit.bench.result import Result
from cnnkit.bench.rivals.known import NAMES, available
from cnnkit.bench.roof import fma_peak
from cnnkit.bench.suites import SUITES, cases
from cnnkit.bench.timer import in_turn
from cnnkit.errors import CheckFailed, UsageError

# Clocks of one CPU differ from second to second; a figure this far above the peak is an error of the measurement.
TOLERANCE = 1.1


def run(
    suites: Sequence[str],
    *,
    against: Sequence[str] = (),
    threads: int = 1,
    seconds: float = 1.0,
    quick: bool = False,
    only: str = "",
) -> Iterator[Result]:
    """Measure every case of `suites` whose name contains `only`, about `seconds` a contender, a result at a time."""
    for name in against:
        if name not in NAMES:
            raise UsageError(f"--against {name}: expected {', '.join(NAMES[:-1])} or {NAMES[-1]}.")
        if not available(name):
            raise UsageError(f"--against {name}: it is not installed in this environment. Install it or leave it out.")
    unknown = [suite for suite in suites if suite not in SUITES]
    if unknown:
        raise UsageError(f"There is no suite {unknown[0]!r}, expected one of {', '.join(SUITES)}.")
    with kernels.use(threads=threads):
        peak = fma_peak(threads)
        for suite in suites:
            if suite == "start":
                yield from (measured() for title, measured in start.measures(threads, against) if only in title)
                continue
            for make in cases(suite, quick=quick):
                if isinstance(make, Titled) and only not in make.name:
                    continue
                case = make()
                if only in case.name:
                    yield measure_case(case, against, threads, seconds, peak)


def measure_case(case: Case, against: Sequence[str], threads: int, seconds: float, peak: float) -> Result:
    """One case, checked first; `peak` in GFLOP/s of `threads` threads."""
    case.check()
    rivals = {name: _fastest(case.rivals[name](threads), seconds) for name in against if name in case.rivals}
    functions = [case.run, *rivals.values()]
    ours, *theirs = in_turn(functions, seconds=seconds * len(functions), resting=bool(rivals))
    gflops = None if case.flop is None else case.flop / ours.median / 1e9
    if gflops is not None and gflops > TOLERANCE * case.speedup * peak:
        raise CheckFailed(
            f"{case.name}: {gflops:.0f} GFLOP/s is more than this machine can do ({peak:.0f} GFLOP/s of multiply-adds"
            f" x {case.speedup:g} saved by the algorithm). The figure is refused: the clock or the count is wrong."
        )
    others = dict(zip(rivals, theirs, strict=True))
    return Result(
        case=case.name,
        backend=kernels.backend(),
        threads=threads,
        ms=ours.median * 1e3,
        best_ms=ours.best * 1e3,
        worst_ms=ours.worst * 1e3,
        gflops=gflops,
        peak_fraction=None if gflops is None else gflops / peak,
        against={name: timing.median / ours.median for name, timing in others.items()},
        against_ms={name: timing.median * 1e3 for name, timing in others.items()},
        rested_ms=None if ours.rested is None else ours.rested * 1e3,
        against_rested_ms={name: timing.rested * 1e3 for name, timing in others.items() if timing.rested is not None},
        precision=kernels.precision(),
    )


def _fastest(ways: Sequence[Callable[[], object]], seconds: float) -> Callable[[], object]:
    """The best way of a rival, found beforehand: in one turn another layout would write into its warm results."""
    if len(ways) == 1:
        return ways[0]
    timings = in_turn(ways, seconds=seconds * len(ways) / 2, resting=True)
    return min(zip(timings, ways, strict=True), key=lambda pair: pair[0].median)[1]
