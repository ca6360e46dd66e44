"""How long a training takes, found by doing a little of it and putting everything back."""

import math
import time
from bisect import bisect_right
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from cnnkit.data.load.loader import Loader
from cnnkit.data.open.splits import DataSplits
from cnnkit.data.sets.base import Dataset
from cnnkit.data.sets.subset import Subset
from cnnkit.engine.run.state import Training
from cnnkit.engine.training.course import Course
from cnnkit.engine.training.loading import Batches, endless
from cnnkit.engine.training.outcomes import Outcomes
from cnnkit.engine.training.step import train_step
from cnnkit.engine.use.judge import batch_for, judge
from cnnkit.tasks import Task

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
    loader: Batches,
    splits: DataSplits,
    *,
    longest: float = LONGEST,
    left: float = math.inf,
    check: Callable[[], None] = lambda: None,
) -> Pace:
    """Time some steps and a batch of judging, kernels being compiled; the training is unchanged afterwards.

    left: seconds for the whole run. Where they would not even suffice to measure, one step has to do, and judging is
    estimated by it: an image's way forward takes a third of a step's time.
    check: called before each batch and at the end, to raise what is to end the measuring.
    """
    with training.unchanged():
        begun = time.perf_counter()
        step = _step_seconds(training, task, loader, longest, left, check)
        forward = step / 3 / loader.batching.sizes()[0]
        val, test = forward * len(splits.val), forward * len(splits.test)
        at_once = batch_for(splits.preprocessing)
        judging = 2 * forward * (min(at_once, len(splits.val)) + min(at_once, len(splits.test)))
        if time.perf_counter() - begun + judging < left:
            val, test = (_judging_seconds(training, task, splits, part, check) for part in (splits.val, splits.test))
        check()
    return Pace(step, val, test)


def _step_seconds(
    training: Training,
    task: Task[Any],
    loader: Batches,
    longest: float,
    left: float,
    check: Callable[[], None],
) -> float:
    steps, begun, outcomes = 0, time.perf_counter(), Outcomes()
    first, pixels, apart = begun, 0, 0
    with closing(endless(loader)) as batches:
        for n, batch in enumerate(batches):
            check()
            # At a rate of nothing the weights stay, so that no loss can run away.
            searches, before = training.learning.searches, time.perf_counter()
            train_step(training, task, batch, 0.0, outcomes)
            if training.learning.searches > searches:  # no measure: that is done once in a training
                begun, apart = begun + time.perf_counter() - before, apart + 1
                continue
            pixels += math.prod(batch.x.shape[1:3]) if n else 0
            if n == 0:
                begun = _over(outcomes)
                if begun - first >= left / 2:
                    # A second step is more than there is time for.
                    return begun - first
            steps, gone = n - apart, time.perf_counter() - begun
            if (gone >= longest and steps >= 1) or (gone >= longest / 2 and steps >= FEWEST):
                break
    seconds = (_over(outcomes) - begun) / max(1, steps)
    # At several scales a step takes as long as its pixels are many; those timed may all have had one size.
    usual = [math.prod(shape[:2]) for shape in loader.shapes] if isinstance(loader, Loader) and loader.sizes else []
    return seconds * sum(usual) / len(usual) * max(1, steps) / pixels if usual and pixels else seconds


def _over(outcomes: Outcomes) -> float:
    """When the last step is over: as soon as its loss can be read."""
    for _ in outcomes.rest():
        pass
    return time.perf_counter()


def _judging_seconds(
    training: Training, task: Task[Any], splits: DataSplits, part: Dataset, check: Callable[[], None]
) -> float:
    """Of the whole part, by its first batch. The first time is thrown away."""
    images = min(len(part), batch_for(splits.preprocessing))
    some = Subset(part, np.arange(images))
    begun = 0.0
    for _ in range(2):
        begun = time.perf_counter()
        for _ in judge(task, training.module, some, splits.preprocessing, task.tally(), check=check):
            pass
    return (time.perf_counter() - begun) * len(part) / images
