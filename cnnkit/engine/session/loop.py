"""The loop: epochs of steps, a judgement after each, states saved in between, one look at the test part at the end."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from typing import Any, final

from cnnkit.config import default_threads
from cnnkit.engine.records.events import Event, Note, RunStarted, StepEnd
from cnnkit.engine.run.folder import Run
from cnnkit.engine.run.log import Log
from cnnkit.engine.session.assemble import Pieces
from cnnkit.engine.session.closing import Closing
from cnnkit.engine.session.judging import Judging
from cnnkit.engine.session.preparation import Preparation
from cnnkit.engine.session.proposing import seen_by
from cnnkit.engine.session.room import Room
from cnnkit.engine.session.settling import settled
from cnnkit.engine.time.budget import Budget, fit_to_time, fitted
from cnnkit.engine.training.course import Course, best_epoch, epoch_end, is_over, stops_early
from cnnkit.engine.training.keeper import Keeper
from cnnkit.engine.training.loading import training_loader
from cnnkit.engine.training.outcomes import Outcome, Outcomes
from cnnkit.engine.training.rate import Rate
from cnnkit.engine.training.signals import Stopped, StopRequest
from cnnkit.engine.training.step import train_step
from cnnkit.errors import DataError, DeviceError, DeviceMemoryError


@final
class Session:
    """One process's share of a training: from where `pieces` stand to the end of the run, or to a signal.

    begun: when this process began with it, by `time.perf_counter`.   room: that was forecast for its steps.
    """

    def __init__(
        self,
        run: Run,
        pieces: Pieces,
        log: Log,
        about: dict[str, Any],
        stop: StopRequest,
        begun: float | None = None,
        room: Room | None = None,
    ) -> None:
        begun = time.perf_counter() if begun is None else begun
        self.training, self.stop, self.room = pieces.training, stop, room
        self.splits = seen_by(pieces.task, pieces.training.module, pieces.splits)
        self.keeper = Keeper(run, self.training, log, about, begun)
        self.closing = Closing(self.keeper, self.splits, stop)
        self.judging = Judging(self.training, pieces.task, self.splits, stop.check, self.closing.hopeless)
        loader = training_loader(self.training, pieces.task, self.splits)
        self.preparation = Preparation(self.keeper, pieces.task, self.splits, loader, stop.check)
        self.outcomes = Outcomes(self.closing.hopeless)
        self.task, self.batches = pieces.task, self.preparation.batches
        self.budget: Budget | None = None
        self._set_course()
        self.first_step, self.stepping_since = self.training.progress.step, begun

    def events(self, notes: Sequence[str]) -> Iterator[Event]:
        """Everything to the end of the run, each event noted in the log as it is told.   notes: to begin with."""
        for event in self._to_an_end(notes):
            self.keeper.log.add(event)
            self.closing.write(event)
            yield event

    def _to_an_end(self, notes: Sequence[str]) -> Iterator[Event]:
        try:
            yield from self._train(notes)
        except Stopped:
            yield from self._told(self.outcomes.rest())
            yield self.closing.interrupted()
        except DataError as error:
            yield from self._told(self.outcomes.rest())
            raise self.closing.broken_off(error) from error
        except (DeviceError, DeviceMemoryError) as error:
            # Nothing is read or saved any more: what lies on the device may be half a step, or out of reach.
            raise self.closing.left(error, self.room) from error

    def _train(self, notes: Sequence[str]) -> Iterator[Event]:
        yield self._started(notes)
        yield from self._prepare()
        while not is_over(self.training.options, self.training.progress):
            yield from self._epoch()
            yield from self._judge()
            self.stop.check()
        yield from self._finish()

    def _prepare(self) -> Iterator[Event]:
        yield from self.preparation.events()
        self.batches, self.judging.features = self.preparation.batches, self.preparation.features
        self.stepping_since = self.keeper.saved_at = time.perf_counter()
        if self.training.options.time is not None:
            self.budget = fit_to_time(self.keeper, self.task, self.batches, self.splits, self.stop.check)
            self._set_course()
            yield Note(fitted(self.budget.seconds, self.keeper.seconds(), self.budget.pace, self.course))
            yield self.keeper.save()
        if text := self.rate.note(self.training.progress.step):
            yield Note(text)

    def _epoch(self) -> Iterator[Event]:
        """The steps that are left of this epoch."""
        training, progress = self.training, self.training.progress
        with closing(self.batches.epoch(progress.epoch, progress.batch)) as batches:
            while progress.batch < self.course.batches(progress.epoch):
                self.stop.check()
                begun = time.perf_counter()
                batch = next(batches)
                lr, share = self.rate.lr(progress.step), (progress.step + 1) / self.course.steps
                outcomes = train_step(training, self.task, batch, lr, self.outcomes, share)
                progress.stepped(len(batch), time.perf_counter() - begun)
                yield from self._told(outcomes)
                if self.keeper.is_due() and progress.batch < self.course.batches(progress.epoch):
                    yield from self._save()

    def _judge(self) -> Iterator[Event]:
        """Judge the epoch on the validation part, and save; a signal meanwhile changes nothing."""
        training, progress = self.training, self.training.progress
        yield from self._told(self.outcomes.rest())
        begun = time.perf_counter()
        judgement = self.judging.validation().judgement()
        if self.budget is not None:
            self.budget.judged(time.perf_counter() - begun)
        training.keep_if_best(judgement, progress.epoch + 1)
        lr, seconds = self.rate.lr(progress.step - 1), self.keeper.seconds()
        end = epoch_end(training.options, progress, self.course.epochs, judgement, lr=lr, seconds=seconds)
        progress.history.append(end.to_row())
        if progress.batch == len(self.batches):
            progress.next_epoch()
        yield end
        # On features, or on a few images, an epoch takes less time than its files.
        long = self.judging.features is None and training.options.overfit is None
        if long or self.keeper.is_due() or is_over(training.options, progress):
            yield from self._save()
            self.keeper.write_derived()

    def _save(self) -> Iterator[Event]:
        """The state after all that was measured; where a time is to be kept to, with as many steps as still fit."""
        yield from self._told(self.outcomes.rest())
        if self.budget is not None and (text := self.budget.revise(self.keeper, self.course)):
            self._set_course()
            yield Note(text)
        yield self.keeper.save()

    def _finish(self) -> Iterator[Event]:
        options, progress = self.training.options, self.training.progress
        if stops_early(options, progress):
            patience, best = options.patience, best_epoch(options, progress.history)
            yield Note(f"Stopped early: no better validation in {patience} epochs after epoch {best}.")
        yield from self._settle()
        yield self.closing.finished(self.judging.test())

    def _settle(self) -> Iterator[Event]:
        """What is learned without a gradient, and saved with the best weights."""
        told = False
        for event in settled(self.keeper.run, self.training, self.task, self.splits, self.stop.check):
            told = True
            yield event
        if told:
            yield self.keeper.save()
            self.keeper.write_derived()

    def _told(self, outcomes: Iterable[Outcome]) -> Iterator[StepEnd]:
        """Count what steps have measured, and tell each."""
        progress, course = self.training.progress, self.course
        for done in outcomes:
            progress.measured(done.loss, done.running, done.images)
            yield StepEnd(
                done.epoch + 1,
                course.epochs,
                done.step,
                course.steps,
                done.batch,
                course.batches(done.epoch),
                done.loss,
                {name: value / done.images for name, value in done.running.items()},
                done.lr,
                progress.images_per_second,
                self._seconds_left(),
            )

    def _started(self, notes: Sequence[str]) -> RunStarted:
        training, splits, about = self.training, self.splits, self.keeper.about
        timed = training.options.time is not None
        return RunStarted(
            run=str(self.keeper.run.path),
            model=about["model"],
            data=about["data"],
            parameters=training.parameters,
            train_images=len(splits.train),
            val_images=len(splits.val),
            test_images=len(splits.test),
            epochs=0 if timed else self.course.epochs,
            steps=0 if timed else self.course.steps,
            epoch_steps=self.course.per_epoch,
            step=training.progress.step,
            threads=training.options.threads or default_threads(),
            found=splits.found,
            notes=tuple(notes),
            task=self.task.name,
        )

    def _set_course(self) -> None:
        """Course and rate, as the options say now."""
        self.course = Course.of(self.training.options, len(self.batches))
        self.rate = Rate(self.training.options, self.course)

    def _seconds_left(self) -> float:
        step = self.training.progress.step
        each = (time.perf_counter() - self.stepping_since) / max(1, step - self.first_step)
        return each * (self.course.steps - step)
