"""The loop: epochs of steps, a judgement after each, checkpoints in between, one look at the test part at the end."""

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field
from typing import Any, final

from cnnkit.data.load.loader import Loader
from cnnkit.data.open.splits import DataSplits
from cnnkit.data.sets.digits import PICTURE
from cnnkit.engine.finetune.features import FeatureLoader, Features
from cnnkit.engine.records.events import Event, Finished, Interrupted, Note, StepEnd
from cnnkit.engine.run import checkpoint
from cnnkit.engine.run.folder import Run
from cnnkit.engine.run.log import Log
from cnnkit.engine.run.state import Training
from cnnkit.engine.session.preparation import Preparation
from cnnkit.engine.time.budget import Budget, fit_to_time, fitted
from cnnkit.engine.training.course import Course, best_epoch, epoch_end, is_over, stops_early
from cnnkit.engine.training.keeper import Keeper
from cnnkit.engine.training.loading import training_loader
from cnnkit.engine.training.rate import Rate
from cnnkit.engine.training.signals import StopRequest
from cnnkit.engine.training.step import train_step
from cnnkit.engine.use.judge import judge, judge_batches
from cnnkit.errors import CheckpointError, DataError, NumericError
from cnnkit.kernels.shared.array import Array
from cnnkit.serialize import files
from cnnkit.tasks import Judgement, Tally, Task


