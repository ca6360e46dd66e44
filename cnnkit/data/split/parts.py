"""Which sample is in which part, as a list that outlives the data.

What a seed draws changes with the data: with a few pictures more, half of a test part was trained on. So a run keeps
the result, not the recipe: for each sample its name and a digest of its class and content.
"""

import csv
import hashlib
import io
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, final

import numpy as np

from cnnkit.data.open.splits import PARTS, DataSplits
from cnnkit.data.sample import Labels, Sample
from cnnkit.data.sets.base import Dataset
from cnnkit.data.sets.subset import origin

_HEADER = ["part", "item", "digest"]


class Item(NamedTuple):
    """name: a path below the data's folder, or `train[17]` for an image in an array.   digest: 16 hex digits."""

    name: str
    digest: str


Parts = Mapping[str, list[Item]]


@final
@dataclass(frozen=True, slots=True)
class Place:
    """A sample of opened data: its name, and where it is."""

    name: str
    dataset: Dataset
    index: int


@final
@dataclass(frozen=True)
class Matched:
    """places: the samples of a part that are there as they were, in their old order.

    gone, changed: how many of the part are not.   new: how many samples of the data were in no part.
    """

    places: list[Place]
    gone: int
    changed: int
    new: int


@final
class Chosen(Dataset):
    """Samples of several data sets of one kind, in any order.

    classes: of these samples, among those of `like`; by default all of them.
    """

    def __init__(self, places: list[Place], like: Dataset, classes: list[str] | None = None) -> None:
        self._places = places
        self.name, self.classes = like.name, like.classes if classes is None else classes
        self.preprocessing, self.mirror = like.preprocessing, like.mirror
        self.task, self.labelled, self.as_decoded = like.task, like.labelled, like.as_decoded
        self.colours, self.coco_classes = like.colours, like.coco_classes
        number = {name: label for label, name in enumerate(self.classes)}
        self._labels = np.array([number[class_of(place)] for place in places if self.labelled], np.int64)

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> Sample:
        place = self._places[index]
        sample = place.dataset[place.index]
        return sample.replace(target=int(self._labels[index])) if self.labelled else sample

    def labels(self) -> Labels:
        return self._labels if self.labelled else super().labels()

    def path(self, index: int) -> Path | None:
        return self._places[index].dataset.path(self._places[index].index)

    def coco_id(self, index: int) -> int:
        return self._places[index].dataset.coco_id(self._places[index].index)

    def mark(self, index: int) -> str:
        return self._places[index].dataset.mark(self._places[index].index)

    @property
    def decodes(self) -> bool:
        return any(place.dataset.decodes for place in self._places[:1])

    @property
    def growth(self) -> int:
        return max((place.dataset.growth for place in self._places[:1]), default=0)

    def fingerprint(self) -> str:
        return hashlib.sha256("".join(self.mark(i) for i in range(len(self))).encode()).hexdigest()


def parts_of(splits: DataSplits) -> Parts:
    """Every part as it is now."""
    titles, base = _origins(splits), _base(splits)
    found: dict[str, list[Item]] = {}
    for part in PARTS:
        dataset, indices = origin(splits.part(part))
        title = titles[id(dataset)]
        found[part] = [Item(_name(dataset, title, base, i), dataset.mark(i)) for i in (int(index) for index in indices)]
    return found


