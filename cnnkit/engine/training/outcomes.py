"""What steps measured, read when it is there: waiting for each loss would leave a device idle between two steps."""

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, final

from cnnkit import kernels
from cnnkit.engine.run.state import Progress
from cnnkit.errors import NumericError
from cnnkit.kernels.shared.array import Host
from cnnkit.tasks import StepLoss


class Outcome(NamedTuple):
    """What one step measured before its update.   step and batch count from 1, epoch from 0.

    loss: the mean over `images`, finite.   running: the task's sums over them.
    """

    epoch: int
    batch: int
    step: int
    images: int
    lr: float
    loss: float
    running: Mapping[str, float]


@final
class Outcomes:
    """What was measured and not yet read, in the order of the steps.

    As many steps may wait as the home of new arrays says. Where none may, each is read at once, before its update.
    refused: makes the error of a loss that is not finite.
    """

    def __init__(self, refused: Callable[[str], NumericError] = NumericError) -> None:
        self._lag: int = kernels.home().facts().lag
        self._refused = refused
        self._waiting: deque[tuple[Callable[[], Host], Callable[[], Mapping[str, float]], int, int, int, int, float]]
        self._waiting = deque()

    def add(self, measured: StepLoss, progress: Progress, images: int, lr: float) -> list[Outcome]:
        """Take what the step after `progress` leaves, and read what has waited long enough.

        Raises:
            NumericError: a loss that is read is not finite.
        """
        place = progress.epoch, progress.batch + 1, progress.step + 1
        self._waiting.append((measured.value.later(), measured.running, *place, images, lr))
        return [self._read() for _ in range(len(self._waiting) - self._lag)]

    def rest(self) -> Iterator[Outcome]:
        """Read all that waits: before the weights are judged or saved, and at the end."""
        while self._waiting:
            yield self._read()

    def _read(self) -> Outcome:
        value, running, epoch, batch, step, images, lr = self._waiting.popleft()
        loss = float(value().reshape(()))
        if not math.isfinite(loss):
            raise self._refused(f"The loss is {loss} at step {step} (epoch {epoch + 1}).")
        return Outcome(epoch, batch, step, images, lr, loss, running())
