"""Training: `fit` begins a run, `resume` goes on with one. Both are generators of events.

A run is a function of its options and data alone: whenever it is stopped, by a signal, a full disk or a kill, `resume`
ends with the same weights, bit for bit, as a run that was never stopped.
"""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cnnkit.data.open.splits import DataSplits
from cnnkit.data.split.parts import parts_of, to_csv
from cnnkit.engine.records.events import Event, Finished, Note
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.run import checkpoint
from cnnkit.engine.run.create import create_run
from cnnkit.engine.run.elsewhere import check_there
from cnnkit.engine.run.event_file import check_tensorboard
from cnnkit.engine.run.find import open_run
from cnnkit.engine.run.folder import Run
from cnnkit.engine.run.log import Log
from cnnkit.engine.run.manifest import describe
from cnnkit.engine.run.network import name_of
from cnnkit.engine.run.resume_call import disk_faults_told, given_in_python
from cnnkit.engine.run.state import Progress
from cnnkit.engine.session.assemble import Pieces, begin, begin_again, go_on
from cnnkit.engine.session.computing import computing, computing_anew
from cnnkit.engine.session.finished import finished, how_to_go_on
from cnnkit.engine.session.loop import Session
from cnnkit.engine.session.room import room_for
from cnnkit.engine.training.rate import changed
from cnnkit.engine.training.signals import StopRequest
from cnnkit.engine.use.unseen import digest
from cnnkit.errors import CheckpointError, DeviceError, DeviceMemoryError, ShapeError, UsageError
from cnnkit.nn import Module
from cnnkit.serialize import files
from cnnkit.tasks.own_loss import Loss


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
    with computing_anew(options) as options:
        if options.tensorboard:
            check_tensorboard()
        pieces = begin(options, module, data, loss)
        splits, training, options = pieces.splits, pieces.training, pieces.training.options
        room = room_for(pieces)
        parts = to_csv(parts_of(splits))
        about = _about(pieces, parts)
        manifest = describe(
            options, task=about["task"], data_name=splits.name, data_hash=about["data_sha256"], found=splits.found
        )
        manifest |= {"own_loss": about["own_loss"]}
        with StopRequest() as stop:
            run = create_run(options, about["task"], manifest, splits.name, parts)
            with run.held(), disk_faults_told(run.path, about):
                if options.weights is not None:
                    # From here on the run needs the weight file no more.
                    checkpoint.save(run, training, 0, about)
                try:
                    log = Log(run, tensorboard=options.tensorboard)
                    yield from Session(run, pieces, log, about, stop, begun, room).events(pieces.notes)
                except (UsageError, ShapeError, DeviceError, DeviceMemoryError):
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
        if options.tensorboard:
            check_tensorboard()
        if found and (result := finished(folder, options, found.progress)):
            yield Note(how_to_go_on(folder, options, found.progress, result, found.about))
            yield Finished(result, given_in_python(found.about))
            return
        _check_loss(
            folder,
            loss,
            (found.about if found else folder.read_manifest()).get("own_loss"),
            options.loss or "the cross-entropy",
        )
        if data is None:
            check_there(options.data, folder.path)
        with computing(options):
            if found:
                pieces = go_on(options, found, module, data, loss)
            else:
                pieces = begin_again(options, module, data, folder, loss)
                notes.append("No checkpoint was written yet: the run starts again from its config.toml.")
            parts = pieces.origin.parts if pieces.origin else to_csv(parts_of(pieces.splits))
            about = _about(pieces, parts)
            if pieces.origin:
                about["data_sha256"] = pieces.origin.data_sha256
            room = room_for(pieces)
            with StopRequest() as stop, disk_faults_told(folder.path, about):
                log = Log(folder, found.events_length if found else 0, tensorboard=options.tensorboard)
                session = Session(folder, pieces, log, about, stop, room=room)
                _settle(session, before, parts, found is not None)
                news = session.rate.news(before, pieces.training.progress.step)
                yield from session.events([*pieces.notes, *notes, *news])


def _settle(session: Session, before: FitOptions, parts: bytes, has_state: bool) -> None:
    """Make the folder agree with the state: what a crash left half done, and options that changed."""
    training, run = session.training, session.keeper.run
    if has_state:
        if training.options != before:
            session.keeper.save()
        session.keeper.write_derived()
    session.keeper.write_config()
    # They are the same; a run of an older version has none.
    files.write_atomic(run.parts, parts)
    files.remove(run.result)


def _check_loss(run: Run, loss: Loss | None, trained_with: str | None, of_ours: str) -> None:
    """A run goes on with the loss that it began with, which no file can keep."""
    if trained_with is not None and loss is None:
        raise CheckpointError(
            f"{run.path} was trained with a loss of its own ({trained_with}), and a run cannot keep a function. "
            "Pass it again, in Python: cnnkit.fit(..., resume_from=run, loss=...)."
        )
    if trained_with is None and loss is not None:
        raise UsageError(f"{run.path} was trained with {of_ours}, and goes on with it. Leave loss out.")


def _about(pieces: Pieces, parts: bytes) -> dict[str, Any]:
    """What every checkpoint and weight file says of the network and its data."""
    options, splits, task = pieces.training.options, pieces.splits, pieces.task
    shape, settings = splits.preprocessing.shape, task.settings()
    return {
        "task": task.name,
        "model": options.model if pieces.own_module else name_of(options),
        "own_module": pieces.own_module,
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
        **({"cfg": options.cfg} if options.cfg is not None else {}),
        # Tasks without any have records as they were before there were others.
        **({"settings": dict(settings)} if settings else {}),
    }


_DATA_OPTIONS = ("image_size", "fit", "grey", "ignore", "seed", "val_fraction", "on_unreadable")
