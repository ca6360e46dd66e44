"""The test part of a run, gone through once more with the weights that were kept: all numbers, and the worst images."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, final

from cnnkit import kernels
from cnnkit.data.open.splits import DataSplits
from cnnkit.data.picture.sheet import Tile
from cnnkit.data.sets.base import Dataset
from cnnkit.engine.evaluate import passing
from cnnkit.engine.records.events import Event, Note
from cnnkit.engine.records.results import DataChanges
from cnnkit.engine.use.predictor import Predictor
from cnnkit.tasks import Tally, Task
from cnnkit.tasks.measured import Measured


@final
@dataclass(frozen=True)
class Judged:
    """measured: all that an evaluation tells.   tally, part: what was counted, and of which images, in one order.

    task: which made them.   split: the part's name.   notes: what was judged, sentences.
    worst: (the row of measured.top_losses, what shows it), the most wrong image first.
    """

    measured: Measured
    part: Dataset
    tally: Tally
    task: Task[Any]
    split: str
    notes: tuple[str, ...]
    changes: DataChanges | None
    worst: tuple[tuple[Any, tuple[Tile, ...]], ...]


def judging(
    predictor: Predictor, data: DataSplits | None = None, *, split: str = "test", worst: int = 0
) -> Generator[Event, None, Judged]:
    """Judge a network on the images that its run set aside; its value is Judged.

    data: opened, where no file holds them.   worst: how many of the worst images to show, where the task names some.
    """
    task, notes = predictor.task, []
    many = worst if task.worst else 0
    with kernels.use(precision=predictor.precision):
        events = passing(predictor, data, split=split, top_losses=many)
        while True:
            try:
                event = next(events)
            except StopIteration as end:
                passed = end.value
                break
            if isinstance(event, Note):
                notes.append(event.text)
            yield event
        measured = task.measured(passed.tally, passed.part, top_losses=many, source=predictor.source)
        shown = tuple(
            (row, tuple(task.tiles(passed.part, row, number, passed.tally)))
            for number, row in enumerate(measured.top_losses, 1)
        )
    return Judged(measured, passed.part, passed.tally, task, split, tuple(notes), passed.changes, shown)
