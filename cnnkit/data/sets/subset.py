"""A part of a data set, and the seeded split into two parts."""

import hashlib
from pathlib import Path
from typing import final

import numpy as np

from cnnkit.data.sample import Labels, Sample
from cnnkit.data.sets.base import Around, Dataset


@final
class Subset(Around):
    """The samples of `dataset` at `indices`, in that order."""

    def __init__(self, dataset: Dataset, indices: Labels) -> None:
        super().__init__(dataset)
        self.indices = indices
        self._index_list: list[int] = indices.tolist()

    def __len__(self) -> int:
        return len(self._index_list)

    def __getitem__(self, index: int) -> Sample:
        return self.dataset[self._index_list[index]]

    def labels(self) -> Labels:
        return self.dataset.labels()[self.indices]

    def strata(self) -> Labels:
        return self.dataset.strata()[self.indices]

    def path(self, index: int) -> Path | None:
        return self.dataset.path(self._index_list[index])

    def coco_id(self, index: int) -> int:
        return self.dataset.coco_id(self._index_list[index])

    def mark(self, index: int) -> str:
        return self.dataset.mark(self._index_list[index])

    def fingerprint(self) -> str:
        digest = hashlib.sha256(self.dataset.fingerprint().encode())
        digest.update(self.indices.astype("<i8").tobytes())
        return digest.hexdigest()


def origin(dataset: Dataset) -> tuple[Dataset, Labels]:
    """The data set that a part was cut from, however often, and which of its samples the part holds."""
    indices = np.arange(len(dataset))
    while isinstance(dataset, Subset):
        indices, dataset = dataset.indices[indices], dataset.dataset
    return dataset, indices


def split(dataset: Dataset, fraction: float, seed: int) -> tuple[Subset, Subset]:
    """(rest, part): `part` holds about `fraction` of each stratum, drawn by `seed`, both in the order of `dataset`.

    One of two or more gives at least one sample to each side: a small class is neither untrained nor unseen.
    """
    rng = np.random.default_rng([seed, 0x5B117])
    strata = dataset.strata()
    chosen = np.zeros(len(strata), bool)
    # All members of a stratum in one go: comparing all labels with each of 10,000 classes takes seconds.
    in_turn = np.argsort(strata, kind="stable")
    for members in np.split(in_turn, np.cumsum(np.bincount(strata))[:-1]):
        count = round(len(members) * fraction)
        if len(members) >= 2:
            count = min(max(count, 1), len(members) - 1)
        chosen[rng.permutation(members)[:count]] = True
    return Subset(dataset, np.flatnonzero(~chosen)), Subset(dataset, np.flatnonzero(chosen))
