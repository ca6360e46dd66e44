"""The batches that options ask for."""

import itertools
from collections.abc import Generator
from contextlib import closing
from typing import Any, Protocol

from cnnkit.data.load.batch import Batch
from cnnkit.data.load.batching import Batching
from cnnkit.data.load.loader import Loader
from cnnkit.data.open.splits import DataSplits
from cnnkit.data.sets.base import Dataset
from cnnkit.engine.run.state import Training
from cnnkit.engine.training.augment import shows_windows
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
    """The training part, shuffled and changed at random.   drop_last: without the rest that fills no batch."""
    options = training.options
    return Loader(
        task.seen_by(training.module, splits.train),
        int(options.batch_size or 1),
        preprocessing=splits.preprocessing,
        seed=options.seed,
        shuffle=True,
        augment=str(options.augment),
        changes=options.changes(),
        windows=shows_windows(splits),
        targets=task.lessons,
        mixup=options.mixup,
        cutmix=options.cutmix,
        least=training.least_batch,
        drop_last=drop_last,
    )


def endless(loader: Batches) -> Generator[Batch]:
    """Batch after batch, epoch after epoch."""
    for number in itertools.count():
        with closing(loader.epoch(number)) as batches:
            yield from batches
