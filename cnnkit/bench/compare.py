"""Run cases: check the answer, time ours and the others in turn, and refuse what cannot be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from cnnkit import kernels
from cnnkit.bench import start
from cnnkit.bench.cases import Case
from cnnkit.bench.result import Result
from cnnkit.bench.rivals import NAMES, available
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
            raise UsageError(f"--against {name}: expected {' or '.join(NAMES)}.")
        if not available(name):
            raise UsageError(f"--against {name}: it is not installed in this environment. Install it or leave it out.")
    unknown = [suite for suite in suites if suite not in SUITES]
    if unknown:
        raise UsageError(f"There is no suite {unknown[0]!r}, expected one of {', '.join(SUITES)}.")
    with kernels.use(threads=threads):
        peak = fma_peak(threads)
        for suite in suites:
            if suite == "start":
                yield from (result for result in start.measure(threads) if only in result.case)
                continue
            for make in cases(suite, quick=quick):
                case = make()
                if only in case.name:
                    yield measure_case(case, against, threads, seconds, peak)


def measure_case(case: Case, against: Sequence[str], threads: int, seconds: float, peak: float) -> Result:
    """One case, checked first; `peak` in GFLOP/s of `threads` threads."""
    case.check()
    pause = 0.01 if against and threads > 1 else 0.0
    rivals = {name: _fastest(case.rivals[name](threads), seconds, pause) for name in against if name in case.rivals}
    functions = [case.run, *rivals.values()]
    ours, *theirs = in_turn(functions, seconds=seconds * len(functions), pause=pause)
    gflops = None if case.flop is None else case.flop / ours.median / 1e9
    if gflops is not None and gflops > TOLERANCE * case.speedup * peak:
        raise CheckFailed(
            f"{case.name}: {gflops:.0f} GFLOP/s is more than this machine can do ({peak:.0f} GFLOP/s of multiply-adds"
            f" x {case.speedup:g} saved by the algorithm). The figure is refused: the clock or the count is wrong."
        )
    others = {name: timing.median for name, timing in zip(rivals, theirs, strict=True)}
    return Result(
        case=case.name,
        backend=kernels.backend(),
        threads=threads,
        ms=ours.median * 1e3,
        best_ms=ours.best * 1e3,
        worst_ms=ours.worst * 1e3,
        gflops=gflops,
        peak_fraction=None if gflops is None else gflops / peak,
        against={name: median / ours.median for name, median in others.items()},
        against_ms={name: median * 1e3 for name, median in others.items()},
        precision=kernels.precision(),
    )


def _fastest(layouts: Sequence[Callable[[], object]], seconds: float, pause: float) -> Callable[[], object]:
    """The best memory layout of a rival, found beforehand: in one turn it would write into the other's warm results."""
    if len(layouts) == 1:
        return layouts[0]
    timings = in_turn(layouts, seconds=seconds * len(layouts) / 2, pause=pause)
    return min(zip(timings, layouts, strict=True), key=lambda pair: pair[0].median)[1]
