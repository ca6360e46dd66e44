"""What a network sees before its first step: some training images, if its first weights hang on what they are like."""

from collections.abc import Iterator
from contextlib import closing

import numpy as np

from cnnkit.data.load.loader import Loader
from cnnkit.data.open.splits import DataSplits
from cnnkit.data.sets.subset import Subset
from cnnkit.engine.use.judge import batch_for
from cnnkit.kernels.shared.array import Host
from cnnkit.nn import Module


def first_look(network: Module, splits: DataSplits) -> None:
    """Show it the first of the training part, as many as it wants and there are, unchanged.

    What it makes of them is part of its weights: a run that goes on has it from its state.
    """
    if network.first_images:
        network.begin_from(_batches(splits, network.first_images))


def _batches(splits: DataSplits, count: int) -> Iterator[Host]:
    some = Subset(splits.train, np.arange(min(count, len(splits.train))))
    loader = Loader(some, batch_for(splits.preprocessing), preprocessing=splits.preprocessing)
    with closing(loader.epoch(0)) as batches:
        for batch in batches:
            yield batch.x