@final
@dataclass
class Session:
    """One process's share of a training: a run, its state, and what it learns from."""

    run: Run
    training: Training
    task: Task[Any]
    splits: DataSplits
    log: Log
    about: dict[str, Any]
    stop: StopRequest
    begun: float = field(default_factory=time.perf_counter)

    def __post_init__(self) -> None:
        progress = self.training.progress
        self.features: Features | None = None
        self.loader: Loader | FeatureLoader = training_loader(self.training, self.splits)
        if progress.batch > len(self.loader):
            raise CheckpointError(
                f"The state of {self.run.path} is in batch {progress.batch:,} of an epoch of {len(self.loader):,}. "
                "Use an older state."
            )
        self.budget: Budget | None = None
        self.keeper = Keeper(self.run, self.training, self.log, self.about, self.begun)
        self.set_course()
        if progress.step < self.course.steps:
            # An epoch that was cut short at the old end goes on, and is judged again.
            del progress.history[progress.epoch :]
        self.first_step = progress.step
        self.stepping_since = self.begun

    def set_course(self) -> None:
        """Course and rate, as the options say now."""
        options = self.training.options
        self.course = Course.of(options, len(self.loader))
        self.rate = Rate(options, self.course)

    def events(self) -> Iterator[Event]:
        """Everything from here to the end of the run, each event noted in the log as it is told."""
        try:
            for event in self._go():
                self.log.add(event)
                if isinstance(event, Finished | Interrupted):
                    self._close(event)
                yield event
        except DataError as error:
            raise self._broken_off(error) from error

    def _broken_off(self, error: DataError) -> DataError:
        """A picture that vanishes or changes while it is learned from costs no step: the state is saved."""
        if self.training.progress.step:
            self.keeper.save()
        without = (
            f"\nOr go on without it: {self.keeper.go_on(on_unreadable='skip')}" if self.training.options.data else ""
        )
        return DataError(
            f"{error} {checkpoint.kept(self.run)} Put the file back as it was, then go on with: "
            f"{self.keeper.go_on()}{without}"
        )

    def _go(self) -> Iterator[Event]:
        ready = Preparation(self.keeper, self.task, self.splits, self.loader, lambda: self.stop.received is not None)
        yield from ready.events()
        self.loader, self.features = ready.loader, ready.features
        if self.stop.received:
            yield self._interrupted()
            return
        self.stepping_since = self.keeper.saved_at = time.perf_counter()
        progress = self.training.progress
        if self.training.options.time is not None:
            yield from self._fit_to_time()
            if self.stop.received:
                yield self._interrupted()
                return
        if text := self.rate.note(progress.step):
            yield Note(text)
        while not is_over(self.training.options, progress):
            yield from self._epoch()
            if not self.stop.received:
                yield from self._judge_epoch()
            if self.stop.received:
                yield self._interrupted()
                return
        if stops_early(self.training.options, progress):
            options = self.training.options
            patience, best = options.patience, best_epoch(options, progress.history)
            yield Note(f"Stopped early: no better validation in {patience} epochs after epoch {best}.")
        yield from self._finish()

    def _fit_to_time(self) -> Iterator[Event]:
        stop = lambda: self.stop.received is not None  # noqa: E731
        self.budget = fit_to_time(self.keeper, self.task, self.loader, self.splits, stop)
        if self.budget is not None:
            self.set_course()
            yield Note(fitted(self.budget.seconds, self.keeper.seconds(), self.budget.pace, self.course))
            yield self.keeper.save()

    def _keep_to_time(self) -> Iterator[Event]:
        if self.budget is not None and (text := self.budget.revise(self.keeper, self.course)):
            self.set_course()
            yield Note(text)

    def _epoch(self) -> Iterator[Event]:
        """The steps that are left of this epoch."""
        progress = self.training.progress
        with closing(self.loader.epoch(progress.epoch, progress.batch)) as batches:  # type: ignore[type-var]
            while progress.batch < self.course.batches(progress.epoch):
                if self.stop.received:
                    return
                begun = time.perf_counter()
                batch = next(batches)
                lr = self.rate.lr(progress.step)
                loss, running = self._step(batch, lr)
                images = len(batch)
                progress.step += 1
                progress.batch += 1
                progress.loss_sum += loss * images
                progress.run(running)
                progress.images += images
                progress.step_images += images
                progress.step_seconds += time.perf_counter() - begun
                yield StepEnd(
                    progress.epoch + 1,
                    self.course.epochs,
                    progress.step,
                    self.course.steps,
                    progress.batch,
                    self.course.batches(progress.epoch),
                    loss,
                    running["accuracy"] / images,
                    lr,
                    progress.images_per_second,
                    self._seconds_left(),
                )
                if progress.batch < self.course.batches(progress.epoch) and self.keeper.is_due():
                    yield from self._keep_to_time()
                    yield self.keeper.save()

    def _step(self, batch: Any, lr: float) -> tuple[float, Mapping[str, float]]:
        try:
            return train_step(self.training, self.task, batch, lr)
        except NumericError as error:
            raise self._hopeless(str(error)) from None

    def _hopeless(self, text: str) -> NumericError:
        self.log.flush()
        return NumericError(f"{text} {checkpoint.kept(self.run)} Try a lower --lr, or --clip 1.")

    def _finite(self, judgement: Judgement, part: str) -> Judgement:
        if not math.isfinite(judgement.loss):
            step = self.training.progress.step
            raise self._hopeless(f"The {part} loss is {judgement.loss} after step {step:,}.")
        return judgement

    def _judge_epoch(self) -> Iterator[Event]:
        """Judge the epoch on the validation part, and save; nothing is changed if a signal comes meanwhile."""
        training, progress = self.training, self.training.progress
        begun = time.perf_counter()
        tally = self._judge("val", training.judged_weights())
        if tally is None:
            return
        if self.budget is not None:
            self.budget.judged(time.perf_counter() - begun)
        judgement = self._finite(tally.judgement(), "validation")
        training.keep_if_best(judgement, progress.epoch + 1)
        lr, seconds = self.rate.lr(progress.step - 1), self.keeper.seconds()
        end = epoch_end(training.options, progress, self.course.epochs, judgement, lr=lr, seconds=seconds)
        progress.history.append(asdict(end))
        if progress.batch == len(self.loader):
            progress.next_epoch()
        yield end
        # On features, or on a few images, an epoch takes less time than its files.
        long = self.features is None and training.options.overfit is None
        if long or self.keeper.is_due() or is_over(training.options, progress):
            yield from self._keep_to_time()
            yield self.keeper.save()
            self.keeper.write_derived()

    def _judge(self, part: str, weights: dict[str, Array]) -> Tally | None:
        """How these weights do on a part; None if a signal came meanwhile."""
        training, tally = self.training, self.task.tally()
        preprocessing, stop = self.splits.preprocessing, lambda: self.stop.received is not None
        if self.features is not None and part == "val":
            judging = judge_batches(training.learner, self.features.batches(), tally, stop)
        else:
            judging = judge(training.module, self.splits.part(part), preprocessing, tally, stop=stop)
        with training.holding(weights):
            for _ in judging:
                pass
        return None if self.stop.received else tally

    def _finish(self) -> Iterator[Event]:
        training = self.training
        tally = self._judge("test", training.best_weights)
        if tally is None:
            yield self._interrupted()
            return
        self.keeper.write_best(self._finite(tally.judgement(), "test").values["top1"])
        stopped_early = stops_early(training.options, training.progress)
        example = self.splits.test.path(0)
        if example is None and self.splits.preprocessing.foreign == "digit" and PICTURE.is_file():
            example = PICTURE
        yield Finished(self.keeper.result(tally, example, stopped_early=stopped_early))

    def _close(self, event: Finished | Interrupted) -> None:
        """The last thing written: the state of an interrupted run, the result of a finished one."""
        if isinstance(event, Finished):
            self.keeper.write_result(event.result)
            files.remove(self.run.features)
        elif self.training.progress.step:
            self.keeper.save()
            self.keeper.write_derived()

    def _interrupted(self) -> Interrupted:
        return self.keeper.interrupted(self.stop)

    def _seconds_left(self) -> float:
        step = self.training.progress.step
        each = (time.perf_counter() - self.stepping_since) / max(1, step - self.first_step)
        return each * (self.course.steps - step)
