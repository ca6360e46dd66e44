"""What is looked at alike in pictures with masks and with boxes: their parts, what these hold, pictures in memory."""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

from cnnkit.data.check.copies import copies
from cnnkit.data.check.figures import Counted
from cnnkit.data.check.findings import Finding, in_order
from cnnkit.data.check.look import Look, Place, look_at_pixels
from cnnkit.data.check.oddities import alike, named, odd_sizes, outside, wrong_endings
from cnnkit.data.check.report import DataReport
from cnnkit.data.headway import Headway
from cnnkit.data.open.splits import PARTS, DataSplits
from cnnkit.data.sets.image_folder import NamedFile
from cnnkit.data.targets import Target

# The part of what has no parts of its own.
UNSPLIT = "pictures"


Count = TypeVar("Count", bound=Counted)
Picture = TypeVar("Picture", bound=NamedFile)


class Held(ABC, Generic[Count]):
    """What the targets of each part hold, and what is odd about them.

    unit: what is counted of a class: "pixel".   differ: (kind, message) of one picture that has unequal targets.
    field: the name of the counts in a report.   counted: of each part.
    """

    unit: str
    differ: tuple[str, str]
    field: str

    def __init__(self, parts: Sequence[str], classes: list[str], count: Callable[[int], Count]) -> None:
        self.classes = classes
        self.counted = {part: count(len(classes)) for part in parts}
        self._of_picture: defaultdict[bytes, dict[bytes, str]] = defaultdict(dict)

    @abstractmethod
    def add(self, part: str, name: str, target: Target, look: Look) -> None:
        """Count the target, in pixels of its picture, which was looked at.   name: of the file to be told."""

    def told(self, target: bytes, name: str, look: Look) -> None:
        """Note what the target of a picture is, to be compared with that of its copies."""
        self._of_picture[look.digest].setdefault(target, name)

    def absent(self) -> list[Finding]:
        """Classes that a part has none of."""
        found = []
        for part, counted in self.counted.items():
            names = [name for name, n in zip(self.classes, counted.of_class.tolist(), strict=True) if not n]
            if names and counted.total:
                found.append(Finding("absent-class", f"in {part}, no {self.unit} of {named(names)}"))
        return found

    def unequal(self) -> list[Finding]:
        """Copies of a picture whose targets differ."""
        kind, message = self.differ
        return [
            Finding(kind, message, tuple(several.values())) for several in self._of_picture.values() if len(several) > 1
        ]

    @abstractmethod
    def findings(self) -> list[Finding]:
        """All that is odd about them."""

    def report(self, found: str, notes: list[str], findings: list[Finding], allowed: Collection[str]) -> DataReport:
        """All that was seen.   findings: those of the pictures, and its own."""
        counts = [counted.pictures.tolist() for counted in self.counted.values()]
        rows = [(name, *row) for name, row in zip(self.classes, zip(*counts, strict=True), strict=True)]
        counted: dict[str, Any] = {self.field: self.counted}
        return DataReport(found, list(self.counted), rows, in_order(findings), notes, allowed, **counted)


def own_parts(parts: Mapping[str, list[Picture]], split: bool) -> dict[str, list[Picture]]:
    """Listed pictures by the parts that the data bring; of those that bring none there is one."""
    return {part if split else UNSPLIT: pictures for part, pictures in parts.items()}


def of_files(source: Path, looks: Sequence[Look], names: Sequence[str]) -> list[Finding]:
    """What is odd about the pictures, whatever their targets.   names: all files of the data, those of masks too."""
    found = [*copies(looks), *odd_sizes(looks), *wrong_endings((look.place.name, look.format) for look in looks)]
    return [*found, *outside(source, names)] if source.is_dir() else found


def in_memory(splits: DataSplits, held: Held[Any], allowed: Collection[str]) -> Iterator[Headway | DataReport]:
    """Look at pictures with masks or boxes that no file holds.   held: what is empty yet, of the three parts."""
    looks: list[Look] = []
    total = sum(len(splits.part(part)) for part in PARTS)
    for part in PARTS:
        dataset = splits.part(part)
        for index in range(len(dataset)):
            yield Headway("looking", len(looks), total)
            sample, name = dataset[index], f"{part} image {index}"
            looks.append(look_at_pixels(Place(part, "", name), sample.image))
            held.add(part, name, sample.target, looks[-1])
    findings = [*held.findings(), *copies(looks), *alike(splits.classes)]
    yield held.report(splits.found, splits.notes, findings, allowed)
