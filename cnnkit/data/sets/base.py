"""What every data set offers, one that looks at another one, and the one whose images lie in an array."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import final

import numpy as np

from cnnkit.data.layout.look_alikes import same
from cnnkit.data.sample import Labels, Pixels, Sample
from cnnkit.data.targets import content
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.errors import UsageError

# Red, green, blue, 0 to 255.
Colour = tuple[int, int, int]


def digest(class_name: str, *content: bytes | memoryview) -> str:
    """What `Dataset.mark` gives for a sample of this class and content, however the name's accents are stored."""
    hashed = hashlib.blake2b(same(class_name).encode("utf-8", "surrogateescape") + b"\0", digest_size=8)
    for part in content:
        hashed.update(part)
    return hashed.hexdigest()


class Dataset(ABC):
    """Samples by number, of the size that `preprocessing` says, or as they were decoded.

    name: short, fit for a folder's name.   classes: the name of each label.
    mirror: whether a mirrored image keeps its meaning (a photo's does, a digit's does not).
    task: what the targets are for, as `tasks.registry` names it.
    colours: red, green and blue of each class, in which masks and boxes are drawn; () where there are none.
    labelled: whether a sample has one class, its target; others have masks or boxes.
    coco_classes: the number of each class by its name, where COCO's form gave them some; {}: their places, from 1 on.
    as_decoded: whether images have the size of their pictures, so that changes see all of them, and are brought to the
    network's size afterwards.
    """

    name: str
    classes: list[str]
    preprocessing: Preprocessing
    mirror: bool
    task: str = "classification"
    colours: tuple[Colour, ...] = ()
    labelled: bool = True
    coco_classes: Mapping[str, int] = {}
    as_decoded: bool = False

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name}, {len(self):,} images, {len(self.classes)} classes)"

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def __getitem__(self, index: int) -> Sample: ...

    def labels(self) -> Labels:
        """(n,) int64, the class of each sample, without decoding any image; UsageError where they have none."""
        raise UsageError(f"The samples of {self.name} have no class each. Ask for their targets, or for strata.")

    def strata(self) -> Labels:
        """(n,) int64, from 0 on, by which parts are balanced: the classes, or one stratum where samples have none."""
        return self.labels() if self.labelled else np.zeros(len(self), np.int64)

    def path(self, index: int) -> Path | None:
        """The file of one image, without decoding it; None where images are no files of their own."""
        return None

    def coco_id(self, index: int) -> int:
        """The number of a picture where COCO's form gave it one; else its place, from 1 on."""
        return index + 1

    def mark(self, index: int) -> str:
        """16 hexadecimal digits of a sample's target and content: the same wherever it lies and whatever its part."""
        sample = self[index]
        shown = repr(sample.image.shape).encode(), sample.image.tobytes()
        if self.labelled and isinstance(sample.target, int):
            return digest(self.classes[sample.target], *shown)
        return digest("", *shown, content(sample.target))

    @property
    def decodes(self) -> bool:
        """Whether some samples are costly to get, as pictures in files are: threads help with it."""
        return False

    @property
    def growth(self) -> int:
        """Bytes of memory that decoded images may yet take."""
        return 0

    @abstractmethod
    def fingerprint(self) -> str:
        """A sha256 in hexadecimal that changes when the data does."""


class Around(Dataset):
    """The samples of `dataset`, seen another way: what a subclass does not tell anew is what that one tells."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.name, self.classes = dataset.name, dataset.classes
        self.preprocessing, self.mirror = dataset.preprocessing, dataset.mirror
        self.task, self.labelled, self.as_decoded = dataset.task, dataset.labelled, dataset.as_decoded
        self.colours, self.coco_classes = dataset.colours, dataset.coco_classes

    def __len__(self) -> int:
        return len(self.dataset)

    def labels(self) -> Labels:
        return self.dataset.labels()

    def strata(self) -> Labels:
        return self.dataset.strata()

    def path(self, index: int) -> Path | None:
        return self.dataset.path(index)

    def coco_id(self, index: int) -> int:
        return self.dataset.coco_id(index)

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


@final
class ArrayDataset(Dataset):
    """Images in one array, uint8 (n, H, W, C)."""

    def __init__(
        self,
        images: Pixels,
        labels: Labels,
        *,
        name: str,
        classes: list[str],
        preprocessing: Preprocessing,
        mirror: bool = False,
    ) -> None:
        self.images, self._labels = images, labels
        self.name, self.classes, self.preprocessing, self.mirror = name, classes, preprocessing, mirror
        self._label_list: list[int] = labels.tolist()
        self._fingerprint, self._shape = "", repr(images.shape[1:]).encode()

    def __len__(self) -> int:
        return len(self._label_list)

    def __getitem__(self, index: int) -> Sample:
        return Sample(self.images[index], self._label_list[index])

    def labels(self) -> Labels:
        return self._labels

    def mark(self, index: int) -> str:
        # As `Dataset.mark`, without a Sample for each of 60,000 images.
        class_name = self.classes[self._label_list[index]]
        return digest(class_name, self._shape, np.ascontiguousarray(self.images[index]).data)

    def fingerprint(self) -> str:
        if not self._fingerprint:
            digest = hashlib.sha256(repr((self.images.shape, self.classes)).encode())
            digest.update(np.ascontiguousarray(self.images).data)
            digest.update(self._labels.astype("<i8").tobytes())
            self._fingerprint = digest.hexdigest()
        return self._fingerprint
