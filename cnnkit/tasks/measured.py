"""What one pass over a part of the data says of a network: of any task its metrics, and whatever a task adds."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cnnkit.errors import NumericError
from cnnkit.tasks.columns import Columned, Values, columns

if TYPE_CHECKING:
    from cnnkit.data.sets.base import Dataset


@dataclass(frozen=True, kw_only=True, repr=False)
class Measured(Columned):
    """On n images. values: the task's metrics by name.   loss: the mean, as the task judges it.

    top_losses: the images that the network is most wrong about, as many as were asked for.
    """

    values: Values = field(metadata=columns())
    loss: float
    n: int
    top_losses: tuple[Any, ...] = ()


def check_finite(strange: Sequence[int], images: int, part: "Dataset", source: str) -> None:
    """NumericError where a network gave no numbers for some of the images.

    strange: their places in the part.   images: in all.   source: of the weights.
    """
    if strange:
        first = part.path(strange[0]) or f"number {strange[0]}"
        raise NumericError(
            f"The answers of {source} are not finite numbers (NaN) for {len(strange):,} of {images:,} images, the "
            f"first of them {first}. Its weights are damaged, or from a training that failed: use others."
        )


def file_of(part: "Dataset", index: int) -> str | None:
    """The path of an image's file; None where it has none."""
    path = part.path(index)
    return None if path is None else str(path)
