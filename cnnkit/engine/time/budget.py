"""A time for a whole run, and the steps that fit in."""

import math
import time
from collections.abc import Callable
from typing import Any, final

from cnnkit.data.open.splits import DataSplits
from cnnkit.engine.time.pace import FEWEST, LONGEST, Pace, measure
from cnnkit.engine.training.course import Course
from cnnkit.engine.training.keeper import Keeper
from cnnkit.engine.training.loading import Batches
from cnnkit.errors import UsageError
from cnnkit.tasks import Task

# Share of the budget by which a forecast may be wrong, and for which a pace is watched at least.
TOLERANCE, WATCHED = 0.03, 0.02
# What is measured is done for nothing: no more than this share of the budget goes into it.
MEASURED = 0.05


@final
class Budget:
    """Seconds for a whole run, data and compiling included.

    The pace is measured before the first step, and again while the training goes: where a machine gets slower, or
    data faster, the number of steps is revised, and with it the schedule that spans them.
    """

    def __init__(self, seconds: float, pace: Pace, per_epoch: int) -> None:
        self.seconds, self.pace, self.per_epoch = seconds, pace, per_epoch
        self._since, self._step, self._judging = time.perf_counter(), 0, 0.0

    def steps(self, gone: float, done: int = 0) -> int:
        """Steps in all that fit, `done` of them and `gone` seconds being over."""
        return self.pace.steps_within(self.seconds - gone, self.per_epoch, done)

    def judged(self, seconds: float) -> None:
        """A pass over the validation part took so long."""
        self._judging += seconds
        self.pace = Pace(self.pace.step, seconds, self.pace.test)

    def revised(self, gone: float, step: int, course: Course) -> int | None:
        """Steps in all, where the end that is forecast after `step` is too far from the budget; else None."""
        watched = time.perf_counter() - self._since
        if step >= course.steps or step - self._step < FEWEST or watched < WATCHED * self.seconds:
            return None
        self.pace = Pace((watched - self._judging) / (step - self._step), self.pace.val, self.pace.test)
        self._since, self._step, self._judging = time.perf_counter(), step, 0.0
        judged = step // self.per_epoch
        end = gone + self.pace.seconds(course) - step * self.pace.step - judged * self.pace.val
        steps = self.steps(gone, step)
        return steps if abs(end - self.seconds) > TOLERANCE * self.seconds and steps != course.steps else None

    def revise(self, keeper: Keeper, course: Course) -> str | None:
        """Change the number of steps in the options where it must be, and say so; the next state to be saved has it."""
        steps = self.revised(keeper.seconds(), keeper.training.progress.step, course)
        if steps is None:
            return None
        keeper.set_steps(steps)
        return f"A step takes {self.pace.step:.3g} s now: {steps:,} steps fit the time, not {course.steps:,}."


def fit_to_time(
    keeper: Keeper, task: Task[Any], loader: Batches, splits: DataSplits, check: Callable[[], None]
) -> Budget:
    """Put a number of steps in the place of the time in the options.   check: as `measure` calls it.

    From here on the run is one of so many steps: its command says so, and `resume` goes on to that end.
    """
    training = keeper.training
    seconds = float(training.options.time or 0)
    longest, left = min(LONGEST, MEASURED * seconds), seconds - keeper.seconds()
    pace = measure(training, task, loader, splits, longest=longest, left=left, check=check)
    budget, gone = Budget(seconds, pace, len(loader)), keeper.seconds()
    steps = budget.steps(gone)
    if steps < 1:
        raise UsageError(too_short(seconds, gone, pace))
    keeper.set_steps(steps)
    return budget


def too_short(seconds: float, gone: float, pace: Pace) -> str:
    """What to tell where not one step fits."""
    least = gone + pace.step + pace.val + pace.test
    return (
        f"--time is {seconds:,.0f} s, too short for one step: {gone:.1f} s have passed, a step takes "
        f"{pace.step:.3g} s, validation and test {pace.val + pace.test:.3g} s. "
        f"--time {math.ceil(1.2 * least)}s is about the shortest possible."
    )


def fitted(seconds: float, gone: float, pace: Pace, course: Course) -> str:
    """What to tell of the steps that fit."""
    return (
        f"{course.steps:,} steps ({course.steps / course.per_epoch:.3g} epochs) fit into {seconds:,.0f} s: "
        f"{gone:.1f} s have passed, a step takes {pace.step:.3g} s, a validation {pace.val:.3g} s."
    )
