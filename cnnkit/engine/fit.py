"""Training: `fit` begins a run, `resume` goes on with one. Both are generators of events.

A run is a function of its options and data alone: whenever it is stopped, by a signal, a full disk or a kill, `resume`
ends with the same weights, bit for bit, as a run that was never stopped.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cnnkit import kernels, models
from cnnkit.config import default_threads
from cnnkit.data.open.splits import DataSplits
from cnnkit.data.split.parts import parts_of, to_csv
from cnnkit.engine.finetune.features import needed
from cnnkit.engine.records.events import Event, Finished, Note, RunStarted
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.run import checkpoint
from cnnkit.engine.run.elsewhere import check_there
from cnnkit.engine.run.find import open_run
from cnnkit.engine.run.folder import Run, create_run
from cnnkit.engine.run.log import Log
from cnnkit.engine.run.manifest import describe
from cnnkit.engine.run.memory import Numbers, check_fits
from cnnkit.engine.run.resume_call import disk_faults_told, given_in_python
from cnnkit.engine.run.state import Progress, Training
from cnnkit.engine.session.assemble import begin, begin_again, go_on
from cnnkit.engine.session.finished import finished, how_to_go_on
from cnnkit.engine.session.loop import Session
from cnnkit.engine.training.loading import training_loader
from cnnkit.engine.training.rate import changed
from cnnkit.engine.training.signals import StopRequest
from cnnkit.engine.use.unseen import digest
from cnnkit.errors import CheckpointError, ShapeError, UsageError
from cnnkit.nn import Module
from cnnkit.serialize import files
from cnnkit.tasks import Task
from cnnkit.tasks.classification import Loss
from cnnkit.tasks.registry import create


def fit(
    options: FitOptions | None = None,
    *,
    module: Module | None = None,
    data: DataSplits | None = None,
    loss: Loss | None = None,
) -> Iterator[Event]:
    """Train from the start in a new run folder; the last event is Finished or Interrupted.

    Args:
        options: what is left None is chosen by the data set.
        module: a network of one's own, instead of the one that `options.model` names; it is trained in place.
        data: opened data, instead of what `options.data` names.
        loss: of the training, instead of the cross-entropy.
    """
    begun = time.perf_counter()
    options = in_force(options or FitOptions())
    with computing(options):
        ready = begin(options, module, data)
        splits, training, options = ready.splits, ready.training, ready.training.options
        task = task_of(options, splits, loss)
        _check_memory(training, splits)
        parts = to_csv(parts_of(splits))
        about = _about(options, splits, task, parts, own=ready.own_module)
        manifest = describe(
            options, task=task.name, data_name=splits.name, data_hash=about["data_sha256"], found=splits.found
        )
        manifest |= {"own_loss": about["own_loss"]}
        with StopRequest() as stop:
            run = create_run(options, task.name, manifest, splits.name, parts)
            with run.held(), disk_faults_told(run.path, about):
                if options.weights is not None:
                    # From here on the run needs the weight file no more.
                    checkpoint.save(run, training, 0, about)
                session = Session(run, training, task, splits, Log(run), about, stop, begun)
                try:
                    yield from _tell(session, ready.notes)
                except (UsageError, ShapeError):
                    # What cannot be trained as it was called leaves no run behind.
                    if not training.progress.step:
                        run.discard()
                    raise


def resume(
    run: str | Path,
    changes: Mapping[str, Any] | None = None,
    *,
    module: Module | None = None,
    data: DataSplits | None = None,
    loss: Loss | None = None,
) -> Iterator[Event]:
    """Go on with a run from its newest whole checkpoint, or from its config if there is none yet.

    Args:
        run: its folder.
        changes: options (of `options.RESUMABLE`) by name; `epochs` may lead past the old end.
        module, data, loss: as they were given to `fit`, if they were.
    """
    folder = open_run(run)
    with folder.held():
        found, notes = checkpoint.newest(folder)
        before = found.options if found else FitOptions.read(folder.config)
        options = changed(before, changes or {}, found.progress if found else Progress())
        if found and (result := finished(folder, options, found.progress)):
            yield Note(how_to_go_on(folder, options, found.progress, result, found.about))
            yield Finished(result, given_in_python(found.about))
            return
        _check_loss(folder, loss, (found.about if found else folder.read_manifest()).get("own_loss"))
        if data is None:
            check_there(options.data, folder.path)
        with computing(options):
            if found:
                ready = go_on(options, found, module, data)
            else:
                ready = begin_again(options, module, data, folder)
                notes.append("No checkpoint was written yet: the run starts again from its config.toml.")
            splits, training, options = ready.splits, ready.training, ready.training.options
            task = task_of(options, splits, loss)
            parts = ready.origin.parts if ready.origin else to_csv(parts_of(splits))
            about = _about(options, splits, task, parts, own=ready.own_module)
            if ready.origin:
                about["data_sha256"] = ready.origin.data_sha256
            _check_memory(training, splits)
            with StopRequest() as stop, disk_faults_told(folder.path, about):
                log = Log(folder, found.events_length if found else 0)
                session = Session(folder, training, task, splits, log, about, stop)
                _settle(session, before, parts, found is not None)
                yield from _tell(
                    session, [*ready.notes, *notes, *session.rate.news(before, session.training.progress.step)]
                )


def _tell(session: Session, notes: list[str]) -> Iterator[Event]:
    splits, training = session.splits, session.training
    started = RunStarted(
        run=str(session.run.path),
        model=session.about["model"],
        data=session.about["data"],
        parameters=sum(parameter.size for parameter in training.module.parameters()),
        train_images=len(splits.train),
        val_images=len(splits.val),
        test_images=len(splits.test),
        epochs=0 if training.options.time else session.course.epochs,
        steps=0 if training.options.time else session.course.steps,
        epoch_steps=session.course.per_epoch,
        step=training.progress.step,
        threads=training.options.threads or default_threads(),
        found=splits.found,
        notes=tuple(notes),
    )
    session.log.add(started)
    yield started
    training.module.train()
    yield from session.events()


def _settle(session: Session, before: FitOptions, parts: bytes, has_state: bool) -> None:
    """Make the folder agree with the state: what a crash left half done, and options that changed."""
    training, run = session.training, session.run
    if has_state:
        if training.options != before:
            session.keeper.save()
        session.keeper.write_derived()
    session.keeper.write_config()
    # They are the same; a run of an older version has none.
    files.write_atomic(run.parts, parts)
    files.remove(run.result)


def _check_loss(run: Run, loss: Loss | None, trained_with: str | None) -> None:
    """A run goes on with the loss that it began with, which no file can keep."""
    if trained_with is not None and loss is None:
        raise CheckpointError(
            f"{run.path} was trained with a loss of its own ({trained_with}), and a run cannot keep a function. "
            "Pass it again, in Python: cnnkit.fit(..., resume_from=run, loss=...)."
        )
    if trained_with is None and loss is not None:
        raise UsageError(f"{run.path} was trained with the cross-entropy, and goes on with it. Leave loss out.")


def _check_memory(training: Training, splits: DataSplits) -> None:
    largest = training_loader(training, splits).batching.sizes()[0]
    check_fits(largest, numbers(training, splits), free_memory(training, splits), training.least_batch)


def numbers(training: Training, splits: DataSplits) -> Numbers:
    """What this network has to do with."""
    H, W, C = splits.preprocessing.shape
    with kernels.shapes_only():
        found = models.summary(training.module, classes=len(splits.classes), in_channels=C, image_size=(H, W))
    return Numbers(
        # A frozen trunk leaves nothing for the way back.
        kept=0 if training.options.freeze == "trunk" else found.activation_floats,
        widest=max((row.floats for row in found.layers), default=0),
        input=H * W * C,
        parameters=found.parameters,
    )


def free_memory(training: Training, splits: DataSplits) -> int | None:
    """Bytes that are left for steps, beside features and decoded pictures; None if unknown."""
    free: int | None = kernels.home().facts().memory
    if free is not None and training.cut is not None:
        free = max(0, free - needed(training.options.views or 0, splits, training.cut))
    if free is not None:
        free = max(0, free - splits.train.growth)
    return free


@contextmanager
def computing(options: FitOptions) -> Iterator[None]:
    """Where, with how many threads and how exactly these options want to compute."""
    with kernels.use(None if options.backend == "auto" else options.backend, options.threads, options.precision):
        yield


def in_force(options: FitOptions) -> FitOptions:
    """Valid options for a new run, which keeps the precision chosen around it: `with kernels.use(precision=...)`."""
    if options.precision == "fast":
        options = options.replace(precision=kernels.precision())
    return options.validate()


def task_of(options: FitOptions, splits: DataSplits, loss: Loss | None = None) -> Task[Any]:
    """The task with the loss that the options want, or that was given."""
    return create(options.task, splits.classes, options=options.to_record(), train=splits.train, loss=loss)


def _about(options: FitOptions, splits: DataSplits, task: Task[Any], parts: bytes, *, own: bool) -> dict[str, Any]:
    """What every checkpoint and weight file says of the network and its data."""
    shape = splits.preprocessing.shape
    return {
        "task": task.name,
        "model": options.model,
        "own_module": own,
        "own_loss": task.own_loss,
        "classes": splits.classes,
        "in_channels": shape[2],
        "image_size": list(shape[:2]),
        "padding": options.padding or "default",
        "precision": options.precision,
        "preprocessing": splits.preprocessing.to_record(),
        "data": splits.name,
        "data_sha256": splits.fingerprint(),
        "parts_sha256": digest(parts),
        "data_options": {
            name: value for name, value in options.to_record().items() if name in ("data", *_DATA_OPTIONS)
        },
        "command": options.command(),
    }


_DATA_OPTIONS = ("image_size", "grey", "seed", "val_fraction", "on_unreadable")
