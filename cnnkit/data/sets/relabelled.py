"""A data set whose labels count classes in another order, or among more of them."""

from pathlib import Path
from typing import final

import numpy as np

from cnnkit.data.layout.look_alikes import as_known
from cnnkit.data.sample import Labels, Sample
from cnnkit.data.sets.base import Dataset


@final
class Relabelled(Dataset):
    """The samples of `dataset`, labelled by their classes' places among `classes`; each of its classes is one of them.

    Names are matched however their accents are stored. The checksum stays: the data are the same.
    """

    def __init__(self, dataset: Dataset, classes: list[str]) -> None:
        self.dataset, self.classes = dataset, classes
        self.name, self.preprocessing, self.mirror = dataset.name, dataset.preprocessing, dataset.mirror
        self.task, self.as_decoded = dataset.task, dataset.as_decoded
        known, place = as_known(dataset.classes, classes), {name: label for label, name in enumerate(classes)}
        self._labels = np.array([place[known[name]] for name in dataset.classes], np.int64)[dataset.labels()]

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> Sample:
        sample = self.dataset[index]
        return Sample(sample.image, int(self._labels[index]), sample.path)

    def labels(self) -> Labels:
        return self._labels

    def path(self, index: int) -> Path | None:
        return self.dataset.path(index)

    def mark(self, index: int) -> str:
        return self.dataset.mark(index)

    @property
    def decodes(self) -> bool:
        return self.dataset.decodes

    @property
    def growth(self) -> int:
        return self.dataset.growth

    def fingerprint(self) -> str:
        return self.dataset.fingerprint()
