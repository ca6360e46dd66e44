"""What a session needs of memory, and what it finds."""

from dataclasses import dataclass
from typing import final

from cnnkit import kernels, models
from cnnkit.engine.finetune.features import needed
from cnnkit.engine.run.memory import Numbers, check_fits, forecast
from cnnkit.engine.session.assemble import Pieces


@final
@dataclass(frozen=True)
class Room:
    """parameters: of the network.   needed: bytes of a step of the largest batch.

    free: bytes that are left for steps, beside features and decoded pictures; None if unknown.
    """

    parameters: int
    needed: int
    free: int | None


def room_for(pieces: Pieces) -> Room:
    """ResourceError where a step does not fit."""
    largest, numbers, free = pieces.loader.batching.sizes()[0], _numbers(pieces), _free(pieces)
    check_fits(largest, numbers, free, pieces.training.least_batch)
    return Room(numbers.parameters, forecast(largest, numbers), free)


def _numbers(pieces: Pieces) -> Numbers:
    training, splits = pieces.training, pieces.splits
    H, W, C = splits.preprocessing.shape
    with kernels.shapes_only():
        found = models.summary(training.module, classes=len(splits.classes), in_channels=C, image_size=(H, W))
    return Numbers(
        # A frozen trunk leaves nothing for the way back.
        kept=0 if training.options.freeze == "trunk" else found.activation_floats,
        widest=max((row.floats for row in found.layers), default=0),
        input=H * W * C,
        parameters=found.parameters,
    )


def _free(pieces: Pieces) -> int | None:
    training, splits = pieces.training, pieces.splits
    free: int | None = kernels.home().facts().memory
    if free is not None and training.cut is not None:
        free = max(0, free - needed(training.options.views or 0, splits, training.cut))
    if free is not None:
        free = max(0, free - splits.train.growth)
    return free
