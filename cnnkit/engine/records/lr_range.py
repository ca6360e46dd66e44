"""What the range test of the learning rate tells; light, for whoever only shows it."""

from dataclasses import asdict, dataclass
from typing import Any, final

from cnnkit.engine.records.events import Event

LOWEST, HIGHEST, STEPS = 1e-6, 10.0, 150


@final
@dataclass(frozen=True)
class RateTried(Event):
    """Step `done` of `total` was made with this rate.  loss: of its batch, before the step."""

    done: int
    total: int
    lr: float
    loss: float


@final
@dataclass(frozen=True)
class LrResult:
    """The curve, and what it suggests.

    suggested: a tenth of `lowest`, the rate at which the smoothed loss was lowest; None where it did not fall.
    steepest: the rate at which it fell fastest.   smoothed: the loss, averaged over steps before and after.
    diverged: whether the loss diverged before the last rate.   command: what trains at the suggested rate.
    """

    suggested: float | None
    lowest: float
    steepest: float
    diverged: bool
    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smoothed: tuple[float, ...]
    model: str
    data: str
    optimiser: str
    command: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@final
@dataclass(frozen=True)
class LrFound(Event):
    """The last event of `lr_find`."""

    result: LrResult
