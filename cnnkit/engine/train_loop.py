"""The loop: epochs of steps, a judgement after each, checkpoints in between, one look at the test part at the end."""

import math
import shlex
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any, final

from cnnkit._version import __version__
from cnnkit.data.loader import Loader
from cnnkit.data.splits import DataSplits
from cnnkit.engine import checkpoint
from cnnkit.engine.events import CheckpointSaved, EpochEnd, Event, Finished, Interrupted, Note, StepEnd
from cnnkit.engine.judge import batch_for, judge
from cnnkit.engine.log import Log, write_results
from cnnkit.engine.rate import Rate
from cnnkit.engine.results import FitResult
from cnnkit.engine.run import Run
from cnnkit.engine.signals import StopRequest
from cnnkit.engine.state import Training
from cnnkit.engine.step import compile_kernels, train_step
from cnnkit.errors import NumericError
from cnnkit.kernels.shared.array import Array
from cnnkit.tasks import Judgement, Task


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

    def __post_init__(self) -> None:
        options = self.training.options
        self.loader = Loader(
            self.splits.train,
            int(options.batch_size or 1),
            preprocessing=self.splits.preprocessing,
            seed=options.seed,
            shuffle=True,
            augment=str(options.augment),
            mixup=options.mixup,
            cutmix=options.cutmix,
        )
        self.epochs = int(options.epochs or 1)
        self.rate = Rate(options, len(self.loader))
        self.seconds_before = self.training.progress.seconds
        self.started = self.saved_at = time.perf_counter()
        self.first_step = self.training.progress.step
        self.stepping_since = self.started

    @property
    def steps(self) -> int:
        """Steps of the whole run."""
        return self.epochs * len(self.loader)

    def events(self) -> Iterator[Event]:
        """Everything from here to the end of the run, each event noted in the log as it is told."""
        for event in self._go():
            self.log.add(event)
            if isinstance(event, Finished | Interrupted):
                self._close(event)
            yield event

    def _go(self) -> Iterator[Event]:
        for event in self._compile():
            yield event
            if self.stop.received:
                yield self._interrupted()
                return
        self.stepping_since = self.saved_at = time.perf_counter()
        progress = self.training.progress
        if text := self.rate.note(progress.step, self.steps):
            yield Note(text)
        while progress.epoch < self.epochs:
            yield from self._epoch()
            if not self.stop.received:
                yield from self._judge_epoch()
            if self.stop.received:
                yield self._interrupted()
                return
        yield from self._finish()

    def _compile(self) -> Iterator[Event]:
        batch, images = self.loader.batch_size, len(self.loader.dataset)
        evaluated = batch_for(self.splits.preprocessing)
        parts = [len(self.splits.val), len(self.splits.test)]
        yield from compile_kernels(
            self.training,
            self.task,
            self.splits.preprocessing,
            _sizes(batch, [images]),
            _sizes(evaluated, parts),
        )

    def _epoch(self) -> Iterator[Event]:
        """The steps that are left of this epoch."""
        progress = self.training.progress
        with closing(self.loader.epoch(progress.epoch, progress.batch)) as batches:  # type: ignore[type-var]
            while progress.batch < len(self.loader):
                if self.stop.received:
                    return
                begun = time.perf_counter()
                batch = next(batches)
                lr = self.rate.lr(progress.step)
                loss, correct = self._step(batch, lr)
                images = len(batch.labels)
                progress.step += 1
                progress.batch += 1
                progress.loss_sum += loss * images
                progress.correct += correct
                progress.images += images
                progress.step_images += images
                progress.step_seconds += time.perf_counter() - begun
                yield StepEnd(
                    progress.epoch + 1,
                    self.epochs,
                    progress.step,
                    self.steps,
                    loss,
                    correct / images,
                    lr,
                    progress.images_per_second,
                    self._seconds_left(),
                )
                if progress.batch < len(self.loader) and self._is_due():
                    yield self._save()

    def _step(self, batch: Any, lr: float) -> tuple[float, int]:
        try:
            return train_step(self.training, self.task, batch, lr)
        except NumericError as error:
            raise self._hopeless(str(error)) from None

    def _hopeless(self, text: str) -> NumericError:
        self.log.flush()
        return NumericError(f"{text} {checkpoint.kept(self.run)} Try a lower --lr, or --clip 1.")

    def _judge_epoch(self) -> Iterator[Event]:
        """Judge the epoch on the validation part, and save; nothing is changed if a signal comes meanwhile."""
        training, progress = self.training, self.training.progress
        judgement = self._judge("val", training.judged_weights())
        if judgement is None:
            return
        if not math.isfinite(judgement.loss):
            raise self._hopeless(f"The validation loss is {judgement.loss} after step {progress.step:,}.")
        step_lr = self.rate.lr(progress.step - 1)
        progress.epoch += 1
        is_best = training.keep_if_best(judgement)
        end = EpochEnd(
            epoch=progress.epoch,
            epochs=self.epochs,
            step=progress.step,
            train_loss=progress.loss_sum / max(1, progress.images),
            train_accuracy=progress.correct / max(1, progress.images),
            val_loss=judgement.loss,
            val_top1=judgement.top1,
            lr=step_lr,
            seconds=self._seconds(),
            images_per_second=progress.images_per_second,
            best=is_best,
        )
        progress.history.append(asdict(end))
        progress.batch = progress.correct = progress.images = 0
        progress.loss_sum = 0.0
        yield end
        yield self._save()
        self.write_derived()

    def _judge(self, part: str, weights: dict[str, Array]) -> Judgement | None:
        """How these weights do on a part; None if a signal came meanwhile."""
        training, tally = self.training, self.task.tally()
        with training.holding(weights):
            for _ in judge(
                training.module,
                self.splits.part(part),
                self.splits.preprocessing,
                tally,
                stop=lambda: self.stop.received is not None,
            ):
                pass
        return None if self.stop.received else tally.judgement()

    def _finish(self) -> Iterator[Event]:
        training, progress = self.training, self.training.progress
        measured = self._judge("test", training.best_weights)
        if measured is None:
            yield self._interrupted()
            return
        checkpoint.save_weights(self.run.best, training.best_weights, self._record(progress.best_epoch, measured.top1))
        yield Finished(
            FitResult(
                run=str(self.run.path),
                checkpoint=str(self.run.best),
                epochs=progress.epoch,
                top1=measured.top1,
                seconds=self._seconds(),
                images_per_second=progress.images_per_second,
                model=self.about["model"],
                data=self.about["data"],
                parameters=sum(parameter.size for parameter in training.module.parameters()),
                best_epoch=progress.best_epoch,
                val_top1=progress.best.top1 if progress.best else 0.0,
                test_loss=measured.loss,
                test_images=measured.n,
            )
        )

    def write_derived(self) -> None:
        """What follows from the state: the table of results, and both weight files."""
        training, progress = self.training, self.training.progress
        write_results(self.run, progress.history)
        if training.best_weights:
            checkpoint.save_weights(self.run.best, training.best_weights, self._record(progress.best_epoch, None))
        if progress.epoch and not progress.batch:
            checkpoint.save_weights(self.run.last, training.judged_weights(), self._record(progress.epoch, None))

    def _record(self, epoch: int, top1: float | None) -> dict[str, Any]:
        val_top1 = self.training.progress.history[epoch - 1]["val_top1"]
        return {**self.about, "epoch": epoch, "val_top1": val_top1, "top1": top1, "cnnkit": __version__}

    def _save(self) -> CheckpointSaved:
        self.training.progress.seconds = self._seconds()
        self.log.flush()
        path = checkpoint.save(self.run, self.training, self.log.length, self.about)
        self.saved_at = time.perf_counter()
        return CheckpointSaved(str(path), self.training.progress.step)

    def _close(self, event: Finished | Interrupted) -> None:
        """The last thing written: the state of an interrupted run, the result of a finished one."""
        if isinstance(event, Finished):
            self.log.flush()
            self.run.write_json(self.run.result, event.result.to_json())
        elif self.training.progress.step:
            self._save()

    def _interrupted(self) -> Interrupted:
        step, stop = self.training.progress.step, self.stop
        name = stop.received.name if stop.received else ""
        text = (
            f"{name}: stopped after step {step:,} and saved. " if step else f"{name}: stopped before the first step. "
        )
        return Interrupted(
            str(self.run.path),
            step,
            name,
            stop.exit_code,
            f"{text}Go on with: cnnkit train --resume {shlex.quote(str(self.run.path))}",
        )

    def _is_due(self) -> bool:
        return time.perf_counter() - self.saved_at >= checkpoint.seconds_between()

    def _seconds(self) -> float:
        return self.seconds_before + time.perf_counter() - self.started

    def _seconds_left(self) -> float:
        step = self.training.progress.step
        each = (time.perf_counter() - self.stepping_since) / max(1, step - self.first_step)
        return each * (self.steps - step)


def _sizes(most: int, parts: list[int]) -> list[int]:
    """The batch sizes that occur when parts of these lengths are cut into batches."""
    return sorted({size for n in parts for size in (min(most, n), n % most) if size}, reverse=True)
