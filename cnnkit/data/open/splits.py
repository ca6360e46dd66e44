"""The three parts of a data set and what was said while they were found."""

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self, final

import numpy as np

from cnnkit.data.sets.base import Colour, Dataset
from cnnkit.data.sets.relabelled import Relabelled
from cnnkit.data.sets.subset import split
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.errors import DataError, UsageError

# Share of the training images on which the best epoch is chosen, and of a flat folder's images kept for the test.
VAL_FRACTION, TEST_FRACTION = 0.1, 0.2
PARTS = ("train", "val", "test")
# Classes that a note names.
NAMED = 5


@final
@dataclass(frozen=True)
class DataSplits:
    """train: learned from.   val: chooses the best epoch.   test: measured once, at the end.

    found: one sentence, what lies there.   notes: what was decided without being asked.
    read_as: the preprocessing, where it is not that of the training part.   source: the folder or file they lie in.
    """

    train: Dataset
    val: Dataset
    test: Dataset
    found: str
    notes: list[str] = field(default_factory=list)
    read_as: Preprocessing | None = None
    source: Path | None = None

    @property
    def name(self) -> str:
        return self.train.name

    @property
    def classes(self) -> list[str]:
        return self.train.classes

    @property
    def colours(self) -> tuple[Colour, ...]:
        """Red, green and blue of each class, where targets are masks or boxes."""
        return self.train.colours

    @property
    def task(self) -> str:
        """What these data are for, unless an option says otherwise."""
        return self.train.task

    @property
    def preprocessing(self) -> Preprocessing:
        return self.read_as or self.train.preprocessing

    def normalised(self, mean: tuple[float, ...], std: tuple[float, ...]) -> Self:
        """The same data, normalised by these numbers, one a channel, instead of their own."""
        return replace(self, read_as=replace(self.train.preprocessing, mean=mean, std=std))

    def with_classes(self, classes: list[str]) -> Self:
        """The same data with their classes, each of which is one of these, counted in this order."""
        parts = {part: Relabelled(self.part(part), classes) for part in PARTS}
        return replace(self, train=parts["train"], val=parts["val"], test=parts["test"])

    @property
    def what(self) -> str:
        """`found` without the sizes of the parts."""
        return self.found.rpartition(": ")[0] or self.found

    @property
    def mirror(self) -> bool:
        return self.train.mirror

    def part(self, name: str) -> Dataset:
        """The part called "train", "val" or "test"."""
        if name not in PARTS:
            raise UsageError(f"There is no split {name!r}; expected one of {', '.join(PARTS)}.")
        part: Dataset = getattr(self, name)
        return part

    def fingerprint(self) -> str:
        """A sha256 in hexadecimal that changes when an image, a label, a class or the split does."""
        parts = [self.part(name).fingerprint() for name in PARTS]
        return hashlib.sha256(" ".join(parts).encode()).hexdigest()


def split_parts(
    train: Dataset,
    val: Dataset | None,
    test: Dataset | None,
    *,
    found: str,
    notes: list[str],
    seed: int,
    val_fraction: float,
    learn: bool = True,
) -> DataSplits:
    """Fill in the parts that are missing, say so, and refuse what cannot be trained on.

    learn: False for data that only judge a network: then classes may lack images, and parts that are drawn too.
    """
    if not 0 < val_fraction < 1:
        raise UsageError(
            f"The validation part is a fraction between 0 and 1 of the training images, not {val_fraction}."
        )
    notes = list(notes)
    given = {"val": val, "test": test}
    if learn and train.labelled:
        _check_classes(train)
    if test is None and val is not None:
        test, val = val, None
        notes.append(
            "There is no test part: val is the test part, and the best epoch is chosen on a random part of train."
        )
    if test is None:
        train, test = split(train, TEST_FRACTION, seed + 1)
        notes.append(
            f"There is no test part: {100 * TEST_FRACTION:.0f} % of the images, drawn at random, are used for it."
        )
    if val is None:
        train, val = split(train, val_fraction, seed)
    for name, part in (("train", train), ("val", val), ("test", test)):
        if learn and not len(part):
            raise DataError(
                f"{train.name}: no images are left for the {name} part. "
                f"At least three images {'of each class ' * train.labelled}are needed for all parts."
            )
    for called, brought in given.items():
        if brought is not None and brought.labelled:
            notes += _lacking(called, brought)
    sizes = f"{len(train)} train, {len(val)} val, {len(test)} test"
    return DataSplits(train, val, test, f"{found}: {sizes}, {len(train.classes)} classes", notes)


def _lacking(part: str, dataset: Dataset) -> list[str]:
    """A note on the classes of which a part that the data bring has no images."""
    counts = np.bincount(dataset.labels(), minlength=len(dataset.classes))
    lacking = [name for name, count in zip(dataset.classes, counts, strict=True) if not count]
    if not lacking:
        return []
    more = f" and {len(lacking) - NAMED:,} more" if len(lacking) > NAMED else ""
    return [f"The {part} part has no images of {', '.join(map(repr, lacking[:NAMED]))}{more}."]


def _check_classes(train: Dataset) -> None:
    counts = np.bincount(train.labels(), minlength=len(train.classes))
    if np.count_nonzero(counts) < 2:
        raise DataError(
            f"{train.name}: all {len(train)} training images are of one class; a classifier needs at least two. "
            "Expected one folder, or one label, per class."
        )
    if not counts.all():
        # A list of names may hold any text.
        missing = [name[:100] for name, count in zip(train.classes, counts, strict=True) if not count]
        raise DataError(
            f"{train.name}: no training image for {len(missing)} of {len(counts)} classes ({', '.join(missing[:5])}). "
            f"Labels count from 0 without gaps, here to {len(counts) - len(missing) - 1}: give the classes new numbers "
            "(numpy.unique(labels, return_inverse=True)[1]), or in an .npz file text as labels."
        )
