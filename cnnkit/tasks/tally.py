"""Tally and Judgement: a pass over a part of the data is counted, and what it comes to."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final

from cnnkit.data.load.batch import Batch
from cnnkit.kernels.shared.array import Host
from cnnkit.tasks.columns import Columned, Values, columns


@final
@dataclass(frozen=True, repr=False)
class Judgement(Columned):
    """How a network does on a part of the data: its mean loss and the task's metrics by name, over n images."""

    loss: float
    values: Values = field(metadata=columns())
    n: int


class Tally(ABC):
    """Abstract: what `judge` adds up, batch after batch."""

    @abstractmethod
    def add(self, outputs: Host, batch: Batch) -> None:
        """Count one batch."""

    @abstractmethod
    def judgement(self) -> Judgement:
        """The sum so far."""

    def more(self) -> Mapping[str, Any]:
        """What a finished run adds, as the task's `more` names it."""
        return {}