def to_csv(parts: Parts) -> bytes:
    """The list as text: part, item, digest."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_HEADER)
    for part in PARTS:
        writer.writerows((part, *item) for item in parts[part])
    return text.getvalue().encode("utf-8", "surrogateescape")


def from_csv(data: bytes) -> Parts:
    """What `to_csv` wrote; ValueError for anything else."""
    rows = csv.reader(io.StringIO(data.decode("utf-8", "surrogateescape"), newline=""), strict=True)
    found: dict[str, list[Item]] = {part: [] for part in PARTS}
    try:
        if next(rows, None) != _HEADER:
            raise ValueError("its first line is not part,item,digest")
        for row in rows:
            if len(row) != 3 or row[0] not in found:
                raise ValueError(f"line {rows.line_num} names no part, item and digest")
            found[row[0]].append(Item(row[1], row[2]))
    except csv.Error as error:
        raise ValueError(str(error)) from error
    return found


def everything(splits: DataSplits) -> Iterator[Place]:
    """Every sample of the data, whatever part it was drawn into, once."""
    titles, base = _origins(splits), _base(splits)
    seen: set[int] = set()
    for part in PARTS:
        dataset, _ = origin(splits.part(part))
        if id(dataset) not in seen:
            seen.add(id(dataset))
            for index in range(len(dataset)):
                yield Place(_name(dataset, titles[id(dataset)], base, index), dataset, index)


def match(parts: Parts, part: str, splits: DataSplits) -> Matched:
    """Find the samples of a recorded part among the data as they are now: by name and digest, or moved, by digest.

    Of files in other parts that have their name only the name is asked: reading all of them again takes as long as
    the start of a training.
    """
    places = list(everything(splits))
    at = {place.name: k for k, place in enumerate(places)}
    wanted: list[int | None] = [None] * len(parts[part])
    taken: set[int] = set()
    missing: list[tuple[int | None, Item]] = []
    for name in (part, *(other for other in parts if other != part)):
        for number, item in enumerate(parts[name]):
            k = at.get(item.name)
            believed = name != part and k is not None and places[k].dataset.path(places[k].index) is not None
            if k is not None and (believed or _mark(places[k]) == item.digest):
                taken.add(k)
                if name == part:
                    wanted[number] = k
            else:
                missing.append((number if name == part else None, item))
    free: dict[str, list[int]] = defaultdict(list)
    for unclaimed in sorted(set(range(len(places))) - taken, reverse=True):
        free[_mark(places[unclaimed])].append(unclaimed)
    lost: list[tuple[int | None, Item]] = []
    for slot, item in missing:
        if free[item.digest]:
            moved = free[item.digest].pop()
            taken.add(moved)
            if slot is not None:
                wanted[slot] = moved
        else:
            lost.append((slot, item))
    # What has the name of a lost sample is that sample, changed.
    changed = {at[item.name] for _, item in lost if item.name in at} - taken
    of_part = [item for slot, item in lost if slot is not None]
    differing = sum(at.get(item.name) in changed for item in of_part)
    return Matched(
        [places[k] for k in wanted if k is not None],
        gone=len(of_part) - differing,
        changed=differing,
        new=len(places) - len(taken) - len(changed),
    )


def share_known(parts: Parts, splits: DataSplits) -> float:
    """Which share of the data, or of the recorded samples if that is more, is in both: 1 for a copy, 0 for others."""
    known = {item.digest for items in parts.values() for item in items}
    here = {_mark(place) for place in everything(splits)}
    return len(known & here) / max(1, min(len(known), len(here)))


def drawn(splits: DataSplits) -> bool:
    """Whether the test part was drawn from the training images, not brought by the data."""
    return origin(splits.test)[0] is origin(splits.train)[0]


def without(splits: DataSplits, part: str, digests: set[str]) -> tuple[list[Place], int]:
    """The samples of a part whose content is not among `digests`, and how many are."""
    dataset, indices = origin(splits.part(part))
    places = [Place("", dataset, int(index)) for index in indices]
    kept = [place for place in places if _mark(place) not in digests]
    return kept, len(places) - len(kept)


def class_of(place: Place) -> str:
    """The name of a sample's class."""
    return place.dataset.classes[int(place.dataset.labels()[place.index])]


def _mark(place: Place) -> str:
    return place.dataset.mark(place.index)


def _origins(splits: DataSplits) -> dict[int, str]:
    """What the data sets behind the parts are called: by the first part that comes from one."""
    titles: dict[int, str] = {}
    for part in PARTS:
        titles.setdefault(id(origin(splits.part(part))[0]), part)
    return titles


def _base(splits: DataSplits) -> str:
    """What the paths of pictures below the data's folder begin with; "" without one."""
    source = splits.source
    if source is None:
        return ""
    folder = source if source.is_dir() else source.parent
    return "" if folder == Path() else os.path.join(folder, "")


def _name(dataset: Dataset, title: str, base: str, index: int) -> str:
    path = dataset.path(index)
    return f"{title}[{index}]" if path is None else str(path).removeprefix(base)
