"""Task: what a training loop must know of the problem it solves."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Generic, TypeVar, final

from cnnkit.autograd import Tensor
from cnnkit.data.load.batch import Batch
from cnnkit.kernels.shared.array import Array
from cnnkit.metrics import ClassScore
from cnnkit.nn import Module

Answer = TypeVar("Answer")


@final
@dataclass(frozen=True)
class StepLoss:
    """value: one number with a tape behind it, the mean over the batch.   correct: images answered rightly."""

    value: Tensor
    correct: int


@final
@dataclass(frozen=True)
class Judgement:
    """How a network does on a part of the data: mean loss and share of right answers, over n images."""

    loss: float
    top1: float
    n: int

    def better_than(self, other: "Judgement | None") -> bool:
        """More right answers, or as many and a smaller loss; the first of two equals stays."""
        return other is None or (self.top1, -self.loss) > (other.top1, -other.loss)


@final
@dataclass(frozen=True)
class Phase:
    """A stretch of the training in which the same parameters learn from the same loss; most methods have one."""

    name: str


class Task(ABC, Generic[Answer]):
    """Abstract: a kind of problem."""

    name: str

    def phases(self) -> tuple[Phase, ...]:
        """The stretches of a training, in order."""
        return (Phase("train"),)

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
