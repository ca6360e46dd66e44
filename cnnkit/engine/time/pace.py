"""How long a training takes, found by doing a little of it and putting everything back."""

import itertools
import math
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from cnnkit.data.load.batch import Batch
from cnnkit.data.load.loader import Loader
from cnnkit.data.open.splits import DataSplits
from cnnkit.data.sets.base import Dataset
from cnnkit.data.sets.subset import Subset
from cnnkit.engine.finetune.features import FeatureLoader
from cnnkit.engine.run.state import Training
from cnnkit.engine.training.course import Course
from cnnkit.engine.training.step import train_step
from cnnkit.engine.use.judge import batch_for, judge
from cnnkit.tasks import Task

AnyLoader = Loader | FeatureLoader
# Steps are timed this long, after one that is thrown away, and at least so many.
LONGEST, FEWEST = 2.0, 5


@final
@dataclass(frozen=True)
class Pace:
    """Seconds of one step, of a pass over the validation part, and of one over the test part."""

    step: float
    val: float
    test: float

    def seconds(self, course: Course) -> float:
        """Of a whole run, the look at the test part included."""
        return course.steps * self.step + course.epochs * self.val + self.test

    def steps_within(self, seconds: float, per_epoch: int, done: int = 0) -> int:
        """Steps in all with which a run that has done `done` ends after at most so many seconds more."""

        def needed(n: int) -> float:
            return n * self.step + (-(-(done + n) // per_epoch) - done // per_epoch) * self.val

        left = seconds - self.test
        most = int(max(0.0, left) / max(self.step, 1e-9)) + 1
        return done + bisect_right(range(1, most + 1), left, key=needed)


def measure(
    training: Training,
    task: Task[Any],
    loader: AnyLoader,
    splits: DataSplits,
    *,
    longest: float = LONGEST,
    left: float = math.inf,
    stop: Callable[[], bool] = lambda: False,
) -> Pace | None:
    """Time some steps and a batch of judging, kernels being compiled; None if `stop()` came first.

    left: seconds for the whole run. Where they would not even suffice to measure, one step has to do, and judging is
    estimated by it: an image's way forward takes a third of a step's time.
    Weights, optimiser, average and counters are the same afterwards, bit for bit.
    """
    before = {name: array.copy() for name, array in training.arrays().items()}
    try:
        begun = time.perf_counter()
        step = _step_seconds(training, task, loader, longest, left, stop)
        forward = step / 3 / loader.batching.sizes()[0]
        val, test = forward * len(splits.val), forward * len(splits.test)
        at_once = batch_for(splits.preprocessing)
        judging = 2 * forward * (min(at_once, len(splits.val)) + min(at_once, len(splits.test)))
        if time.perf_counter() - begun + judging < left:
            val, test = (_judging_seconds(training, task, splits, part, stop) for part in (splits.val, splits.test))
    finally:
        training.optimiser.zero_grad()
        training.restore(before, training.progress)
    return None if stop() else Pace(step, val, test)


def _step_seconds(
    training: Training,
    task: Task[Any],
    loader: AnyLoader,
    longest: float,
    left: float,
    stop: Callable[[], bool],
) -> float:
    steps, begun = 0, time.perf_counter()
    first = begun
    with closing(_batches(loader)) as batches:  # type: ignore[type-var]
        for n, batch in enumerate(batches):
            # At a rate of nothing the weights stay, so that no loss can run away.
            train_step(training, task, batch, 0.0)
            now = time.perf_counter()
            if n == 0:
                if now - first >= left / 2:
                    # A second step is more than there is time for.
                    return now - first
                begun = now
            steps, gone = n, now - begun
            if stop() or (gone >= longest and n >= 1) or (gone >= longest / 2 and n >= FEWEST):
                break
    return (time.perf_counter() - begun) / max(1, steps)


def _batches(loader: AnyLoader) -> Iterator[Batch]:
    """Batch after batch, epoch after epoch."""
    for number in itertools.count():
        with closing(loader.epoch(number)) as batches:  # type: ignore[type-var]
            yield from batches


def _judging_seconds(
    training: Training, task: Task[Any], splits: DataSplits, part: Dataset, stop: Callable[[], bool]
) -> float:
    """Of the whole part, by its first batch. The first time is thrown away."""
    images = min(len(part), batch_for(splits.preprocessing))
    some = Subset(part, np.arange(images))
    begun = 0.0
    for _ in range(2):
        begun = time.perf_counter()
        for _ in judge(training.module, some, splits.preprocessing, task.tally(), stop=stop):
            pass
    return (time.perf_counter() - begun) * len(part) / images
