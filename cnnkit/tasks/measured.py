"""What one pass over a part of the data says of a network: of any task its metrics, and whatever a task adds."""

from dataclasses import dataclass, field
from typing import Any

from cnnkit.tasks.columns import Columned, Values, columns


@dataclass(frozen=True, kw_only=True, repr=False)
class Measured(Columned):
    """On n images. values: the task's metrics by name.   loss: the mean, as the task judges it.

    top_losses: the images that the network is most wrong about, as many as were asked for.
    """

    values: Values = field(metadata=columns())
    loss: float
    n: int
    top_losses: tuple[Any, ...] = ()
