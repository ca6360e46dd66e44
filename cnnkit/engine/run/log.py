"""events.jsonl and results.csv.

Events are kept in memory between checkpoints and written just before each: what lies behind a checkpoint is cut off on
resume, so writing more often would be in vain. The table is made anew from the checkpoint's history.
"""

import csv
import io
from typing import Any, final

from cnnkit.engine.records.events import Event
from cnnkit.engine.run.event_file import EventFile
from cnnkit.engine.run.folder import Run
from cnnkit.serialize import files, plain_json


@final
class Log:
    """events.jsonl, and how long it is as far as it was written.

    tensorboard: whether the numbers go into a file for TensorBoard too.
    """

    def __init__(self, run: Run, length: int = 0, *, tensorboard: bool = False) -> None:
        self._run = run
        self._waiting: list[Event] = []
        self.length = length
        files.cut_back(run.events, length)
        self._event_file = EventFile(run) if tensorboard else None

    def add(self, event: Event) -> None:
        """Keep an event for the next `flush`."""
        self._waiting.append(event)
        if self._event_file is not None:
            self._event_file.add(event)

    def flush(self) -> None:
        """Write what is waiting, durably."""
        if self._waiting:
            lines = "".join(plain_json.text(event.to_record()) + "\n" for event in self._waiting)
            self.length = files.append(self._run.events, lines.encode())
            self._waiting.clear()
        if self._event_file is not None:
            self._event_file.flush()


def write_results(run: Run, history: list[dict[str, Any]]) -> None:
    """results.csv: a row for each epoch done."""
    text = io.StringIO()
    if history:
        writer = csv.DictWriter(text, list(history[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(history)
    files.write_atomic(run.results, text.getvalue().encode())
