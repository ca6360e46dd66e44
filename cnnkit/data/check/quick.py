"""The quick half of a check, before a training: a second or two for ten thousand pictures, of which few are decoded."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import final

from cnnkit.config import default_threads
from cnnkit.data.check.duplicates import exact_groups
from cnnkit.data.check.look import Look, Place, Unreadable, look_at_files
from cnnkit.data.check.oddities import Counts, odd_classes, wrong_endings
from cnnkit.data.check.placeholders import placeholders
from cnnkit.data.layout.look_alikes import look_alikes
from cnnkit.data.open.splits import PARTS, DataSplits
from cnnkit.data.picture.end_marks import ends, format_of
from cnnkit.data.sets.base import Dataset

# Sentences that are said, the gravest first.
MOST_WARNINGS = 5
# Files that are looked at; of more, so many from all over.
MOST_FILES = 20_000
# Pictures that are decoded to find placeholders: the smallest files, and as many from all over to compare them with.
DECODED = 64


@final
@dataclass(frozen=True)
class Glance:
    """What the ends of a file tell.   mark: equal where length and both ends are, so in copies."""

    place: Place
    path: Path
    length: int
    stored: str
    mark: bytes


def quick_check(splits: DataSplits, *, by_heart: bool = False) -> list[str]:
    """What seems wrong with data that could be opened, a short sentence each; `check` finds more, and says more.

    by_heart: all parts are the same few images, which are looked at once.
    """
    counts: Counts = {part: Counter() for part in PARTS}
    parts = PARTS[:1] if by_heart else PARTS
    step = -(-sum(len(splits.part(part)) for part in parts) // MOST_FILES) or 1
    places, number = [], 0
    for part in parts:
        dataset = splits.part(part)
        for index, class_name in enumerate(_class_names(dataset)):
            counts[part][class_name] += 1
            if number % step == 0 and (path := dataset.path(index)) is not None:
                places.append(Place(part, class_name, str(path), path))
            number += 1
    warnings = _of_files(places)
    odd = odd_classes({"train": counts["train"]}) if splits.train.labelled and not by_heart else []
    warnings += [_upper(finding.message) + "." for finding in odd]
    return [*look_alikes(splits.classes), *warnings][:MOST_WARNINGS]


def _class_names(dataset: Dataset) -> list[str]:
    """Of each sample the name of its class; "" where it has masks or boxes instead."""
    if not dataset.labelled:
        return [""] * len(dataset)
    return [dataset.classes[label] for label in dataset.labels().tolist()]


def _of_files(places: Sequence[Place]) -> list[str]:
    with ThreadPoolExecutor(default_threads(), "cnnkit-glance") as pool:
        glances = [glance for glance in pool.map(_glance, places) if glance is not None]
    warnings = []
    stand_ins, copied = _placeholders(glances), _copies(glances)
    if stand_ins:
        look = "picture looks like a placeholder" if len(stand_ins) == 1 else "pictures look like placeholders"
        warnings.append(f"{len(stand_ins):,} {look}: {_some(stand_ins)}.")
    labels = [group for group in copied if len({place.class_name for place in group}) > 1]
    parts = [group for group in copied if len({place.part for place in group}) > 1]
    for groups, what in ((labels, "under several labels"), (parts, "in several parts"), (copied, "more than once")):
        if groups:
            number = "1 picture is" if len(groups) == 1 else f"{len(groups):,} pictures are"
            warnings.append(f"{number} there {what}: {_some([place.name for place in groups[0]])}.")
            break
    if wrong := wrong_endings((glance.place.name, glance.stored) for glance in glances):
        number = "1 file is" if len(wrong) == 1 else f"{len(wrong):,} files are"
        warnings.append(
            f"{number} of another format than the ending says: {_some([finding.files[0] for finding in wrong])}."
        )
    return warnings


def _glance(place: Place) -> Glance | None:
    """None where the file cannot be opened: then a training says so itself."""
    assert place.path is not None
    try:
        with open(place.path, "rb") as file:
            head, tail, length = ends(file)
    except OSError:
        return None
    mark = hashlib.blake2b(head + tail + str(length).encode(), digest_size=16).digest()
    return Glance(place, place.path, length, format_of(head), mark)


def _copies(glances: Sequence[Glance]) -> list[list[Place]]:
    """Groups of equal files: those with equal ends are read whole."""
    found = []
    for group in exact_groups([glance.mark for glance in glances]):
        members = [glances[index] for index in group]
        found += [
            [members[index].place for index in equal]
            for equal in exact_groups([_digest(glance.path) for glance in members])
        ]
    return found


def _digest(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "blake2b").digest()
    except OSError:
        return str(path).encode("utf-8", "surrogateescape")


def _placeholders(glances: Sequence[Glance]) -> list[str]:
    """Drawings take fewer bytes than photos, so the smallest files are decoded, and judged beside some of all."""
    by_length = sorted(glances, key=lambda glance: glance.length)
    some = by_length[:: -(-len(by_length) // DECODED) or 1]
    chosen = dict.fromkeys(glance.place.name for glance in [*by_length[:DECODED], *some])
    looks = [look for look in _looks(glances, chosen) if isinstance(look, Look)]
    return [looks[index].place.name for index, _ in placeholders(looks)]


def _looks(glances: Sequence[Glance], names: Iterable[str]) -> list[Look | Unreadable]:
    known = {glance.place.name: glance.place for glance in glances}
    return list(look_at_files([known[name] for name in names]))


def _some(names: list[str]) -> str:
    shown = [Path(name).parent.name + "/" + Path(name).name for name in names[:2]]
    return ", ".join(shown) + (f" and {len(names) - 2:,} more" if len(names) > 2 else "")


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
