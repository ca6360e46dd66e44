"""Measure what calls on CUDA take Python, in this checkout beside another one, in turn, by a driver that is pretended.

git worktree add ../before e174636
python benchmarks/launches.py ../before --as launches

Nothing is computed (`tests/kernels/cuda/pretended`), so there is no answer to check and no time of a device: what is
left is shapes, memory, arguments and the launch. That a launch is given the right bytes is a test's
(`tests/kernels/cuda/test_launch.py`). The extra `cuda` and a C compiler are needed. Kept is as in `beside.py`.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from sides import Measured, compared, keep_beside

from cnnkit import kernels
from cnnkit.cli.show.machine import machine_facts
from cnnkit.kernels.shared.geometry import Window

HERE = Path(__file__).resolve().parents[1]
DRIVER = HERE / "tests" / "kernels" / "cuda" / "pretended" / "driver.c"
CALLS, REPEATS = 100, 30  # calls that are timed as one, and how often


def measure() -> dict[str, float]:
    """Microseconds of a call, the least of all repeats, in the checkout that Python finds."""
    found = {}
    with kernels.use(backend="cuda"):
        k, same = kernels.home(), Window(1, 1, 1, 1, 1, 1)
        x, w, b = (k.put(np.ones(s, np.float32)) for s in ((8, 16, 16, 32), (3, 3, 32, 32), (32,)))
        calls = {
            "add": lambda: k.add(x, 1.0),
            "activate": lambda: k.activate(x, kernels.RELU),
            "conv2d": lambda: k.conv2d(x, w, same, bias=b),
            "conv2d_dw": lambda: k.conv2d_dw(x, x, w.shape, same),
            "max_pool2d": lambda: k.max_pool2d(x, (2, 2), Window(2, 2)),
        }
        for name, call in calls.items():
            call()
            times = []
            for _ in range(REPEATS):
                begun = time.perf_counter()
                for _ in range(CALLS):
                    call()
                times.append(time.perf_counter() - begun)
            found[name] = 1e6 * min(times) / CALLS
    return found


def in_turn(before: Path, rounds: int) -> Measured:
    """For each call, of "before" and "now", the microseconds of each round."""
    measured: Measured = {}
    with tempfile.TemporaryDirectory() as folder:
        library = str(Path(folder) / "libcuda.so.1")
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, str(DRIVER), "-ldl"], check=True)
        for number in range(rounds):
            sides = [("before", before.resolve()), ("now", HERE)]
            for side, checkout in sides[:: 1 if number % 2 == 0 else -1]:
                environment = {**os.environ, "PYTHONPATH": str(checkout), "LD_LIBRARY_PATH": folder}
                command = [sys.executable, __file__, "--once"]
                done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, text=True)
                for name, taken in json.loads(done.stdout).items():
                    measured.setdefault(name, {}).setdefault(side, []).append(taken)
    return measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path, nargs="?", help="another checkout")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--as", dest="name", help="keep the figures under results/CPU/beside/NAME.json")
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.once:
        print(json.dumps(measure()))
        return
    cases = compared(in_turn(options.before, options.rounds), unit="us")
    if options.name:
        keep_beside(options.name, options.before, cases, machine=machine_facts(), unit="us of Python")


if __name__ == "__main__":
    main()
