"""Images made in memory: what tests train on."""

import numpy as np

from cnnkit.data.sets.base import ArrayDataset
from cnnkit.data.view.preprocessing import Preprocessing


def synthetic(n: int, classes: int = 10, size: int = 28, channels: int = 1, seed: int = 0) -> ArrayDataset:
    """`n` noisy copies of one coarse random pattern per class; label = index modulo `classes`.

    The patterns come from `classes`, `size` and `channels` alone: two seeds are two draws from the same distribution.
    """
    cells = -(-size // 4)
    coarse = np.random.default_rng([classes, size, channels]).integers(40, 216, (classes, cells, cells, channels))
    patterns = coarse.repeat(4, axis=1).repeat(4, axis=2)[:, :size, :size]
    labels = np.arange(n, dtype=np.int64) % classes
    noise = np.random.default_rng(seed).normal(0, 30, (n, size, size, channels))
    return ArrayDataset(
        np.clip(patterns[labels] + noise, 0, 255).astype(np.uint8),
        labels,
        name="synthetic",
        classes=[str(label) for label in range(classes)],
        preprocessing=Preprocessing(size, size, channels, (0.5,) * channels, (0.25,) * channels, "crop"),
    )
