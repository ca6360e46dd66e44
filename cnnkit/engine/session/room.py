"""Does a training step fit into memory? Asked before the first step, so that no run dies of it in the night."""

from dataclasses import dataclass
from typing import final

from cnnkit import kernels, models
from cnnkit.engine.finetune.features import needed
from cnnkit.engine.session.assemble import Pieces
from cnnkit.errors import DeviceMemoryError, ResourceError
from cnnkit.nn import Module

# Of the largest layer: its gradient, that of the layer before, and scratch buffers. Measured between 1 and 3.6 with
# shallow and deep networks, with and without batch norm.
PER_WIDEST = 4
# Of a network for masks: what it keeps between layers, joined and resized maps above all, beside what layers give.
# Measured between 1.0 and 1.7 times as much in all, with U-Net, FCN, DeepLab and ReSeg.
BETWEEN_LAYERS = 2
# Batches that the loader holds ready beside the one in use.
READY_BATCHES = 3
# Weight, gradient, two slots of an optimiser, an average, the best so far, and a checkpoint while it is packed.
PER_PARAMETER = 10


@final
@dataclass(frozen=True)
class Numbers:
    """How many numbers a network has to do with: for one image and, in `parameters`, in all.

    kept: of the forward pass, for the way back.   widest: the result of the largest layer.   input: the image.
    maps: of the loss, where a network answers for each place.
    """

    kept: int
    widest: int
    input: int
    parameters: int
    maps: int = 0


@final
@dataclass(frozen=True)
class Room:
    """batch: images in the largest one.   least: that a batch must have.

    free: bytes that are left for steps, beside features and decoded pictures; None if unknown.
    """

    batch: int
    least: int
    numbers: Numbers
    free: int | None

    @property
    def parameters(self) -> int:
        """Of the network."""
        return self.numbers.parameters

    @property
    def needed(self) -> int:
        """Bytes of a step of the largest batch."""
        return forecast(self.batch, self.numbers)

    def advice(self, error: DeviceMemoryError) -> str:
        """Which batch fits, now that the largest one did not: less was free than before, or it took more."""
        needed, there = max(self.needed, error.used + error.wanted), error.used + error.free
        text = _advice(self.batch, self.numbers, needed, there, self.least, "may")
        return f"For a new run: {text}."


def room_for(pieces: Pieces) -> Room:
    """ResourceError where a step does not fit."""
    largest, numbers, free = pieces.loader.batching.sizes()[0], _numbers(pieces), _free(pieces)
    check_fits(largest, numbers, free, pieces.training.least_batch)
    return Room(largest, pieces.training.least_batch, numbers, free)


def forecast(batch_size: int, numbers: Numbers) -> int:
    """Bytes that training takes at this batch size."""
    per_image = numbers.kept + PER_WIDEST * numbers.widest + READY_BATCHES * numbers.input + numbers.maps
    return 4 * (batch_size * per_image + PER_PARAMETER * numbers.parameters)


def check_fits(batch_size: int, numbers: Numbers, available: int | None, least: int = 1) -> None:
    """ResourceError if the forecast is above what is available, with the batch that would fit.

    least: images that a batch must have; a last one of fewer joins the batch before, which must fit then.
    """
    needed = forecast(batch_size, numbers)
    if available is None or needed <= available:
        return
    raise ResourceError(
        f"Training with batches of {batch_size} takes about {_megabytes(needed)}, "
        f"but {_megabytes(available)} are free; {_advice(batch_size, numbers, needed, available, least, 'would')}."
    )


def _advice(batch_size: int, numbers: Numbers, needed: int, available: int, least: int, surely: str) -> str:
    """The batch that fits where one of `batch_size` needs so many bytes and others are there.   surely: "would"."""
    fixed = forecast(0, numbers)
    fitting = int((available - fixed) // max(1, (needed - fixed) / batch_size)) - (least - 1)
    if fitting >= least:
        return f"--batch-size {fitting} {surely} fit"
    return f"not even {'one image fits' if least == 1 else f'{least} images fit'}: use a smaller model or image size"


def _numbers(pieces: Pieces) -> Numbers:
    training = pieces.training
    H, W, C = pieces.loader.shapes[0]
    with kernels.shapes_only():
        found = models.summary(training.module, classes=pieces.task.outputs, in_channels=C, image_size=(H, W))
    kept = found.activation_floats * (BETWEEN_LAYERS if pieces.task.places else 1)
    return Numbers(
        # A frozen trunk leaves nothing for the way back; on one for masks there are more layers than a head.
        kept=0 if training.options.freeze == "trunk" and pieces.task.labelled else kept,
        widest=max((row.floats for row in found.layers), default=0),
        input=H * W * C,
        parameters=found.parameters,
        maps=pieces.task.maps * H * W * pieces.task.outputs * (1 + _auxiliary(training.module)),
    )


def _auxiliary(module: Module) -> int:
    """Heads that a network has for its training alone."""
    return sum(name in module.training_only for name, _ in module.named_children())


def _free(pieces: Pieces) -> int | None:
    training, splits, facts = pieces.training, pieces.splits, kernels.home().facts()
    free: int | None = facts.memory
    if facts.lag:  # a device's; pictures and features wait in this machine's memory
        return free
    if free is not None and training.cut is not None:
        free = max(0, free - needed(training.options.views or 0, splits, training.cut))
    if free is not None:
        free = max(0, free - splits.train.growth)
    return free


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.0f} MB"
