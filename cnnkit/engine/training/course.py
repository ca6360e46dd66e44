"""How long a run is, and when it has come to its end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, final

from cnnkit.engine.records.events import EpochEnd
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.run.overfit import knows_by_heart
from cnnkit.engine.run.state import Progress, epoch_of
from cnnkit.tasks import Judgement, Task
from cnnkit.tasks.registry import find


@final
@dataclass(frozen=True)
class Course:
    """`steps` in all, cut into epochs of `per_epoch` steps; the last one may be cut short, and is judged like any."""

    steps: int
    per_epoch: int

    @classmethod
    def of(cls, options: FitOptions, per_epoch: int) -> Self:
        """What the options say: so many steps, or so many whole epochs."""
        return cls(options.steps or int(options.epochs or 1) * per_epoch, per_epoch)

    @property
    def epochs(self) -> int:
        return -(-self.steps // self.per_epoch)

    def batches(self, epoch: int) -> int:
        """Steps of epoch 0, 1, 2, …"""
        return max(0, min(self.per_epoch, self.steps - epoch * self.per_epoch))


def epoch_end(
    options: FitOptions, progress: Progress, epochs: int, judgement: Judgement, *, lr: float, seconds: float
) -> EpochEnd:
    """The row of the epoch that was just judged. With `keep` "last" none is called the best."""
    before = best_epoch(options, progress.history)
    kind, sums = find(options.task), progress.running
    running = [metric.name for metric in kind.running if metric.name in sums or not metric.optional]
    better = before == 0 or kind.better(judgement, _judgement(kind, progress.history[before - 1]))
    return EpochEnd(
        epoch=progress.epoch + 1,
        epochs=epochs,
        step=progress.step,
        train_loss=progress.loss_sum / max(1, progress.images),
        train={name: sums.get(name, 0) / max(1, progress.images) for name in running},
        val_loss=judgement.loss,
        val=judgement.values,
        lr=lr,
        seconds=seconds,
        images_per_second=progress.images_per_second,
        best=options.keep != "last" and better,
    )


def history(options: FitOptions, progress: Progress) -> tuple[EpochEnd, ...]:
    """The epochs that were judged."""
    return tuple(epoch_of(row, find(options.task), f"history, row {n}") for n, row in enumerate(progress.history, 1))


def best_epoch(options: FitOptions, history: Sequence[Mapping[str, Any]]) -> int:
    """The epoch of the best validation, as the task has it; 0 before the first."""
    kind, best, number = find(options.task), None, 0
    for n, row in enumerate(history, 1):
        judgement = _judgement(kind, row)
        if kind.better(judgement, best):
            best, number = judgement, n
    return number


def _judgement(kind: type[Task[Any]], row: Mapping[str, Any]) -> Judgement:
    return Judgement(row["val_loss"], {metric.name: row[f"val_{metric.name}"] for metric in kind.metrics}, 0)


def is_over(options: FitOptions, progress: Progress) -> bool:
    """Whether nothing is left to train."""
    return is_complete(options, progress) or stops_early(options, progress) or knows_by_heart(options, progress)


def is_complete(options: FitOptions, progress: Progress) -> bool:
    """Whether all epochs or steps are done, and the last epoch is judged."""
    if options.steps is None:
        return len(progress.history) == options.epochs and not progress.batch
    return progress.step >= options.steps and len(progress.history) == progress.epoch + (progress.batch > 0)


def stops_early(options: FitOptions, progress: Progress) -> bool:
    """Whether `patience` ends the run: a function of the epochs judged, so that a resumed run stops there too."""
    waited = len(progress.history) - best_epoch(options, progress.history)
    return 0 < options.patience <= waited and not is_complete(options, progress)
