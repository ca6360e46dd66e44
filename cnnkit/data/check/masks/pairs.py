"""What is wrong with pictures and their masks: each pair is read, each picture compared with all others."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import final

import numpy as np
import numpy.typing as npt

from cnnkit.data.check.copies import copies
from cnnkit.data.check.findings import Finding, damaged, in_order
from cnnkit.data.check.look import Look, Place, look_at_files, look_at_pixels
from cnnkit.data.check.masks.class_pixels import ClassPixels
from cnnkit.data.check.masks.values import meaning
from cnnkit.data.check.oddities import named, odd_sizes, outside, wrong_endings
from cnnkit.data.check.report import DataReport
from cnnkit.data.headway import Headway
from cnnkit.data.layout.look_alikes import look_alikes
from cnnkit.data.layout.masks.ignore import Ignore
from cnnkit.data.layout.masks.pairs import Pair, PairListing
from cnnkit.data.open.masks.open_pairs import open_pairs
from cnnkit.data.open.masks.survey import Survey, survey
from cnnkit.data.open.splits import PARTS, VAL_FRACTION, DataSplits
from cnnkit.data.picture.damage import kind_of_damage
from cnnkit.data.picture.header import header
from cnnkit.data.picture.mask import EXACT
from cnnkit.data.picture.read import read_picture
from cnnkit.data.sets.masks.mask_folder import labels_of
from cnnkit.data.targets import Mask
from cnnkit.errors import DataError, ResourceError

# The part of what has no parts of its own.
UNSPLIT = "pictures"


@final
class Masks:
    """What the masks of each part hold, and which of them hold little."""

    def __init__(self, parts: Sequence[str], classes: list[str]) -> None:
        self.classes = classes
        self.pixels = {part: ClassPixels(len(classes)) for part in parts}
        self._void: list[str] = []
        self._plain: defaultdict[str, list[str]] = defaultdict(list)
        self._of_picture: defaultdict[bytes, dict[bytes, str]] = defaultdict(dict)

    def add(self, part: str, name: str, labels: npt.NDArray[np.uint8], picture: Look | None) -> None:
        """Count the mask that is called `name`, of a picture that was looked at."""
        held = np.flatnonzero(self.pixels[part].add(labels)).tolist()
        if not held:
            self._void.append(name)
        elif len(held) == 1:
            self._plain[self.classes[held[0]]].append(name)
        if picture is not None:
            self._of_picture[picture.digest].setdefault(labels.tobytes(), name)

    def findings(self) -> list[Finding]:
        """What is odd about them."""
        found = []
        for part, counted in self.pixels.items():
            absent = [name for name, n in zip(self.classes, counted.pixels.tolist(), strict=True) if not n]
            if absent and counted.masks:
                found.append(Finding("absent-class", f"in {part}, no pixel of {named(absent)}"))
        learned = next(iter(self.pixels.values()))
        if learned.masks and np.count_nonzero(learned.pixels) < 2:
            found.append(
                Finding("single-class", "the training masks hold one class, so there is nothing to tell apart")
            )
        if self._void:
            found.append(Finding("void-mask", "nothing is learned from it, and nothing measured", tuple(self._void)))
        for name, files in self._plain.items():
            found.append(Finding("one-class-mask", f"nothing but {name!r}", tuple(files)))
        for several in self._of_picture.values():
            if len(several) > 1:
                found.append(Finding("two-masks", "masks that differ, of the same picture", tuple(several.values())))
        return found


def check_pairs(
    listing: PairListing,
    *,
    name: str,
    image_size: tuple[int, int] | None,
    grey: bool | None,
    ignore: Ignore,
    allowed: Collection[str],
) -> Iterator[Headway | DataReport]:
    """Pictures and masks in files."""
    own = {part if listing.split else UNSPLIT: pairs for part, pairs in listing.parts.items()}
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
    masks = Masks(list(own), coding.classes if coding else [])
    looks: list[Look] = []
    pairs = [(part, pair) for part, some in own.items() for pair in some]
    places = [Place(part, "", pair.name, pair.path) for part, pair in pairs]
    for done, ((part, pair), look) in enumerate(zip(pairs, look_at_files(places), strict=True)):
        yield Headway("looking", done, total)
        if isinstance(look, Look):
            looks.append(look)
        else:
            bad.add(pair)
            findings.append(damaged(look.kind, look.message, pair.name))
        if coding is not None and pair not in bad:
            try:
                masks.add(part, _file_of(pair), labels_of(pair, coding, looks[-1].size), looks[-1])
            except DataError as error:
                bad.add(pair)
                findings.append(_refused(pair, str(error)))
    findings += [*masks.findings(), *copies(looks), *odd_sizes(looks), *_alike(masks.classes)]
    findings += wrong_endings((look.place.name, look.format) for look in looks)
    if listing.source.is_dir():
        findings += outside(listing.source, [file for _, pair in pairs for file in (pair.name, pair.mask)])
    found, notes = f"{listing.source}: {listing.layout}", listing.notes
    if bad.issuperset(listing.pairs):
        findings.append(Finding("untrainable", f"{listing.source}: no picture has a mask that can be used"))
    elif not any(finding.kind == "untrainable" for finding in findings):
        try:
            splits = _open(listing, bad, name, image_size, grey, ignore)
            found, notes = splits.found, splits.notes
        except DataError as error:
            findings.append(Finding("untrainable", str(error)))
    yield _report(found, notes, masks, findings, allowed)


def check_masks_in_memory(splits: DataSplits, allowed: Collection[str]) -> Iterator[Headway | DataReport]:
    """Pictures and masks that no file holds."""
    masks = Masks(PARTS, splits.classes)
    looks: list[Look] = []
    total = sum(len(splits.part(part)) for part in PARTS)
    for part in PARTS:
        dataset = splits.part(part)
        for index in range(len(dataset)):
            yield Headway("looking", len(looks), total)
            sample, name = dataset[index], f"{part} image {index}"
            looks.append(look_at_pixels(Place(part, "", name), sample.image))
            if isinstance(sample.target, Mask):
                masks.add(part, name, sample.target.labels, looks[-1])
    findings = [*masks.findings(), *copies(looks), *_alike(splits.classes)]
    yield _report(splits.found, splits.notes, masks, findings, allowed)


def _report(
    found: str, notes: list[str], masks: Masks, findings: list[Finding], allowed: Collection[str]
) -> DataReport:
    counts = [counted.pictures.tolist() for counted in masks.pixels.values()]
    rows = [(name, *row) for name, row in zip(masks.classes, zip(*counts, strict=True), strict=True)]
    return DataReport(found, list(masks.pixels), rows, in_order(findings), notes, allowed, masks.pixels)


def _open(
    listing: PairListing,
    bad: set[Pair],
    name: str,
    image_size: tuple[int, int] | None,
    grey: bool | None,
    ignore: Ignore,
) -> DataSplits:
    """As a training would open them, those that are bad left out; DataError if it would not."""
    parts = {part: [pair for pair in pairs if pair not in bad] for part, pairs in listing.parts.items()}
    return open_pairs(
        replace(listing, parts=parts, lacking=[]),
        name=name,
        image_size=image_size,
        grey=grey,
        fit=None,
        seed=0,
        val_fraction=VAL_FRACTION,
        skip_unreadable=False,
        cache_bytes=0,
        ignore=ignore,
        tried=True,
    )


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


def _alike(classes: list[str]) -> list[Finding]:
    return [Finding("look-alike", sentence.rstrip(".")) for sentence in look_alikes(classes)]
