"""Task: what a training loop, a judge and a screen must know of the problem that a network solves."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Self, TypeVar, final

from cnnkit.autograd import Tensor
from cnnkit.data.load.batch import Batch
from cnnkit.data.sets.base import Dataset
from cnnkit.errors import UsageError
from cnnkit.kernels.shared.array import Array
from cnnkit.metrics import ClassScore
from cnnkit.nn import Module
from cnnkit.tasks.metric import Metric

Answer = TypeVar("Answer")


def _nothing() -> Mapping[str, float]:
    return {}


@final
@dataclass(frozen=True)
class StepLoss:
    """What one step in training measures.

    value: one number with a tape behind it, the mean over the batch.
    running: tells, for each of the task's `running` metrics, its sum over the images of the batch. It is asked when the
    loss is read, on a device some steps later, so that until then nobody waits for the outputs.
    parts: what `value` is the sum of, by name, each a mean over the batch; none where it is of one piece.
    """

    value: Tensor
    running: Callable[[], Mapping[str, float]] = _nothing
    parts: Mapping[str, Tensor] = field(default_factory=dict)


@final
@dataclass(frozen=True)
class Judgement:
    """How a network does on a part of the data: its mean loss and the task's metrics by name, over n images."""

    loss: float
    values: Mapping[str, float]
    n: int

    def to_record(self) -> dict[str, Any]:
        """As a state file holds it."""
        return {"loss": self.loss, **self.values, "n": self.n}


class Task(ABC, Generic[Answer]):
    """Abstract: a kind of problem. What hangs on no data belongs to the class: `tasks.registry` finds it by name.

    name: of the task, in options, records and folders.   summary: what it is, in a few words.
    metrics: of every judgement; the first one chooses the best epoch.   running: means over the images of an epoch.
    takes: options that not every task knows what to do with ("label_smoothing", …), and "loss", one of the caller's.
    classes: the names of the data's classes.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    metrics: ClassVar[tuple[Metric, ...]]
    running: ClassVar[tuple[Metric, ...]] = ()
    takes: ClassVar[tuple[str, ...]] = ()

    def __init__(self, classes: list[str]) -> None:
        self.classes = classes

    @classmethod
    def create(cls, classes: list[str], options: Mapping[str, Any], train: Dataset | None, loss: Any) -> Self:
        """The task of these classes.

        options: those of the training, by name; of a network in use, what its record says.
        train: the data that are learned from; None in use.   loss: of the caller, where the task takes one.
        """
        return cls(classes)

    @classmethod
    def better(cls, one: Judgement, other: Judgement | None) -> bool:
        """Whether `one` is better: by the first metric, or by the loss where that is equal; of two equals the first."""
        if other is None:
            return True
        first = cls.metrics[0]
        ours, theirs = first.goodness(one.values[first.name]), first.goodness(other.values[first.name])
        return (ours, -one.loss) > (theirs, -other.loss)

    @property
    @abstractmethod
    def outputs(self) -> int:
        """How many numbers the head gives: for one image, or for one place in it."""

    @abstractmethod
    def loss(self, model: Module, batch: Batch) -> StepLoss:
        """The loss of one batch, in training."""

    @property
    def own_loss(self) -> str | None:
        """The name of a loss that the caller gave; None without."""
        return None

    def rehearsed(self) -> "Task[Answer]":
        """What is rehearsed to find the kernels of a step: the same, but that nothing of the caller's is called."""
        return self

    @abstractmethod
    def blank(self, shape: tuple[int, ...], size: int, *, mixed: bool = False) -> Batch:
        """A batch of zeros to rehearse with.   shape: of one image.   mixed: of images that are mixed in pairs."""

    def scores(self, outputs: Array) -> Array:
        """(N, K): the score of each class, where the task has one for an image."""
        raise UsageError(f"The task {self.name} gives no scores of classes. Ask for its predictions.")

    @abstractmethod
    def tally(self) -> "Tally":
        """An empty count for one pass over a part of the data."""

    @abstractmethod
    def decode(self, outputs: Array, top: int) -> list[Answer]:
        """What the network says of each image, read from its outputs."""


class Tally(ABC):
    """Abstract: what `judge` adds up, batch after batch."""

    @abstractmethod
    def add(self, outputs: Array, batch: Batch) -> None:
        """Count one batch."""

    @abstractmethod
    def judgement(self) -> Judgement:
        """The sum so far."""

    def by_class(self) -> list[ClassScore]:
        """How well each class is known, in the order of labels; empty where the task has no classes."""
        return []
