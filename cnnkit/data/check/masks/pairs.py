"""What is wrong with pictures and their masks: each pair is read, each picture compared with all others."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import final

import numpy as np

from cnnkit.data.check.findings import Finding, damaged
from cnnkit.data.check.held import Held, in_memory, of_files, own_parts
from cnnkit.data.check.look import Look, Place, look_at_files
from cnnkit.data.check.masks.class_pixels import ClassPixels
from cnnkit.data.check.masks.values import meaning
from cnnkit.data.check.oddities import alike
from cnnkit.data.check.report import DataReport
from cnnkit.data.headway import Headway
from cnnkit.data.layout.masks.ignore import Ignore
from cnnkit.data.layout.masks.pairs import Pair, PairListing
from cnnkit.data.open.masks.open_pairs import open_pairs
from cnnkit.data.open.masks.survey import Survey, survey
from cnnkit.data.open.opening import Opening
from cnnkit.data.open.splits import PARTS, DataSplits
from cnnkit.data.picture.damage import kind_of_damage
from cnnkit.data.picture.header import header
from cnnkit.data.picture.mask import EXACT
from cnnkit.data.picture.read import read_picture
from cnnkit.data.sets.masks.mask_folder import labels_of
from cnnkit.data.targets import Mask, Target
from cnnkit.errors import DataError, ResourceError


@final
class HeldMasks(Held[ClassPixels]):
    """What the masks of each part hold, and which of them hold little."""

    unit, field = "pixel", "pixels"
    differ = "two-masks", "masks that differ, of the same picture"

    def __init__(self, parts: Sequence[str], classes: list[str]) -> None:
        super().__init__(parts, classes, ClassPixels)
        self._void: list[str] = []
        self._plain: defaultdict[str, list[str]] = defaultdict(list)

    def add(self, part: str, name: str, target: Target, look: Look) -> None:
        assert isinstance(target, Mask)
        held = np.flatnonzero(self.counted[part].add(target.labels)).tolist()
        if not held:
            self._void.append(name)
        elif len(held) == 1:
            self._plain[self.classes[held[0]]].append(name)
        self.told(target.labels.tobytes(), name, look)

    def findings(self) -> list[Finding]:
        found = self.absent()
        learned = next(iter(self.counted.values()))
        if learned.total and np.count_nonzero(learned.pixels) < 2:
            found.append(
                Finding("single-class", "the training masks hold one class, so there is nothing to tell apart")
            )
        if self._void:
            found.append(Finding("void-mask", "nothing is learned from it, and nothing measured", tuple(self._void)))
        for name, files in self._plain.items():
            found.append(Finding("one-class-mask", f"nothing but {name!r}", tuple(files)))
        return found + self.unequal()


def check_pairs(
    listing: PairListing, asked: Opening, ignore: Ignore, allowed: Collection[str]
) -> Iterator[Headway | DataReport]:
    """Pictures and masks in files."""
    own = own_parts(listing.parts, listing.split)
    total = len(listing.pairs)
    yield Headway("reading masks", 0, total)
    seen = Survey({}) if listing.classes else survey(listing.parts)
    findings = [
        Finding("unpaired", _rest(lacking.message, lacking.name), (lacking.name,)) for lacking in listing.lacking
    ]
    findings += [_refused(pair, message) for pair, message in seen.refused]
    bad = {pair for pair, _ in seen.refused}
    read = meaning(listing, seen, ignore)
    coding, findings = read.coding, findings + read.findings
    bad |= {pair for pair in listing.pairs if pair.mask in read.strange}
    held = HeldMasks(list(own), coding.classes if coding else [])
    looks: list[Look] = []
    pairs = [(part, pair) for part, some in own.items() for pair in some]
    places = [Place(part, "", pair.name, pair.path) for part, pair in pairs]
    for done, ((part, pair), look) in enumerate(zip(pairs, look_at_files(places), strict=True)):
        yield Headway("looking", done, total)
        if not isinstance(look, Look):
            bad.add(pair)
            findings.append(damaged(look.kind, look.message, pair.name))
            continue
        looks.append(look)
        if coding is not None and pair not in bad:
            try:
                held.add(part, _file_of(pair), Mask(labels_of(pair, coding, look.size)), look)
            except DataError as error:
                bad.add(pair)
                findings.append(_refused(pair, str(error)))
    names = [file for _, pair in pairs for file in (pair.name, pair.mask)]
    findings += [*held.findings(), *of_files(listing.source, looks, names), *alike(held.classes)]
    found, notes = f"{listing.source}: {listing.layout}", listing.notes
    if bad.issuperset(listing.pairs):
        findings.append(Finding("untrainable", f"{listing.source}: no picture has a mask that can be used"))
    elif not any(finding.kind == "untrainable" for finding in findings):
        try:
            # As a training would open them, those that are bad left out.
            parts = {part: [pair for pair in pairs if pair not in bad] for part, pairs in listing.parts.items()}
            splits = open_pairs(replace(listing, parts=parts, lacking=[]), replace(asked, tried=True), ignore)
            found, notes = splits.found, splits.notes
        except DataError as error:
            findings.append(Finding("untrainable", str(error)))
    yield held.report(found, notes, findings, allowed)


def check_masks_in_memory(splits: DataSplits, allowed: Collection[str]) -> Iterator[Headway | DataReport]:
    """Pictures and masks that no file holds."""
    return in_memory(splits, HeldMasks(PARTS, splits.classes), allowed)


def _file_of(pair: Pair) -> str:
    """That of its mask; of a mask that is drawn, which shares its file with all others, the picture's."""
    return pair.mask if pair.drawn is None else pair.name


def _refused(pair: Pair, message: str) -> Finding:
    """Of a mask that cannot be used."""
    if pair.drawn is not None:
        kind = "mask-size" if message.startswith(pair.name) else "mask-value"
        return Finding(kind, _rest(message, pair.name), (pair.name,))
    mask = Path(pair.mask)
    known = header(mask) if mask.is_file() else None
    if known is not None and known.format and known.format not in EXACT:
        kind = "mask-format"
    elif message.startswith(pair.name):
        return Finding("mask-size", _rest(message, pair.name), (pair.name, pair.mask))
    else:
        try:
            read_picture(mask)
            kind = "mask-value"
        except (DataError, ResourceError):
            kind = kind_of_damage(mask, message)
    return Finding(kind, _rest(message, pair.mask), (pair.mask,))


def _rest(message: str, name: str) -> str:
    """The message without the file's name, which the finding has anyway."""
    return message.removeprefix("The mask ").removeprefix(f"{name} ").rstrip(".")
