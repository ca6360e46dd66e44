"""Where does a training step's time go? By kernel, by operation there and back, and what Python takes between.

python benchmarks/where.py resnet20 128 32 --threads 2

Every kernel is timed from its call on, every operation with its kernels; what remains of the step is Python. The clock
is asked twice a kernel, which costs a microsecond or two of the 20 that Python takes for it.
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from cnnkit import kernels, optim
from cnnkit.autograd import Function
from cnnkit.bench.network_cases.scores import train_case
from cnnkit.kernels.cpu.machine import jit

Clock = dict[tuple[str, str], list[float]]


class Watch:
    """Seconds of every call, by (what, name)."""

    def __init__(self) -> None:
        self.seconds: Clock = defaultdict(list)

    def watched(self, what: str, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **options: Any) -> Any:
            start = time.perf_counter()
            try:
                return function(*args, **options)
            finally:
                self.seconds[what, name].append(time.perf_counter() - start)

        return run


def functions(of: type[Function] = Function) -> list[type[Function]]:
    return [of, *(found for each in of.__subclasses__() for found in functions(each))]


def watch(clock: Watch) -> None:
    """Put the clock around every kernel, operation and update of this process."""
    call = jit.Kernel.__call__

    def timed(entry: Any, *args: Any) -> None:
        clock.watched("kernel", entry.name, call)(entry, *args)

    jit.Kernel.__call__ = timed  # type: ignore[method-assign]
    for function in functions()[1:]:
        for way in ("forward", "backward"):
            if way in vars(function):
                done = clock.watched(way, function.__name__.strip("_"), getattr(function, way))
                setattr(function, way, staticmethod(done))
    optim.SGD.step = clock.watched("update", "SGD", optim.SGD.step)  # type: ignore[method-assign]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("batch", type=int)
    parser.add_argument("side", type=int)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    clock = Watch()
    with kernels.use(threads=options.threads):
        case = train_case(options.name, options.batch, options.side)
        case.run()
        watch(clock)
        for _ in range(2):
            case.run()
        clock.seconds.clear()
        steps, whole = 0, 0.0
        while whole < options.seconds or steps < 3:
            start = time.perf_counter()
            case.run()
            whole += time.perf_counter() - start
            steps += 1
    report(clock.seconds, steps, whole)


def report(seconds: Clock, steps: int, whole: float) -> None:
    """Milliseconds and calls of one step."""
    by_kernel = sum(sum(taken) for (what, _), taken in seconds.items() if what == "kernel")
    calls = sum(len(taken) for (what, _), taken in seconds.items() if what == "kernel") // steps
    print(f"a step {whole / steps * 1e3:.2f} ms: kernels {by_kernel / steps * 1e3:.2f} ms in {calls} calls")
    for kind in ("kernel", "forward", "backward", "update"):
        rows = {name: taken for (what, name), taken in seconds.items() if what == kind}
        print(f"{kind}: {sum(map(sum, rows.values())) / steps * 1e3:.2f} ms")
        for name, taken in sorted(rows.items(), key=lambda row: -sum(row[1])):
            ms = sum(taken) / steps * 1e3
            if ms > 0.003 * whole / steps * 1e3:
                print(f"    {name:40} {ms:9.3f} ms  {len(taken) // steps:4} calls  {ms * steps / whole / 10:5.1f} %")


if __name__ == "__main__":
    main()
