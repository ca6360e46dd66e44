"""A network and data so small that a whole training takes a blink; as a script, a training killed on schedule.

python tiny.py FOLDER WHERE N      WHERE: before | half | after the N-th primitive of the file layer, or "never"
"""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from cnnkit import nn
from cnnkit.autograd import Tensor
from cnnkit.data.open.splits import DataSplits, split_parts
from cnnkit.data.sets.synthetic import synthetic
from cnnkit.engine import fit as training
from cnnkit.engine.records.events import EpochEnd, Event
from cnnkit.engine.records.options import FitOptions
from cnnkit.serialize import files

PRIMITIVES = ("_write", "_fsync", "_replace", "_truncate")


class Tiny(nn.Module):
    """Convolution, pool, dropout, dense: everything whose state a checkpoint must hold."""

    def __init__(self) -> None:
        rng = np.random.default_rng(7)
        self.conv = nn.Conv2d(1, 4, 3, padding=1, activation="relu", rng=rng)
        self.pool = nn.MaxPool2d(2)
        self.flatten = nn.Flatten()
        self.dropout = nn.Dropout(0.3, seed=5)
        self.dense = nn.Linear(4 * 4 * 4, 3, rng=rng)

    def forward(self, x: Tensor) -> Tensor:
        return self.dense(self.dropout(self.flatten(self.pool(self.conv(x)))))


def data(seed: int = 0) -> DataSplits:
    """Three classes of noisy patterns, 8x8."""
    test = synthetic(30, classes=3, size=8, seed=seed + 1)
    train = synthetic(78, classes=3, size=8, seed=seed)
    return split_parts(train, None, test, found="synthetic", notes=[], seed=0, val_fraction=0.2)


def options(output: Path, **changes: Any) -> FitOptions:
    """Three epochs of four steps, with momentum, an average and augmentation."""
    plain = {"epochs": 3, "batch_size": 16, "lr": 0.05, "ema": 0.9, "augment": "light", "seed": 3}
    return FitOptions(output=str(output), **(plain | changes))


def fit(output: Path, **changes: Any) -> Iterator[Event]:
    return training.fit(options(output, **changes), module=Tiny(), data=data())


def resume(output: Path, **changes: Any) -> Iterator[Event]:
    return training.resume(output, changes, module=Tiny(), data=data())


def go_on(output: Path) -> Event:
    """Resume, or begin where there is nothing to resume; the last event."""
    events = resume(output) if output.exists() else fit(output)
    return list(events)[-1]


def count_primitives(calls: list[str], where: str = "never", kill_at: int = 0) -> None:
    """Note each call of the file layer's primitives, and kill this process around the one numbered kill_at."""
    for name in PRIMITIVES:
        setattr(files, name, _counted(getattr(files, name), name, calls, where, kill_at))


def _counted(real: Any, name: str, calls: list[str], where: str, kill_at: int) -> Any:
    def call(*args: Any) -> Any:
        calls.append(name)
        now = len(calls) == kill_at
        if now and where == "half" and name == "_write":
            os.write(args[0], args[1][: len(args[1]) // 2])
        if now and where in ("before", "half"):
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*args)
        if now:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return call


def killed_at_every_primitive(root: Path, where: str, numbers: list[int]) -> None:
    """A child for each, which finds all kernels loaded: this process has trained once before."""
    list(fit(root / "smooth"))
    for n in numbers:
        child = os.fork()
        if child == 0:
            count_primitives([], where, n)
            go_on(root / str(n))
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL, n


def killed_at_random(folder: Path, seed: int) -> int:
    """Each life may last a little longer than the one before; returns how many were cut short.

    The first three stop at the end of their first epoch, so that a fast machine is cut short as often.
    """
    rng = np.random.default_rng(seed)
    for killed in range(200):
        child = os.fork()
        if child == 0:
            for event in resume(folder) if folder.exists() else fit(folder):
                if killed < 3 and isinstance(event, EpochEnd):
                    signal.pause()
            os._exit(0)
        time.sleep(rng.uniform(0, 0.1 + 0.02 * killed))
        os.kill(child, signal.SIGKILL)
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0:
            return killed
    raise AssertionError("200 lives were too short")


if __name__ == "__main__":
    mode, folder = sys.argv[1], Path(sys.argv[2])
    if mode == "one":
        count_primitives([], sys.argv[3], int(sys.argv[4]))
        go_on(folder)
    elif mode == "every":
        killed_at_every_primitive(folder, sys.argv[3], [int(n) for n in sys.argv[4:]])
    else:
        print(killed_at_random(folder, int(sys.argv[3])))
