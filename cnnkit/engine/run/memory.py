"""Does a training step fit into memory? Asked before the first step, so that no run dies of it in the night."""

from dataclasses import dataclass
from typing import final

from cnnkit.config import available_memory
from cnnkit.data.sets.picture_cache import CACHE_BYTES
from cnnkit.errors import ResourceError

# Of the largest layer: its gradient, that of the layer before, and scratch buffers. Measured between 1 and 3.6 with
# shallow and deep networks, with and without batch norm.
PER_WIDEST = 4
# Batches that the loader holds ready beside the one in use.
READY_BATCHES = 3
# Weight, gradient, two slots of an optimiser, an average, the best so far, and a checkpoint while it is packed.
PER_PARAMETER = 10


@final
@dataclass(frozen=True)
class Numbers:
    """How many numbers a network has to do with: for one image and, in `parameters`, in all.

    kept: of the forward pass, for the way back.   widest: the result of the largest layer.   input: the image.
    """

    kept: int
    widest: int
    input: int
    parameters: int


def forecast(batch_size: int, numbers: Numbers) -> int:
    """Bytes that training takes at this batch size."""
    per_image = numbers.kept + PER_WIDEST * numbers.widest + READY_BATCHES * numbers.input
    return 4 * (batch_size * per_image + PER_PARAMETER * numbers.parameters)


def check_fits(batch_size: int, numbers: Numbers, available: int | None, least: int = 1) -> None:
    """ResourceError if the forecast is above what is available, with the batch that would fit.

    least: images that a batch must have; a last one of fewer joins the batch before, which must fit then.
    """
    needed = forecast(batch_size, numbers)
    if available is None or needed <= available:
        return
    fixed = forecast(0, numbers)
    fitting = int((available - fixed) // max(1, (needed - fixed) / batch_size)) - (least - 1)
    advice = (
        f"--batch-size {fitting} would fit"
        if fitting >= least
        else f"not even {'one image fits' if least == 1 else f'{least} images fit'}: use a smaller model or image size"
    )
    raise ResourceError(
        f"Training with batches of {batch_size} takes about {_megabytes(needed)}, "
        f"but {_megabytes(available)} are free; {advice}."
    )


def room_for_pictures(share: float) -> int:
    """Bytes that decoded pictures may take: this share of the free memory, or what is usual where that is unknown."""
    free = available_memory()
    return int(share * free) if free is not None else CACHE_BYTES if share else 0


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.0f} MB"
