"""The learning rate of a step, and what becomes of it when a run goes on with other options."""

from collections.abc import Mapping
from typing import Any

from cnnkit.engine.options import RESUMABLE, FitOptions
from cnnkit.errors import UsageError
from cnnkit.optim import schedule


class Rate:
    """`lr(step)`, step counted through the whole run; behind the schedule's end it stays at its last value."""

    def __init__(self, options: FitOptions, steps_per_epoch: int) -> None:
        span = options.schedule_epochs or max(1, int(options.epochs or 1) - options.schedule_from)
        total = max(1, span * steps_per_epoch)
        warmup = None if options.warmup is None else round(options.warmup * total)
        self._first = options.schedule_from * steps_per_epoch
        self._last = self._first + total
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


def changed(options: FitOptions, changes: Mapping[str, Any], epochs_done: int) -> FitOptions:
    """The options of a run that goes on. A new end leaves the schedule its old one; a new schedule begins now.

    A new rate alone is kept to the end. The head's rate goes with it, in the proportion that it had.
    """
    for name in changes:
        if name not in RESUMABLE:
            raise UsageError(
                f"{name} cannot change when a run goes on; what may change: {', '.join(RESUMABLE)}. Start a new run."
            )
    epochs = changes.get("epochs", options.epochs)
    if epochs < epochs_done:
        raise UsageError(f"epochs is {epochs}, but the run has done {epochs_done} already. Give a larger number.")
    given = FitOptions.from_values(dict(changes)).validate()
    new = options.replace(**{name: getattr(given, name) for name in changes})
    if options.head_lr is not None and options.lr and new.lr:
        new = new.replace(head_lr=options.head_lr if new.lr == options.lr else options.head_lr * new.lr / options.lr)
    if changes.keys() & {"schedule", "lr", "warmup"}:
        course = changes.get("schedule") or "constant"
        return new.replace(
            schedule=course, warmup=changes.get("warmup"), schedule_from=epochs_done, schedule_epochs=None
        ).validate()
    if epochs != options.epochs and options.schedule_epochs is None:
        new = new.replace(schedule_epochs=max(1, int(options.epochs or 1) - options.schedule_from))
    return new.validate()
