"""Several detectors on the same pictures, by mAP at an overlap of 0.5."""

from collections.abc import Sequence
from typing import final

from cnnkit.metrics.detection import FoundBoxes, MixedVoc, TrueBoxes
from cnnkit.metrics.paired import Value
from cnnkit.tasks.contest import MixtureContest


@final
class BoxesContest(MixtureContest):
    """found: of each network, for each picture.   true: the boxes that are there."""

    def __init__(self, found: Sequence[Sequence[FoundBoxes]], true: Sequence[TrueBoxes], classes: int) -> None:
        self._found, self._true, self._classes = found, true, classes
        super().__init__(len(found), len(true))

    def value(self, first: int, second: int) -> Value:
        return MixedVoc((self._found[first], self._found[second]), self._true, self._classes).value
