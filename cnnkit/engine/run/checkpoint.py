"""Checkpoints: state/step-N.safetensors is the truth, from which everything else in a run folder can be made again.

A checkpoint holds the whole state, the best weights too; weights/*.safetensors are written after it, and written again
from it on resume. So whatever moment a crash chose, the newest whole checkpoint decides alone how the run goes on.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from cnnkit import kernels
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.run.about import checked
from cnnkit.engine.run.folder import Run
from cnnkit.engine.run.state import Progress, Training
from cnnkit.errors import CheckpointError, NumericError, UsageError
from cnnkit.kernels.shared.array import Array
from cnnkit.serialize import files, safe
from cnnkit.serialize.fields import check
from cnnkit.tasks.registry import find

GENERATIONS = 2
# Options that a training has chosen before its first state.
_CHOSEN = ("model", "batch_size", "lr", "optimiser", "schedule", "augment")
_NAME = re.compile(r"step-(\d+)\.safetensors")


@final
@dataclass(frozen=True)
class Checkpoint:
    """A state as read from disk.  events_length: of events.jsonl.  about: the network and its data."""

    path: Path
    arrays: Mapping[str, Array]
    options: FitOptions
    progress: Progress
    events_length: int
    about: dict[str, Any]


def seconds_between() -> float:
    """The longest time without a checkpoint: `CNNKIT_CHECKPOINT_SECONDS`, else 60."""
    try:
        return max(0.0, float(os.environ.get("CNNKIT_CHECKPOINT_SECONDS", "60")))
    except ValueError:
        return 60.0


def save(run: Run, training: Training, events_length: int, about: dict[str, Any]) -> Path:
    """Write the state, then drop the generations before the last two; weights that are not finite are refused."""
    progress = training.progress
    if not training.is_finite():
        raise NumericError(
            f"The weights are no longer finite after step {progress.step} (epoch {progress.epoch + 1}). {kept(run)} "
            "Try a lower --lr, or --clip 1."
        )
    record = {
        "kind": "state",
        "options": training.options.to_record(),
        "progress": progress.to_record(),
        "events_length": events_length,
        "about": about,
    }
    path = run.states / f"step-{progress.step:08d}.safetensors"
    safe.save(path, training.arrays(), record)
    for old in generations(run)[GENERATIONS:]:
        files.remove(old)
    return path


def save_weights(path: Path, arrays: Mapping[str, Array], record: dict[str, Any]) -> None:
    """Write a file for use, not for going on: weights and what is needed to predict with them."""
    safe.save(path, arrays, {"kind": "weights", **record})


def generations(run: Run) -> list[Path]:
    """The state files, the newest first."""
    found = [(int(match[1]), path) for path in run.states.glob("step-*") if (match := _NAME.fullmatch(path.name))]
    return [path for _, path in sorted(found, reverse=True)]


def newest(run: Run) -> tuple[Checkpoint | None, list[str]]:
    """The newest whole checkpoint, and a note on each that was passed over; None where no checkpoint was written yet.

    A damaged file is renamed, not deleted, so that it is neither taken for a generation nor lost.
    """
    notes = []
    paths = generations(run)
    for path in paths:
        try:
            checkpoint = read(path)
        except CheckpointError as error:
            notes.append(str(error))
            continue
        for damaged in paths[: paths.index(path)]:
            files.rename(damaged, damaged.with_suffix(".damaged"))
        if notes:
            notes.append(f"Resuming from the previous state, {path.name}.")
        return checkpoint, notes
    if notes:
        raise CheckpointError(f"No checkpoint in {run.states} is whole. {notes[0]} Its options are in {run.config}.")
    return None, []


def read(path: Path) -> Checkpoint:
    """One state file."""
    arrays, record = safe.load(path)
    if record.get("kind") == "weights":
        raise CheckpointError(f"{path} holds weights, not the state of a training. Resume the run folder.")
    try:
        check("its record", "kind", record.get("kind"), str)
        options = _options(record.get("options"))
        progress = Progress.from_record(record.get("progress"), find(options.task))
        if options.steps is None and len(progress.history) > (options.epochs or 0) and options.time is None:
            raise ValueError(f"history has {len(progress.history)} rows, but the run {options.epochs} epochs")
        length = check("its record", "events_length", record.get("events_length"), int)
        for name, array in arrays.items():
            if array.dtype.kind == "f" and not kernels.of(array).all_finite([array]):
                raise ValueError(f"{name} has numbers that are not finite")
    except (ValueError, UsageError) as error:
        raise CheckpointError(f"{path} is not a state of this version of cnnkit: {error}.") from error
    return Checkpoint(path, arrays, options, progress, length, checked(record.get("about"), str(path)))


def _options(record: object) -> FitOptions:
    if not isinstance(record, dict):
        raise ValueError(f"options is {record!r:.60}, expected named options")
    options = FitOptions.from_values(record, "its options").validate()
    if missing := [name for name in _CHOSEN if getattr(options, name) is None]:
        raise ValueError(f"options does not say the {missing[0]}")
    return options


def kept(run: Run) -> str:
    """A sentence for an error: which state is left to go on from."""
    paths = generations(run)
    return f"The last good state is kept: {paths[0]}." if paths else "No state has been saved yet."
