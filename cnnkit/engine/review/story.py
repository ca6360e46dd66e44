"""What happened in a run: its curves, its epochs and how it ended, told event by event, or read from events.jsonl.

The file may be damaged, cut or from somebody else: a line that is no event is counted and passed over.
"""

import csv
import json
import math
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, final

from cnnkit.engine.records.events import EpochEnd, Event, Finished, Interrupted, Note, RunStarted, StepEnd
from cnnkit.engine.review.thin import Thin
from cnnkit.engine.run.folder import Run
from cnnkit.serialize.files import open_plain, read_whole

# Bytes of a line that can be an event; of the table of epochs; notes and epochs that are kept.
_LONGEST_LINE, _LARGEST_TABLE, _MOST_NOTES, _MOST_EPOCHS = 2**20, 64 * 2**20, 200, 100_000
_FROM_THE_START = ("run", "model", "data", "found", "task", "parameters", "train_images", "val_images", "test_images")

Row = dict[str, float]


@final
class Story:
    """A run as its events tell it.

    started: the fields of RunStarted, texts and numbers.   notes: what the user was told.
    loss, lr: over the steps.   epochs: the last row of each epoch by its number, numbers by name as in results.csv.
    step, steps, seconds_left: where it stands.   ended: "Finished", "Interrupted" or "".   text: what was said then.
    damaged: lines that are no events.
    """

    def __init__(self) -> None:
        self.started: dict[str, Any] = {}
        self.notes: list[str] = []
        self.loss, self.lr = Thin(), Thin()
        self.epochs: dict[int, Row] = {}
        self.step = self.steps = self.damaged = 0
        self.seconds_left: float | None = None
        self.ended = self.text = ""

    def tell(self, event: Event) -> None:
        """An event as it happens; a step costs next to nothing."""
        if isinstance(event, StepEnd):
            self._stepped(event.step, event.steps, event.loss, event.lr, event.seconds_left)
        elif isinstance(event, EpochEnd | RunStarted | Note | Interrupted | Finished):
            self.read(event.to_record())

    def read(self, record: Mapping[str, Any]) -> None:
        """An event as a line of events.jsonl has it; what is none counts as damaged."""
        kind = record.get("event")
        if kind == "StepEnd":
            numbers = [number_of(record.get(name)) for name in ("step", "steps", "loss", "lr", "seconds_left")]
            step, steps, loss, lr, left = numbers
            if step is None or loss is None:
                self.damaged += 1
            else:
                self._stepped(int(step), int(steps or 0), loss, lr, left)
        elif kind == "EpochEnd":
            row, epoch = numbers_of(record), number_of(record.get("epoch"))
            if epoch is None or len(self.epochs) >= _MOST_EPOCHS:
                self.damaged += 1
            else:
                self.epochs[int(epoch)] = row
        elif kind == "RunStarted":
            told = {name: record.get(name) for name in _FROM_THE_START}
            self.started = {name: value for name, value in told.items() if isinstance(value, str) or _whole(value)}
            self.ended = self.text = ""
            self._note(*_texts(record.get("notes")))
        elif kind == "Note":
            self._note(*_texts([record.get("text")]))
        elif kind in ("Interrupted", "Finished"):
            self.ended, self.text = kind, str(record.get("text", ""))[:1000]

    def _stepped(self, step: int, steps: int, loss: float, lr: float | None, left: float | None) -> None:
        self.step, self.steps, self.seconds_left = step, steps, left
        self.loss.add(step, loss)
        if lr is not None:
            self.lr.add(step, lr)

    def _note(self, *texts: str) -> None:
        self.notes += [text for text in texts if text not in self.notes][: _MOST_NOTES - len(self.notes)]

    @property
    def rows(self) -> list[Row]:
        """The epochs in their order."""
        return [self.epochs[epoch] for epoch in sorted(self.epochs)]

    def curve(self, column: str) -> list[tuple[float, float]]:
        """(epoch, value) of the epochs that have this column."""
        return [(row["epoch"], row[column]) for row in self.rows if column in row]

    def speed(self) -> list[tuple[float, float]]:
        """(epoch, images per second of its training steps).

        Rows say it of all steps so far, r_k after s_k of them, so that s_k / r_k is proportional to the time t_k:
        the rate of epoch k is (s_k - s_{k-1}) / (s_k / r_k - s_{k-1} / r_{k-1}).
        """
        told = [row for row in self.rows if row.get("step", 0) > 0 and row.get("images_per_second", 0) > 0]
        times = [row["step"] / row["images_per_second"] for row in told]
        found = [(told[0]["epoch"], told[0]["images_per_second"])] if told else []
        for (before, row), (began, ended) in zip(pairwise(told), pairwise(times), strict=True):
            if ended > began and row["step"] > before["step"]:
                found.append((row["epoch"], (row["step"] - before["step"]) / (ended - began)))
        return found


def story_of(run: Run) -> Story:
    """What the files of a run tell of it; an empty story where there are none."""
    story = Story()
    for line in _lines(run, story):
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            story.damaged += 1
            continue
        if isinstance(record, dict):
            story.read(record)
        else:
            story.damaged += 1
    if not story.epochs:
        for row in _table(run):
            story.read({"event": "EpochEnd", **row})
    return story


def numbers_of(record: Mapping[str, Any]) -> Row:
    """What in it is a number, by name."""
    found = {str(name)[:80]: number_of(value) for name, value in record.items()}
    return {name: value for name, value in found.items() if value is not None}


def _lines(run: Run, story: Story) -> Iterator[bytes]:
    """The lines of events.jsonl, one after the other; a file without an end of line is never held as a whole."""
    try:
        with open_plain(run.events) as file:
            while line := file.readline(_LONGEST_LINE):
                if line.strip():
                    yield line
    except FileNotFoundError:
        return
    except OSError:
        story.damaged += 1


def _table(run: Run) -> list[dict[str, Any]]:
    """The rows of results.csv, with numbers where there are some; none where it cannot be read."""
    try:
        text = read_whole(run.results, _LARGEST_TABLE).decode()
        rows = list(csv.DictReader(text.splitlines()))
    except (OSError, ValueError, csv.Error):
        return []
    return [{str(name): _parsed(value) for name, value in row.items()} for row in rows[:_MOST_EPOCHS]]


def _parsed(text: object) -> object:
    try:
        return float(str(text))
    except ValueError:
        return text


def _whole(value: object) -> bool:
    return isinstance(value, int) and number_of(value) is not None


def number_of(value: object) -> float | None:
    """A finite number; yes and no count as 1 and 0."""
    try:
        number = float(value) if isinstance(value, int | float) else math.nan
    except OverflowError:
        return None
    return number if math.isfinite(number) and abs(number) < 1e300 else None


def _texts(value: object) -> list[str]:
    return [text[:2000] for text in value if isinstance(text, str)] if isinstance(value, list | tuple) else []
