"""What training and evaluation tell while they work. The last event of `fit` is Finished or Interrupted."""

from dataclasses import asdict, dataclass, field
from typing import Any, final

from cnnkit.engine.records.results import EvaluateResult, FitResult
from cnnkit.tasks.columns import Columned, Values, columns
from cnnkit.tasks.registry import DEFAULT


@dataclass(frozen=True)
class Event:
    """Abstract: something worth showing."""

    def to_record(self) -> dict[str, Any]:
        """The event as one line of events.jsonl: its name and its fields."""
        return {"event": type(self).__name__, **asdict(self)}


@final
@dataclass(frozen=True)
class RunStarted(Event):
    """A run begins, or goes on at `step`; epochs and steps are 0 where a time is yet to be turned into them.

    found: what lies in the data, a sentence.  notes: what the user should know.
    """

    run: str
    model: str
    data: str
    parameters: int
    train_images: int
    val_images: int
    test_images: int
    epochs: int
    steps: int
    epoch_steps: int
    step: int
    threads: int
    found: str
    notes: tuple[str, ...] = ()
    task: str = DEFAULT


@final
@dataclass(frozen=True)
class Compiling(Event):
    """Kernel `done` of `total` is compiled, or (cached) loaded: once per machine."""

    done: int
    total: int
    name: str
    cached: bool


@final
@dataclass(frozen=True)
class TrunkStep(Event):
    """`done` of `total` pictures went through the frozen trunk."""

    done: int
    total: int


@final
@dataclass(frozen=True)
class PhaseStep(Event):
    """`done` of `total` pieces of a phase that is no step of a training, such as "selective search: picture"."""

    phase: str
    done: int
    total: int


@dataclass(frozen=True, repr=False)
class ColumnedEvent(Columned, Event):
    """Abstract: an event with numbers that the task names."""

    def to_row(self) -> dict[str, Any]:
        """Its fields, as a row of a table."""
        return Columned.to_record(self)

    def to_record(self) -> dict[str, Any]:
        return {"event": type(self).__name__, **self.to_row()}


@final
@dataclass(frozen=True, repr=False)
class StepEnd(ColumnedEvent):
    """One step is done; step counts from 1 to steps through the whole run, batch to batches within its epoch.

    running: the task's running metrics of this step, such as accuracy.   images_per_second: of all steps so far.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    batch: int
    batches: int
    loss: float
    running: Values = field(metadata=columns())
    lr: float
    images_per_second: float
    seconds_left: float


@final
@dataclass(frozen=True, repr=False)
class EpochEnd(ColumnedEvent):
    """An epoch (from 1) is done and judged on the validation images.

    train: the running metrics over its steps (train_accuracy).   val: the metrics of the judgement (val_top1).
    best: it is the best so far, and its weights are kept; never where the last ones are (`--keep last`).
    """

    epoch: int
    epochs: int
    step: int
    train_loss: float
    train: Values = field(metadata=columns("train_"))
    val_loss: float
    val: Values = field(metadata=columns("val_"))
    lr: float
    seconds: float
    images_per_second: float
    best: bool


@final
@dataclass(frozen=True)
class CheckpointSaved(Event):
    """The state after `step` is safe on disk."""

    path: str
    step: int


@final
@dataclass(frozen=True)
class Note(Event):
    """Something the user should know."""

    text: str


@final
@dataclass(frozen=True)
class EvaluateStep(Event):
    """`done` of `total` images are judged."""

    done: int
    total: int


@final
@dataclass(frozen=True)
class EvaluateFinished(Event):
    """The last event of `evaluate`."""

    result: EvaluateResult


@final
@dataclass(frozen=True)
class Interrupted(Event):
    """A signal stopped the run and its state is saved.  exit_code: 130 for Ctrl-C, 143 for SIGTERM."""

    run: str
    step: int
    signal: str
    exit_code: int
    text: str


@final
@dataclass(frozen=True)
class Finished(Event):
    """The last event of a run that came to its end.

    given: which of network, data and loss came from Python, so that no command has them; told of a run that was over
    before.
    """

    result: FitResult
    given: tuple[str, ...] = field(default=(), compare=False)

    def to_record(self) -> dict[str, Any]:
        """Without the history, which the lines before it tell."""
        return {"event": "Finished", "result": self.result.to_json()}
