"""`--tensorboard`: the curves of a run as TensorBoard reads them, in `tensorboard/` of its folder.

Each step and each epoch leaves its numbers at the step they belong to: step/loss, step/lr, step/images_per_second,
epoch/train_loss, epoch/val_loss, test/top1 and so on, by the names of events.jsonl. A run that goes on writes a new
file from that log, which was cut back to the state, and drops the old one: no step is there twice, and steps that were
trained without the option are there too.
"""

import io
import json
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, final

from cnnkit.engine.records.events import EpochEnd, Event, Finished, StepEnd
from cnnkit.engine.run.folder import Run
from cnnkit.errors import CnnkitError
from cnnkit.serialize import files

# What TensorBoard calls the version of such a file.
_VERSION = "brain.Event:2"
# Seconds after which numbers are written, though no state is saved: somebody may be looking.
_EVERY = 5.0
# Columns that are counted, not measured.
_COUNTS = {"event", "epoch", "epochs", "step", "steps", "batch", "batches", "seconds_left", "best"}
# A float32 holds no more.
_LARGEST = 3e38
# A line of events.jsonl has a few hundred bytes.
_LONGEST_LINE = 1 << 20

Record = Mapping[str, Any]


def check_tensorboard() -> None:
    """CnnkitError where the package that defines such files is not installed."""
    try:
        import tensorboard.summary.writer.record_writer  # noqa: F401
    except ImportError as error:
        raise CnnkitError(
            '--tensorboard needs the package tensorboard. Install it: pip install "cnnkit[tensorboard]". '
            "Or leave --tensorboard out."
        ) from error


@final
class EventFile:
    """The file of one process's share of a run; what was before it in the log comes first."""

    def __init__(self, run: Run) -> None:
        from tensorboard.compat.proto import event_pb2
        from tensorboard.plugins.scalar.summary_v2 import scalar_pb
        from tensorboard.summary.writer.record_writer import RecordWriter

        self._event, self._scalar, self._writer = event_pb2.Event, scalar_pb, RecordWriter
        self._waiting: list[bytes] = []
        self._written_at = time.monotonic()
        _make_room(run.tensorboard)
        old = run.event_files
        # TensorBoard reads files in the order of their names, and takes them for its own by "tfevents".
        number = 1 + max((int(path.name.split(".")[3]) for path in old), default=0)
        self._path = run.tensorboard / f"events.out.tfevents.{number:010d}.cnnkit"
        begun = (run.started() or datetime.now(UTC)).timestamp()
        records = [self._event(wall_time=begun, file_version=_VERSION)]
        if old:
            # A TensorBoard that is open drops what the old file told it.
            again = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
            records.append(self._event(wall_time=begun, session_log=again))
        records += [self._made(record, begun + seconds) for seconds, record in _timed(_lines(run.events))]
        files.write_atomic(self._path, b"".join(map(self._framed, records)))
        for path in old:
            files.remove(path)

    def add(self, event: Event) -> None:
        """Keep the numbers of an event; they are written after a few seconds, or by `flush`."""
        if isinstance(event, StepEnd | EpochEnd | Finished):
            self._waiting.append(self._framed(self._made(event.to_record(), time.time())))
            if time.monotonic() - self._written_at >= _EVERY:
                self.flush()

    def flush(self) -> None:
        """Write what is waiting, durably."""
        if self._waiting:
            files.append(self._path, b"".join(self._waiting))
            self._waiting.clear()
        self._written_at = time.monotonic()

    def _made(self, record: Record, at: float) -> Any:
        """The event of TensorBoard for a line of the log."""
        event = self._event(wall_time=at, step=_step(record))
        for tag, value in _numbers(record):
            event.summary.value.extend(self._scalar(tag, value).value)
        return event

    def _framed(self, event: Any) -> bytes:
        """Its bytes with length and checksums around them."""
        framed = io.BytesIO()
        self._writer(framed).write(event.SerializeToString())
        return framed.getvalue()


def _make_room(folder: Path) -> None:
    files.check_real_folder(folder)
    if not folder.is_dir():
        files.make_folder(folder)


def _lines(path: Path) -> Iterator[Record]:
    """The steps, epochs and ends in a log, as far as its lines are what they should be."""
    try:
        file = files.open_plain(path)
    except OSError:
        return
    with file:
        while line := file.readline(_LONGEST_LINE):
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(record, dict) and str(record.get("event")) in _STEP_OF and 0 <= _step(record) < 2**63:
                yield record


def _timed(records: Iterator[Record]) -> Iterator[tuple[float, Record]]:
    """Each with its seconds since the training began: an epoch's end tells them, steps are spread between two ends."""
    waiting: list[Record] = []
    last = 0.0
    for record in records:
        waiting.append(record)
        now = record.get("seconds")
        if record["event"] == "EpochEnd" and isinstance(now, int | float) and last <= now < 1e10:
            for k, earlier in enumerate(waiting, 1):
                yield last + (now - last) * k / len(waiting), earlier
            last = now
            waiting.clear()
    for record in waiting:
        yield last, record


def _result(record: Record) -> Record:
    found = record.get("result")
    return found if isinstance(found, dict) else {}


# Where the step of an event stands.
_STEP_OF: Mapping[str, Callable[[Record], object]] = {
    "StepEnd": lambda record: record.get("step"),
    "EpochEnd": lambda record: record.get("step"),
    "Finished": lambda record: _result(record).get("steps"),
}


def _step(record: Record) -> int:
    """The step that a line belongs to; -1 where it tells none."""
    step = _STEP_OF[record["event"]](record)
    return step if isinstance(step, int) and not isinstance(step, bool) else -1


def _numbers(record: Record) -> list[tuple[str, float]]:
    """(tag, value) of all that was measured."""
    if record["event"] == "Finished":
        result = _result(record)
        found = {"loss": result.get("test_loss")} | {n: v for n, v in result.items() if f"val_{n}" in result}
        return _tagged("test", found)
    measured = {name: value for name, value in record.items() if name not in _COUNTS}
    return _tagged("step" if record["event"] == "StepEnd" else "epoch", measured)


def _tagged(where: str, values: Record) -> list[tuple[str, float]]:
    return [
        (f"{where}/{name}", float(value))
        for name, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST
    ]
