"""The batches that options ask for."""

import itertools
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from typing import Any, Protocol

from cnnkit import kernels
from cnnkit.data.load.batch import Batch
from cnnkit.data.load.batching import Batching
from cnnkit.data.load.loader import Loader
from cnnkit.data.load.scales import Size, sizes_around
from cnnkit.data.open.splits import DataSplits
from cnnkit.data.sets.base import Dataset
from cnnkit.engine.run.state import Training
from cnnkit.engine.training.augment import shows_windows
from cnnkit.errors import UsageError
from cnnkit.models.detection.detector import Detector
from cnnkit.tasks import Task


class Batches(Protocol):
    """Batches epoch after epoch, of pictures or of what a frozen trunk says of them."""

    dataset: Dataset
    batching: Batching

    def __len__(self) -> int:
        """Batches in an epoch."""

    def epoch(self, number: int, start: int = 0) -> Generator[Batch]:
        """The batches of epoch `number` from batch `start` on."""


def training_loader(training: Training, task: Task[Any], splits: DataSplits, *, drop_last: bool = False) -> Loader:
    """The training part, shuffled and changed at random.   drop_last: without the rest that fills no batch.

    For a device images stay bytes, a quarter of the way, until `train_step` has brought them there.
    """
    options = training.options
    return Loader(
        task.seen_by(training.module, splits.train),
        int(options.batch_size or 1),
        preprocessing=splits.preprocessing,
        seed=options.seed,
        shuffle=True,
        augment=str(options.augment),
        changes=options.changes(),
        things=options.things(),
        windows=shows_windows(splits),
        targets=task.lessons,
        sizes=_sizes(training, splits),
        mixup=options.mixup,
        cutmix=options.cutmix,
        least=training.least_batch,
        drop_last=drop_last,
        raw=is_brought(),
    )


def is_brought() -> bool:
    """Whether steps are computed elsewhere than in this machine's memory."""
    return bool(kernels.home().facts().lag)


def brought(batch: Batch) -> Batch:
    """With images normalised where steps are computed: pixel·scale, then + shift, each rounded, as `collate` has it."""
    if batch.normal is None:
        return batch
    k = kernels.home()
    pixels, scale, shift = (k.put(array) for array in (batch.x, *batch.normal))
    x = k.empty(batch.x.shape)
    k.copy_into(x, pixels)
    k.multiply(x, scale, out=x)
    k.add(x, shift, out=x)
    return replace(batch, x=x, normal=None)


def _sizes(training: Training, splits: DataSplits) -> tuple[Size, ...]:
    """Of a training at several scales; UsageError where the network reads one size alone."""
    if not training.options.multi_scale:
        return ()
    if not (isinstance(training.module, Detector) and training.module.any_size):
        raise UsageError(
            f"--multi-scale shows images of several sizes, but {training.options.model} learns from one. Leave it out, "
            "or choose a network for detection without dense layers, such as --model yolo_nano."
        )
    return sizes_around(splits.preprocessing.shape[:2])


def endless(loader: Batches) -> Generator[Batch]:
    """Batch after batch, epoch after epoch."""
    for number in itertools.count():
        with closing(loader.epoch(number)) as batches:
            yield from batches
