"""Whole processes, timed from outside, with the most memory that each took."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cnnkit.bench.timer import Timing, timing_of
from cnnkit.errors import CheckFailed

LEAST = 5
# A process counts the memory of whoever starts it as its own, so a small one starts it, and tells what it took.
_STARTER = """
import json, os, subprocess, sys, time
out, err, *command = sys.argv[1:]
with open(out, "wb") as told, open(err, "wb") as complained:
    start = time.perf_counter()
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=told, stderr=complained)
    if hasattr(os, "wait4"):
        _, status, used = os.wait4(child.pid, 0)
        most, code = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024), os.waitstatus_to_exitcode(status)
    else:
        most, code = None, child.wait()
    print(json.dumps([time.perf_counter() - start, most, code]))
"""


@dataclass(frozen=True)
class Ended:
    """seconds: by the clock.   mb: the most memory that was resident, if the system tells.   out: what it printed."""

    seconds: float
    mb: float | None
    out: str


def ended(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Ended:
    """Run a command in a folder, in that environment alone, until it ends; CheckFailed if it fails."""
    with tempfile.TemporaryDirectory() as name:
        out, err = Path(name) / "out", Path(name) / "err"
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _STARTER, str(out), str(err), *command],
            env=dict(environment),
            cwd=folder,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        seconds, most, code = json.loads(done.stdout)
        if code:
            raise CheckFailed(f"`{' '.join(command)}` ended with {code}: {err.read_text().strip()}")
        return Ended(seconds, None if most is None else most / 2**20, out.read_text())


def in_turn(lines: Sequence[Sequence[str]], folder: Path, environment: Mapping[str, str]) -> list[list[Ended]]:
    """Of each command, run after run: one that does not count, then some in turn."""
    for line in lines:
        ended(line, folder, environment)
    rounds = [[ended(line, folder, environment) for line in lines] for _ in range(LEAST)]
    return [list(runs) for runs in zip(*rounds, strict=True)]


def seconds_of(runs: Sequence[Ended]) -> Timing:
    """The clock's part of some runs."""
    return timing_of([run.seconds for run in runs])


def mb_of(runs: Sequence[Ended]) -> float | None:
    """The most memory that any of the runs took."""
    found = [run.mb for run in runs if run.mb is not None]
    return max(found) if len(found) == len(runs) else None
