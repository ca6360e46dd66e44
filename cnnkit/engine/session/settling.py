"""Behind the last step: what some networks learn without a gradient, phase by phase, from the best weights on.

What is done of a phase is kept in files beside the state, so that a training that was ended in between does the rest
alone. They are a cache: read only where they are whole and follow from these weights and images, and removed when the
run ends.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, final

from cnnkit import kernels
from cnnkit.data.open.splits import DataSplits
from cnnkit.engine.records.events import PhaseStep
from cnnkit.engine.run.folder import Run
from cnnkit.engine.run.state import Training
from cnnkit.errors import CheckpointError, CnnkitError
from cnnkit.kernels.shared.array import Array, Host
from cnnkit.serialize import files, safe
from cnnkit.tasks import Task

# Bytes of all files together.
LARGEST = 2 << 30


@final
@dataclass
class KeptPieces:
    """Arrays by name, in a file each.   key: of all that they follow from.   room: bytes that may yet be kept."""

    run: Run
    key: str
    room: int = field(default=LARGEST, init=False)

    def take(self, name: str) -> Mapping[str, Host] | None:
        """What was kept under this name, if it is whole and belongs to the key."""
        path = self.run.piece(name)
        try:
            arrays, record = safe.load(path) if path.is_file() else ({}, {})
        except (CheckpointError, OSError):
            return None
        return arrays if record.get("key") == self.key else None

    def keep(self, name: str, arrays: Mapping[str, Host]) -> None:
        """Write arrays, as long as there is room; a run does not fail of a full disk for that."""
        size = sum(array.nbytes for array in arrays.values())
        if size > self.room:
            return
        try:
            safe.save(self.run.piece(name), arrays, {"kind": "piece", "key": self.key})
            self.room -= size
        except CnnkitError:
            files.remove(self.run.piece(name))


def settled(
    run: Run, training: Training, task: Task[Any], splits: DataSplits, check: Callable[[], None]
) -> Iterator[PhaseStep]:
    """Let the best weights learn what is left; each piece is told.   check: called behind each, to raise an end."""
    told = False
    with training.holding(training.best_weights), training.module.keeping_modes():
        training.module.eval()
        kept = KeptPieces(run, _key(training.best_weights, splits))
        for phase, done, total in task.settle(training.module, splits.train, splits.preprocessing, kept):
            told = True
            yield PhaseStep(phase, done, total)
            check()
        if told:
            training.keep_as_best()


def _key(weights: Mapping[str, Array], splits: DataSplits) -> str:
    digest = hashlib.sha256(f"{splits.fingerprint()} {splits.preprocessing.text}".encode())
    for name, array in sorted(weights.items()):
        digest.update(f"{name} {array.shape}".encode() + kernels.of(array).fetch(array).tobytes())
    return digest.hexdigest()
