"""Learn a few images by heart: a network that cannot do even that has a fault, or the wrong learning rate."""

from dataclasses import replace

import numpy as np

from cnnkit.data.open.splits import DataSplits
from cnnkit.data.sample import Labels
from cnnkit.data.sets.subset import Subset
from cnnkit.engine.records.options import CHANGES, ENDS, THINGS, FitOptions
from cnnkit.engine.records.results import FitResult
from cnnkit.engine.run.state import Progress
from cnnkit.errors import UsageError
from cnnkit.tasks import Judgement
from cnnkit.tasks.registry import find

MOST_EPOCHS = 300


def few(splits: DataSplits, count: int, seed: int) -> DataSplits:
    """The same `count` training images as all three parts, drawn by `seed`, one of each class in turn."""
    strata = splits.train.strata()
    if count > len(strata):
        raise UsageError(
            f"--overfit is {count:,}, but there are {len(strata):,} training images. Give a smaller number."
        )
    chosen = Subset(splits.train, _in_turn(strata, np.random.default_rng([seed, 0x0F17]))[:count])
    found = f"{splits.name}: {count:,} training images to memorise, also used for validation and test"
    return replace(splits, train=chosen, val=chosen, test=chosen, found=found, notes=list(splits.notes))


def _in_turn(strata: Labels, rng: np.random.Generator) -> Labels:
    """All indices: first one of each stratum, then a second one of each, and so on."""
    drawn = rng.permutation(len(strata))
    by_stratum = drawn[np.argsort(strata[drawn], kind="stable")]
    starts = np.cumsum(np.bincount(strata)) - np.bincount(strata)
    turns = np.arange(len(strata)) - starts[strata[by_stratum]]
    order: Labels = by_stratum[np.argsort(turns, kind="stable")]
    return order


def plain(options: FitOptions) -> FitOptions:
    """Options with nothing that keeps a network from learning by heart. Dropout stays: it rests while judging.

    The optimiser, where none and no rate is given, is Adam: at its usual rate it took 6 to 36 epochs with 8 and with 40
    digits and four networks; a one-cycle peak of sgd, kept up all the time, failed with three of these eight.
    """
    if options.optimiser is None and options.lr is None:
        options = options.replace(optimiser="adam")
    if all(getattr(options, name) is None for name in ENDS):
        options = options.replace(epochs=MOST_EPOCHS)
    return options.replace(
        augment="none",
        **dict.fromkeys(CHANGES),
        weight_decay=0.0,
        label_smoothing=0.0,
        mixup=0.0,
        cutmix=0.0,
        multi_scale=False,
        **dict.fromkeys(THINGS, False),
        class_weights="none",
        border_weight=0.0,
        ema=0.0,
        lookahead=0,
        schedule="constant",
        warmup=0.0,
        patience=0,
    )


def knows_by_heart(options: FitOptions, progress: Progress) -> bool:
    """Whether the last judgement says so, as the task has it."""
    if options.overfit is None or not progress.history:
        return False
    kind, last = find(options.task), progress.history[-1]
    values = {metric.name: last[f"val_{metric.name}"] for metric in kind.metrics}
    return kind.by_heart(Judgement(last["val_loss"], values, 0))


def verdict(result: FitResult) -> str:
    """What came of it, and what to do where it failed."""
    images = f"{result.test_images:,} image" + ("" if result.test_images == 1 else "s")
    epochs = "1 epoch" if result.epochs == 1 else f"{result.epochs:,} epochs"
    kind, judgement = find(result.task), Judgement(result.test_loss, result.test, result.test_images)
    known = kind.answered(result.test, result.test_images)
    if result.learned:
        return f"Memorised {images} in {epochs}: {known}, and the loss is {result.test_loss:.4f}."
    return (
        f"{result.model} did not memorise {images} in {epochs}: {known}, and {kind.not_by_heart(judgement)}. "
        "Try another --lr (cnnkit lr-find suggests one), --optimiser adam or more --epochs; if none helps, look for "
        "wrong labels, equal pictures, or a mistake in the network."
    )
