"""events.jsonl and results.csv: kept in memory between checkpoints, written just before each.

What lies behind a checkpoint's lengths is cut off on resume, so writing more often would only write it in vain.
"""

import csv
import io
import json
from collections.abc import Iterable

from cnnkit.engine.events import EpochEnd, Event
from cnnkit.engine.run import Run
from cnnkit.serialize import files

_COLUMNS = (
    "epoch",
    "step",
    "train_loss",
    "train_accuracy",
    "val_loss",
    "val_top1",
    "lr",
    "seconds",
    "images_per_second",
    "best",
)


class Log:
    """The two files, and how long they are as far as they were written."""

    def __init__(self, run: Run, events_length: int = 0, results_length: int = 0) -> None:
        self._run = run
        self._waiting: list[Event] = []
        self.events_length, self.results_length = events_length, results_length
        files.cut_back(run.events, events_length)
        files.cut_back(run.results, results_length)

    def add(self, event: Event) -> None:
        """Keep an event for the next `flush`."""
        self._waiting.append(event)

    def flush(self) -> None:
        """Write what is waiting, durably."""
        if not self._waiting:
            return
        lines = "".join(json.dumps(event.to_record()) + "\n" for event in self._waiting)
        self.events_length = files.append(self._run.events, lines.encode())
        ends = [event for event in self._waiting if isinstance(event, EpochEnd)]
        self._waiting.clear()
        if ends:
            self.results_length = files.append(self._run.results, _rows(ends, with_header=self.results_length == 0))


def _rows(ends: Iterable[EpochEnd], *, with_header: bool) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if with_header:
        writer.writerow(_COLUMNS)
    for end in ends:
        writer.writerow([getattr(end, column) for column in _COLUMNS])
    return text.getvalue().encode()
