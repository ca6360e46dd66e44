"""The learning rate of a step, and what becomes of it when a run goes on with other options."""

from collections.abc import Mapping
from typing import Any

from cnnkit.engine.course import Course, stops_early
from cnnkit.engine.options import ENDS, RESUMABLE, FitOptions
from cnnkit.engine.state import Progress
from cnnkit.errors import UsageError
from cnnkit.optim import schedule


class Rate:
    """`lr(step)`, step counted through the whole run; behind the schedule's end it stays at its last value."""

    def __init__(self, options: FitOptions, course: Course) -> None:
        self._first = options.schedule_from * course.per_epoch
        self._last = options.schedule_until or course.steps
        if options.schedule_epochs is not None:
            self._last = self._first + options.schedule_epochs * course.per_epoch
        total = max(1, self._last - self._first)
        warmup = None if options.warmup is None else round(options.warmup * total)
        self._schedule = schedule.create(str(options.schedule), float(options.lr or 0.0), total, warmup=warmup)

    def lr(self, step: int) -> float:
        """The rate of step 0, 1, 2, …"""
        return self._schedule.lr(max(0, step - self._first))

    def note(self, step: int, steps: int) -> str | None:
        """What to tell whoever trains from `step` to the end `steps`: that, and from where on, the rate stays."""
        if self._last >= steps or step >= steps:
            return None
        since = "is over" if step >= self._last else f"ends with step {self._last:,}"
        return f"The schedule {since}: after it the learning rate stays at {self.lr(self._last):g}."


def changed(options: FitOptions, changes: Mapping[str, Any], done: Progress) -> FitOptions:
    """The options of a run that goes on. A new end leaves the schedule its old one; a new schedule begins now.

    A new rate alone is kept to the end. The head's rate goes with it, in the proportion that it had.
    A run that patience has ended goes on to an end that is given now, without patience if none is given.
    """
    for name in changes:
        if name not in RESUMABLE:
            raise UsageError(
                f"{name} cannot change when a run is resumed. These can: {', '.join(RESUMABLE)}. Start a new run."
            )
    given = FitOptions.from_values(dict(changes)).validate()
    new = options.replace(**{name: getattr(given, name) for name in changes})
    if new_ends := [name for name in ENDS if changes.get(name) is not None]:
        new = new.replace(**{name: None for name in ENDS if name not in new_ends})
        if "patience" not in changes and stops_early(options, done):
            new = new.replace(patience=0)
    _check_end(new, done)
    if options.head_lr is not None and options.lr and new.lr:
        new = new.replace(head_lr=options.head_lr if new.lr == options.lr else options.head_lr * new.lr / options.lr)
    if changes.keys() & {"schedule", "lr", "warmup"}:
        course = changes.get("schedule") or "constant"
        new = new.replace(schedule=course, warmup=changes.get("warmup"), schedule_from=done.epoch)
        return new.replace(schedule_epochs=None, schedule_until=None).validate()
    if (new.epochs, new.steps) != (options.epochs, options.steps) and _follows_the_end(options):
        if options.steps is not None:
            new = new.replace(schedule_until=options.steps)
        elif options.epochs is not None:
            new = new.replace(schedule_epochs=max(1, options.epochs - options.schedule_from))
    return new.validate()


def _check_end(new: FitOptions, done: Progress) -> None:
    begun = done.epoch + (done.batch > 0)
    if new.epochs is not None and new.epochs < begun:
        which = "done" if not done.batch else "begun"
        raise UsageError(f"epochs is {new.epochs}, but the run has {which} {begun} already. Give a larger number.")
    if new.steps is not None and new.steps < done.step:
        raise UsageError(f"steps is {new.steps:,}, but the run has done {done.step:,} already. Give a larger number.")


def _follows_the_end(options: FitOptions) -> bool:
    return options.schedule_epochs is None and options.schedule_until is None
