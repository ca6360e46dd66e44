"""Pictures and masks in arrays."""

import hashlib
from typing import final

import numpy as np

from cnnkit.data.sample import Pixels, Sample
from cnnkit.data.sets.base import Dataset
from cnnkit.data.sets.masks.colours import distinct_colours
from cnnkit.data.targets import Mask
from cnnkit.data.view.preprocessing import Preprocessing


@final
class ArrayMasks(Dataset):
    """images: uint8 (n, H, W, C).   labels: uint8 (n, H, W), the class of each pixel, or VOID."""

    task, labelled, mirror = "segmentation", False, True

    def __init__(
        self, images: Pixels, labels: Pixels, *, name: str, classes: list[str], preprocessing: Preprocessing
    ) -> None:
        self.images, self.masks = images, labels
        self.name, self.classes, self.preprocessing = name, classes, preprocessing
        self.colours = distinct_colours(len(classes))
        self._fingerprint = ""

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Sample:
        return Sample(self.images[index], Mask(self.masks[index]))

    def fingerprint(self) -> str:
        if not self._fingerprint:
            digest = hashlib.sha256(repr((self.images.shape, self.classes)).encode())
            for part in (self.images, self.masks):
                digest.update(np.ascontiguousarray(part).data)
            self._fingerprint = digest.hexdigest()
        return self._fingerprint
