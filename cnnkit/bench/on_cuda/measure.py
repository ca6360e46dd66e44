"""The suites on a device: each answer checked, then timed by the device's own clock beside torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from cnnkit import kernels
from cnnkit.bench import suites
from cnnkit.bench.cases import Case, Titled
from cnnkit.bench.result import Result
from cnnkit.bench.rivals.known import as_precise, available
from cnnkit.bench.timer import Timing
from cnnkit.errors import CheckFailed, UsageError

if TYPE_CHECKING:
    from cnnkit.bench.on_cuda.roof import Roof

# "start" is told of by whole processes, in which a device has no clock of its own.
SUITES = tuple(name for name in suites.SUITES if name != "start")
# A figure this far above the measured roof is an error of the clock or of the count.
TOLERANCE = 1.1
# TF32 multiplies on other units, whose roof is not measured: on no chip are they more than this many times as fast.
TENSOR = 16.0
# Whole detectors: by which of two boxes that overlap is kept, hangs on the last digits of their scores.
WHOLE = "boxes, predict"
LEFT_OUT = f"Not measured in tf32 are whole detectors ({WHOLE}): ten digits do not tell which of two boxes is kept."

Clock = Callable[..., list[Timing]]


def run(
    wanted: Sequence[str], *, against: Sequence[str] = (), seconds: float = 0.5, quick: bool = False, only: str = ""
) -> Iterator[Result]:
    """Measure each case of these suites whose name contains `only`, about `seconds` a contender, a result at a time."""
    if unknown := [suite for suite in wanted if suite not in SUITES]:
        raise UsageError(f"The suite {unknown[0]!r} is not measured on a device. There are: {', '.join(SUITES)}.")
    if others := [name for name in against if name != "torch"]:
        raise UsageError(f"--against {others[0]}: on a device torch alone is measured beside cnnkit.")
    if "torch" in against and not (available("torch") and as_precise()):
        raise UsageError("--against torch: torch is not installed here, or sees no CUDA device. Leave it out.")
    # Late: both need the extra.
    from cnnkit.bench.on_cuda.clock import in_turn
    from cnnkit.bench.on_cuda.roof import roof

    for suite in wanted:
        for make in suites.cases(suite, quick=quick):
            if isinstance(make, Titled) and (only not in make.name or is_left_out(make.name)):
                continue
            case = make()
            if only in case.name:
                yield measure_case(case, against, seconds, roof(), in_turn)


def is_left_out(case: str) -> bool:
    """Whether a case of that name is not measured in the precision in use: see LEFT_OUT."""
    return kernels.precision() == "tf32" and WHOLE in case


def measure_case(case: Case, against: Sequence[str], seconds: float, most: Roof, clock: Clock) -> Result:
    """One case, checked first.   clock: as `on_cuda.clock.in_turn`."""
    case.check()
    rivals = {}
    for name in (name for name in against if name in case.rivals):
        with suppress(RuntimeError):  # torch's own, of what it cannot do there: the case has no such row then
            rivals[name] = _fastest(case.rivals[name](1), seconds, clock)
    functions = [case.run, *rivals.values()]
    ours, *theirs = clock(functions, seconds=seconds * len(functions))
    gflops = None if case.flop is None else case.flop / ours.median / 1e9
    units = TENSOR if kernels.precision() == "tf32" else 1.0
    if gflops is not None and gflops > TOLERANCE * units * most.gflops:
        raise CheckFailed(
            f"{case.name}: {gflops:.0f} GFLOP/s is more than this device can do ({most.gflops:.0f} GFLOP/s of "
            "multiply-adds). The figure is refused: the clock or the count is wrong."
        )
    share = None if gflops is None else gflops / most.gflops
    if case.moved is not None:
        share = case.moved / ours.median / 1e9 / most.gbytes
    others = dict(zip(rivals, theirs, strict=True))
    return Result(
        case=case.name,
        backend=kernels.backend(),
        threads=1,
        ms=ours.median * 1e3,
        best_ms=ours.best * 1e3,
        worst_ms=ours.worst * 1e3,
        gflops=gflops,
        peak_fraction=share,
        against={name: timing.median / ours.median for name, timing in others.items()},
        against_ms={name: timing.median * 1e3 for name, timing in others.items()},
        precision=kernels.precision(),
    )


def _fastest(ways: Sequence[Callable[[], object]], seconds: float, clock: Clock) -> Callable[[], object]:
    """The best way of a rival, found beforehand."""
    if len(ways) == 1:
        return ways[0]
    timings = clock(ways, seconds=seconds * len(ways) / 2)
    return min(zip(timings, ways, strict=True), key=lambda pair: pair[0].median)[1]
