"""Pictures with boxes, and with the places where a search that knows no classes says that things may be."""

from collections.abc import Callable
from typing import final

import numpy as np

from cnnkit.data.sample import Corners, Pixels, Sample
from cnnkit.data.sets.base import Around, Dataset

# Bytes of proposals that a part keeps; a picture of a thousand takes 16 KB.
ROOM = 1 << 30


@final
class Searched(Around):
    """The samples of `dataset` with their proposals, which are looked for when they are first asked for, and kept.

    search: where in an image (H, W, C) things may be, (n, 4); the same for equal images.
    places: R, how many of them a sample has; of fewer, the last places are empty.
    Threads may ask at once: two that ask for one picture find the same.
    """

    def __init__(self, dataset: Dataset, search: Callable[[Pixels], Corners], places: int) -> None:
        super().__init__(dataset)
        self.search, self.places = search, places
        self._found: dict[int, Corners] = {}

    def __getitem__(self, index: int) -> Sample:
        sample = self.dataset[index]
        found = self._found.get(index)
        if found is None:
            found = self.search(sample.image)[: self.places]
            self.keep(index, found)
        proposals = np.zeros((self.places, 4), np.float32)
        proposals[: len(found)] = found
        return sample.replace(proposals=proposals)

    def keep(self, index: int, found: Corners) -> None:
        """What was found in a picture, as far as there is room for all."""
        if len(self._found) * self.places * 16 < ROOM:
            self._found[index] = found

    def found(self, index: int) -> Corners | None:
        """(n, 4), what is kept of a picture; None where it is not."""
        return self._found.get(index)

    @property
    def decodes(self) -> bool:
        return len(self._found) < len(self) or self.dataset.decodes
