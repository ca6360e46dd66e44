"""The batches that options ask for."""

from cnnkit.data.load.loader import Loader
from cnnkit.data.open.splits import DataSplits
from cnnkit.engine.run.state import Training


def training_loader(training: Training, splits: DataSplits, *, drop_last: bool = False) -> Loader:
    """The training part, shuffled and changed at random.   drop_last: without the rest that fills no batch."""
    options = training.options
    return Loader(
        splits.train,
        int(options.batch_size or 1),
        preprocessing=splits.preprocessing,
        seed=options.seed,
        shuffle=True,
        augment=str(options.augment),
        changes=options.changes(),
        mixup=options.mixup,
        cutmix=options.cutmix,
        least=training.least_batch,
        drop_last=drop_last,
    )
