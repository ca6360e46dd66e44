"""What lies in a data set and what is wrong with it: every picture is decoded once, and compared with all others."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from pathlib import Path

from cnnkit.data.check.boxes.pictures import check_boxes, check_boxes_in_memory
from cnnkit.data.check.copies import copies
from cnnkit.data.check.findings import Finding, damaged, in_order
from cnnkit.data.check.inventory import Inventory, take_inventory
from cnnkit.data.check.look import Look, Place, look_at_files, look_at_pixels
from cnnkit.data.check.masks.pairs import check_masks_in_memory, check_pairs
from cnnkit.data.check.oddities import Counts, alike, odd_classes, odd_sizes, outside, wrong_endings
from cnnkit.data.check.placeholders import placeholders
from cnnkit.data.check.report import DataReport, Row
from cnnkit.data.headway import Headway
from cnnkit.data.layout.masks.ignore import Ignore
from cnnkit.data.open.formats import DETECTION, SEGMENTATION, boxes_in, pairs_in
from cnnkit.data.open.opening import Opening
from cnnkit.data.open.source import resolve
from cnnkit.data.open.splits import PARTS, DataSplits
from cnnkit.data.sets.subset import origin
from cnnkit.errors import DataError


def check(
    data: str | Path | None = None,
    *,
    image_size: int | tuple[int, int] | None = None,
    grey: bool | None = None,
    ignore: str | None = None,
    task: str | None = None,
    allowed: Collection[str] = (),
) -> DataReport:
    """Look at all of the data. What cannot be found at all is a DataError; whatever is wrong inside is a finding.

    ignore: values of masks that are void.   task: what the data are for, where they can be read in several ways.
    allowed: kinds of findings that shall only warn.
    """
    report = None
    for event in checking(data, image_size=image_size, grey=grey, ignore=ignore, task=task, allowed=allowed):
        if isinstance(event, DataReport):
            report = event
    assert report is not None
    return report


def checking(
    data: str | Path | None = None,
    *,
    image_size: int | tuple[int, int] | None = None,
    grey: bool | None = None,
    ignore: str | None = None,
    task: str | None = None,
    allowed: Collection[str] = (),
) -> Iterator[Headway | DataReport]:
    """`check` with its headway: after each picture, and the report at the end."""
    size = (image_size, image_size) if isinstance(image_size, int) else image_size
    name, place = resolve(data)
    asked = Opening(name, size, grey)
    if place is not None and (pairs := pairs_in(place, task)) is not None:
        yield from check_pairs(pairs, asked, Ignore.of(ignore), allowed)
        return
    if place is not None and (boxes := boxes_in(place, task)) is not None:
        yield from check_boxes(boxes, asked, allowed)
        return
    inventory = take_inventory(data, size, grey, task)
    if inventory.listing is not None:
        yield from _check_files(inventory, size, grey, allowed)
    elif inventory.splits is not None:
        looked = {SEGMENTATION: check_masks_in_memory, DETECTION: check_boxes_in_memory}
        yield from looked.get(inventory.splits.task, _check_arrays)(inventory.splits, allowed)
    else:
        yield DataReport(inventory.source, [], [], inventory.findings, allowed=allowed)


def _check_files(
    inventory: Inventory, image_size: tuple[int, int] | None, grey: bool | None, allowed: Collection[str]
) -> Iterator[Headway | DataReport]:
    looks: list[Look] = []
    findings = list(inventory.findings)
    bad: set[Path] = set()
    places = inventory.places()
    for done, seen in enumerate(look_at_files(places)):
        yield Headway("looking", done, len(places))
        if isinstance(seen, Look):
            looks.append(seen)
        else:
            assert seen.place.path is not None
            bad.add(seen.place.path)
            findings.append(damaged(seen.kind, seen.message, seen.place.name))
    stand_ins = dict(placeholders(looks))
    findings += [Finding("placeholder", why, (looks[i].place.name,)) for i, why in stand_ins.items()]
    pictures = [look for i, look in enumerate(looks) if i not in stand_ins]
    findings += copies(pictures)
    findings += wrong_endings((look.place.name, look.format) for look in looks)
    findings += odd_sizes(pictures)
    counts: Counts = {part: Counter() for part in inventory.parts}
    files = defaultdict(list)
    for look in looks:
        counts[look.place.part][look.place.class_name] += 1
        files[look.place.part, look.place.class_name].append(look.place.name)
    findings += odd_classes(counts, files)
    assert inventory.listing is not None
    findings += alike(inventory.listing.classes)
    if inventory.listing.source.is_dir():
        findings += outside(inventory.listing.source, [place.name for place in places])
    found, notes = inventory.source, []
    if not any(finding.kind == "untrainable" for finding in findings):
        try:
            splits = inventory.open(bad, image_size, grey)
            found, notes = splits.found, splits.notes
        except DataError as error:
            findings.append(Finding("untrainable", str(error)))
    names = inventory.listing.classes
    yield DataReport(found, inventory.parts, _rows(names, counts), in_order(findings), notes, allowed)


def _check_arrays(splits: DataSplits, allowed: Collection[str]) -> Iterator[Headway | DataReport]:
    """Images in arrays. A part that was drawn from another by a seed is none of the data's own: they count as one."""
    parts: dict[int, str] = {}
    rows, total = [], sum(len(splits.part(part)) for part in PARTS)
    looks: list[Look] = []
    counts: Counts = {}
    for part in PARTS:
        dataset = splits.part(part)
        root, indices = origin(dataset)
        own = parts.setdefault(id(root), part)
        labels = dataset.labels().tolist()
        rows.append(Counter(splits.classes[label] for label in labels))
        counts.setdefault(own, Counter()).update(rows[-1])
        for index, (number, label) in enumerate(zip(indices.tolist(), labels, strict=True)):
            place = Place(own, splits.classes[label], f"{own} image {number}")
            yield Headway("looking", len(looks), total)
            looks.append(look_at_pixels(place, dataset[index].image))
    findings = copies(looks) + odd_classes(counts)
    findings += alike(splits.classes)
    table = _rows(splits.classes, dict(zip(PARTS, rows, strict=True)))
    yield DataReport(splits.found, list(PARTS), table, in_order(findings), splits.notes, allowed)


def _rows(classes: list[str], counts: Counts) -> list[Row]:
    return [(name, *(count[name] for count in counts.values())) for name in classes]
