"""Before the first step of a network that looks only where a search says: the proposals of all pictures.

They are looked for once, by all threads, and kept beside the state, so that a run that goes on looks for the others
alone. The file is a cache: read only where it is whole and belongs to these images, and removed when the run ends.
"""

import hashlib
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any, final

import numpy as np

from cnnkit.data.load.prefetch import Job, made_ahead
from cnnkit.data.open.splits import PARTS, DataSplits
from cnnkit.data.sets.boxes.searched import ROOM, Searched
from cnnkit.engine.records.events import Event, Note, PhaseStep
from cnnkit.engine.run import checkpoint
from cnnkit.engine.run.folder import Run
from cnnkit.errors import CheckpointError, CnnkitError
from cnnkit.kernels.host import get_threads
from cnnkit.nn import Module
from cnnkit.serialize import files, safe
from cnnkit.tasks import Task

SEARCHING = "selective search: picture"
# Pictures of a part whose search is timed where nothing but time is asked for.
FEW = 8
# What the file's header has at most, and the count of a picture that was not looked at.
HEADER, UNKNOWN = 1 << 16, -1


def seen_by(task: Task[Any], module: Module, splits: DataSplits) -> DataSplits:
    """The data as this network needs them; parts that are one stay one."""
    made = {id(part): task.seen_by(module, part) for part in map(splits.part, PARTS)}
    train, val, test = (made[id(splits.part(name))] for name in PARTS)
    return replace(splits, train=train, val=val, test=test)


def searched_parts(splits: DataSplits) -> list[Searched]:
    """Those that are searched, each once."""
    parts = {id(part): part for part in map(splits.part, PARTS)}.values()
    return [part for part in parts if isinstance(part, Searched)]


def foreseen(splits: DataSplits) -> float:
    """Seconds that the search takes, by a few pictures of each part; 0 where none is searched.

    What is found in these is then taken for what is in the others, so that steps can be timed without a search.
    """
    seconds = 0.0
    for part in searched_parts(splits):
        some, begun = min(len(part), FEW), time.perf_counter()
        with closing(_looked((part, index) for index in range(some))) as looked:
            deque(looked, maxlen=0)
        seconds += (time.perf_counter() - begun) * len(part) / max(1, some)
        found = [corners for index in range(some) if (corners := part.found(index)) is not None]
        for index in range(some, len(part)):
            part.keep(index, found[index % len(found)])
    return seconds


def _looked(pictures: Iterable[tuple[Searched, int]]) -> Generator[int]:
    """Search them, by all threads; anything for each, as soon as it is done."""
    jobs = (Job([partial(part.__getitem__, index)], len) for part, index in pictures)
    return made_ahead(jobs, workers=get_threads(), depth=2 * get_threads())


@final
class Proposing:
    """check: called between two pictures, to raise an end."""

    def __init__(self, run: Run, splits: DataSplits, check: Callable[[], None]) -> None:
        self.path, self.check = run.proposals, check
        self.parts = searched_parts(splits)
        self.pictures = [(part, index) for part in self.parts for index in range(len(part))]
        told = (splits.fingerprint(), splits.preprocessing.text, [part.places for part in self.parts])
        self.key = hashlib.sha256(repr(told).encode()).hexdigest()

    def events(self) -> Iterator[Event]:
        """Look at every picture that no file tells of; nothing, where no part is searched."""
        if not self.parts:
            return
        self._take()
        todo = [(part, index) for part, index in self.pictures if part.found(index) is None]
        done, total = len(self.pictures) - len(todo), len(self.pictures)
        kept_at = time.perf_counter()
        with closing(_looked(todo)) as looked:
            try:
                for _ in looked:
                    done += 1
                    yield PhaseStep(SEARCHING, done, total)
                    self.check()
                    if time.perf_counter() - kept_at >= checkpoint.seconds_between():
                        self._keep()
                        kept_at = time.perf_counter()
            finally:
                text = self._keep() if todo else None
        if text:
            yield Note(text)

    def _keep(self) -> str | None:
        """Write what was found; a note where it is not kept, for a run does not fail of that."""
        found = [part.found(index) for part, index in self.pictures]
        counts = np.array([UNKNOWN if corners is None else len(corners) for corners in found], np.int64)
        corners = np.concatenate([np.empty((0, 4), np.float32), *(c for c in found if c is not None)])
        try:
            safe.save(self.path, {"counts": counts, "corners": corners}, {"kind": "proposals", "key": self.key})
        except CnnkitError as error:
            files.remove(self.path)
            return f"The proposals are not saved ({error}) If the run is resumed, they are looked for again."
        return None

    def _take(self) -> None:
        """What the run's file tells of these pictures, if it is whole and belongs to them."""
        most = sum(16 * part.places * len(part) for part in self.parts)
        try:
            if self.path.stat().st_size > min(most, ROOM * len(self.parts)) + 8 * len(self.pictures) + HEADER:
                return
            arrays, record = safe.load(self.path)
        except (CheckpointError, OSError):
            return
        counts, corners = arrays.get("counts"), arrays.get("corners")
        if record.get("key") == self.key and counts is not None and corners is not None:
            self._adopt(counts, corners)

    def _adopt(self, counts: Any, corners: Any) -> None:
        if counts.dtype != np.int64 or counts.shape != (len(self.pictures),) or counts.min(initial=0) < UNKNOWN:
            return
        if corners.dtype != np.float32 or corners.shape != (int(np.maximum(counts, 0).sum()), 4):
            return
        ends = np.cumsum(np.maximum(counts, 0))
        for (part, index), count, end in zip(self.pictures, counts.tolist(), ends.tolist(), strict=True):
            if 0 <= count <= part.places:
                part.keep(index, corners[end - count : end])
