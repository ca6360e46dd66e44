"""A data set whose labels count classes in another order, or among more of them."""

from dataclasses import replace
from typing import final

import numpy as np

from cnnkit.data.layout.look_alikes import as_known
from cnnkit.data.picture.boxes import bright_colours
from cnnkit.data.sample import Labels, Sample
from cnnkit.data.sets.base import Around, Colour, Dataset
from cnnkit.data.sets.masks.colours import distinct_colours
from cnnkit.data.targets import VOID, Boxes, Mask


@final
class Relabelled(Around):
    """The samples of `dataset`, labelled by their classes' places among `classes`; each of its classes is one of them.

    Names are matched however their accents are stored. The checksum stays: the data are the same.
    """

    def __init__(self, dataset: Dataset, classes: list[str]) -> None:
        super().__init__(dataset)
        self.classes = classes
        known, place = as_known(dataset.classes, classes), {name: label for label, name in enumerate(classes)}
        self._new = np.array([place[known[name]] for name in dataset.classes], np.int64)
        self._labels = self._new[dataset.labels()] if self.labelled else None
        self.colours = self._colours(dataset)
        self.coco_classes = {known[name]: number for name, number in dataset.coco_classes.items()}

    def __getitem__(self, index: int) -> Sample:
        sample = self.dataset[index]
        if self._labels is not None:
            return Sample(sample.image, int(self._labels[index]), sample.path)
        if isinstance(sample.target, Mask):
            return sample.replace(target=Mask(self._in_bytes()[sample.target.labels]))
        if isinstance(sample.target, Boxes):
            origin = sample.origin
            if origin is not None and isinstance(origin.target, Boxes):
                origin = replace(origin, target=self._relabelled(origin.target))
            return sample.replace(target=self._relabelled(sample.target), origin=origin)
        return sample

    def labels(self) -> Labels:
        return self.dataset.labels() if self._labels is None else self._labels

    def strata(self) -> Labels:
        return self.labels() if self.labelled else self.dataset.strata()

    def _relabelled(self, boxes: Boxes) -> Boxes:
        return replace(boxes, labels=self._new[boxes.labels])

    def _in_bytes(self) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
        """(256,): old number of a pixel -> new number; what is no class stays void."""
        table = np.full(256, VOID, np.uint8)
        table[: len(self._new)] = self._new
        return table

    def _colours(self, dataset: Dataset) -> tuple[Colour, ...]:
        """Those that masks bring; a class that they lack has one that is made for its number. Boxes bring none.

        So a class has the colour in its data that it has in a network's answers.
        """
        if not dataset.colours:
            return ()
        if self.task == "detection":
            return bright_colours(len(self.classes))
        own = dict(zip(self._new.tolist(), dataset.colours, strict=True))
        return tuple(own.get(label, colour) for label, colour in enumerate(distinct_colours(len(self.classes))))
