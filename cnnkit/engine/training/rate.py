"""The learning rate of a step, and what becomes of it when a run goes on with other options."""

from collections.abc import Mapping
from typing import Any

from cnnkit.engine.records.options import ENDS, RESUMABLE, FitOptions
from cnnkit.engine.run.state import Progress
from cnnkit.engine.training.course import Course, is_complete, stops_early
from cnnkit.errors import UsageError
from cnnkit.optim import schedule


class Rate:
    """`lr(step)`, step counted through the whole run.

    Behind the schedule's end the rate stays at its last value; with `schedule_again` a second cycle spans what is left.
    """

    def __init__(self, options: FitOptions, course: Course) -> None:
        self.options, self.steps, self._per_epoch = options, course.steps, course.per_epoch
        self._first = options.schedule_from * course.per_epoch
        self._last = options.schedule_until or course.steps
        if options.schedule_epochs is not None:
            self._last = self._first + options.schedule_epochs * course.per_epoch
        self._schedule = self._cycle(self._last - self._first)
        self._again = self._cycle(course.steps - self._last) if options.schedule_again else None

    def _cycle(self, steps: int) -> schedule.Schedule:
        options, total = self.options, max(1, steps)
        warmup = None if options.warmup is None else round(options.warmup * total)
        return schedule.create(str(options.schedule), float(options.lr or 0.0), total, warmup=warmup)

    def lr(self, step: int) -> float:
        """The rate of step 0, 1, 2, …"""
        if self._again is not None and step >= self._last:
            return self._again.lr(step - self._last)
        return self._schedule.lr(max(0, step - self._first))

    def note(self, step: int) -> str | None:
        """What to tell whoever trains on from `step`: that, and from where on, the rate stays."""
        if self._again is not None or self._last >= self.steps or step >= self.steps:
            return None
        since = "is over" if step >= self._last else f"ends with step {self._last:,}"
        return f"The schedule {since}: after it the learning rate stays at {self.lr(self._last):g}."

    def news(self, before: FitOptions, step: int) -> list[str]:
        """What new options made of the rate, and of patience, at `step`; nothing before the first step."""
        if not step:
            return []
        moved = self.moved(Rate(before, Course.of(before, self._per_epoch)), step)
        impatient = before.patience > 0 and self.options.patience == 0
        off = f"--patience {before.patience} no longer ends this run; give it again to keep it." if impatient else None
        return [text for text in (moved, off) if text]

    def moved(self, before: "Rate", step: int) -> str | None:
        """A sentence on what a new end made of the rate of `before`, at `step`; None for nothing."""
        course = self.options.schedule
        if course == "constant" or before.options.schedule != course or before.steps == self.steps:
            return None
        now, last = self.lr(step), self.lr(self.steps - 1)
        if self._again is not None and step == self._last:
            highest = float(self.options.lr or 0.0)
            climb = f", rises to {highest:.3g}" if highest > now else ""
            return (
                f"The schedule was over, so a new cycle ({course}) begins: the learning rate starts at "
                f"{now:.3g}{climb} and ends at {last:.3g} with step {self.steps:,}."
            )
        return (
            f"The schedule now ends with step {self.steps:,}: the learning rate goes on at {now:.3g} instead of "
            f"{before.lr(step):.3g}, and ends at {last:.3g}."
        )


def changed(options: FitOptions, changes: Mapping[str, Any], done: Progress) -> FitOptions:
    """The options of a run that goes on.

    With a new end, a schedule that is over begins a second cycle, up to that end; else it is stretched to it.
    A new schedule begins now. A new rate alone is kept to the end. The head's rate goes with it, in the proportion that
    it had.
    A run that patience has ended, or whose schedule begins again, goes on without patience if none is given.
    """
    for name in changes:
        if name == "precision" and changes[name] == options.precision:
            continue
        if name not in RESUMABLE:
            has = f" The run has {options.precision!r}: leave it out." if name == "precision" else ""
            raise UsageError(
                f"{name} cannot change when a run is resumed.{has} These can: {', '.join(RESUMABLE)}. Start a new run."
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
        return new.replace(schedule_epochs=None, schedule_until=None, schedule_again=False).validate()
    if (new.epochs, new.steps) != (options.epochs, options.steps) and options.schedule != "constant":
        if _schedule_is_over(options, done):
            new = new.replace(schedule_from=0, schedule_epochs=None, schedule_until=done.step, schedule_again=True)
            if "patience" not in changes:
                # While the rate is high again the validation is worse, which would end the run before it has fallen.
                new = new.replace(patience=0)
        elif not options.schedule_again:
            new = new.replace(schedule_epochs=None, schedule_until=None)
    return new.validate()


def _check_end(new: FitOptions, done: Progress) -> None:
    begun = done.epoch + (done.batch > 0)
    if new.epochs is not None and new.epochs < begun:
        which = "done" if not done.batch else "begun"
        raise UsageError(f"epochs is {new.epochs}, but the run has {which} {begun} already. Give a larger number.")
    if new.steps is not None and new.steps < done.step:
        raise UsageError(f"steps is {new.steps:,}, but the run has done {done.step:,} already. Give a larger number.")


def _schedule_is_over(options: FitOptions, done: Progress) -> bool:
    if not options.schedule_again:
        if options.schedule_until is not None:
            return done.step >= options.schedule_until
        if options.schedule_epochs is not None:
            return done.epoch >= options.schedule_from + options.schedule_epochs
    return is_complete(options, done)
