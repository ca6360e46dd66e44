"""Open listed pictures with boxes as training, validation and test parts."""

from collections.abc import Sequence

from cnnkit.data.layout.boxes.pictures import BoxedPicture, BoxListing, Fault
from cnnkit.data.open.boxes.fit import choose_box_fit
from cnnkit.data.open.opening import NAMED, Opening, skipped, unusable
from cnnkit.data.open.splits import DataSplits
from cnnkit.data.sets.boxes.box_folder import BoxFolder, BoxReader
from cnnkit.errors import DataError


def open_boxes(listing: BoxListing, asked: Opening) -> DataSplits:
    """The parts of a folder of pictures with boxes. By itself the fit is letterbox: the whole picture, in shape."""
    faults = faults_of(listing)
    if faults and not asked.skip_unreadable and not asked.tried:
        raise _refused(listing, [fault.message for fault in faults])
    there = [picture for picture in listing.pictures if not picture.faults]
    if not any(len(picture.labels) for picture in there):
        why = f" {faults[0].message}" if faults else " Do the files with the boxes belong to these pictures?"
        raise DataError(f"{listing.source}: no picture has a box that can be used, so there is nothing to find.{why}")
    preprocessing, notes = choose_box_fit(there, asked)
    asked.check_range(listing.parts)
    reader = BoxReader(preprocessing, asked.cache_bytes)
    refused = asked.refused(there, reader)
    if refused and not asked.skip_unreadable:
        raise _refused(listing, [message for _, message in refused])
    bad = {id(picture) for picture, _ in refused}
    kept = {
        part: [one for one in pictures if not one.faults and id(one) not in bad]
        for part, pictures in listing.parts.items()
    }
    absent = _lacking(kept["train"], listing.classes) if asked.learn else []
    left_out = skipped([*(fault.message for fault in faults), *(message for _, message in refused)])

    def dataset(pictures: list[BoxedPicture]) -> BoxFolder:
        classes, numbers = listing.classes, listing.numbers
        return BoxFolder(pictures, name=asked.name, classes=classes, reader=reader, coco_classes=numbers)

    boxes = sum(len(picture.labels) for picture in there)
    return asked.splits(
        listing,
        kept,
        dataset,
        needed="pictures can be used",
        holding=f"{boxes:,} boxes, ",
        notes=[*absent, *notes, *left_out],
    )


def faults_of(listing: BoxListing) -> list[Fault]:
    """All of a listing and of its pictures."""
    return [*listing.faults, *(fault for picture in listing.pictures for fault in picture.faults)]


def _lacking(train: Sequence[BoxedPicture], classes: Sequence[str]) -> list[str]:
    """A note on classes that a training sees no box of."""
    held = {label for picture in train for label in picture.labels.tolist()}
    absent = [name for label, name in enumerate(classes) if label not in held]
    if not absent:
        return []
    more = f" and {len(absent) - NAMED:,} more" if len(absent) > NAMED else ""
    return [f"No training picture has a box of {', '.join(absent[:NAMED])}{more}."]


def _refused(listing: BoxListing, messages: Sequence[str]) -> DataError:
    what = "1 file or box" if len(messages) == 1 else f"{len(messages):,} files or boxes"
    return unusable(f"{what} of {listing.source} cannot be used", messages, "Mend them, or skip such pictures")
