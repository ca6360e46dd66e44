"""Open listed pictures with boxes as training, validation and test parts."""

from collections.abc import Sequence
from dataclasses import replace

from cnnkit.data.layout.boxes.pictures import BoxedPicture, BoxListing, Fault
from cnnkit.data.open.boxes.fit import choose_box_fit
from cnnkit.data.open.splits import DataSplits, split_parts
from cnnkit.data.open.stored_range import check_parts
from cnnkit.data.picture.header import check_ends
from cnnkit.data.sets.boxes.box_folder import BoxFolder, BoxReader
from cnnkit.data.sets.image_folder import refusals
from cnnkit.data.view.preprocessing import Fit
from cnnkit.errors import DataError

# So many pictures are decoded once, and kept, before training begins; of a larger set only the ends of files are read.
CHECKED_AT_OPEN = 2000
# Skipped files that are named; of the rest only the number is told. And those that an error names.
NAMED, FIRST = 20, 3


def open_boxes(
    listing: BoxListing,
    *,
    name: str,
    image_size: tuple[int, int] | None,
    grey: bool | None,
    fit: Fit | None,
    seed: int,
    val_fraction: float,
    skip_unreadable: bool,
    cache_bytes: int,
    white: int | None = None,
    learn: bool = True,
    tried: bool = False,
) -> DataSplits:
    """The parts of a folder of pictures with boxes.

    fit: None is letterbox: the whole picture, in shape.   white, learn, tried: as `open_pictures` has them.
    """
    faults = faults_of(listing)
    if faults and not skip_unreadable and not tried:
        raise _refused(listing, [fault.message for fault in faults])
    there = [picture for picture in listing.pictures if not picture.faults]
    if not any(len(picture.labels) for picture in there):
        why = f" {faults[0].message}" if faults else " Do the files with the boxes belong to these pictures?"
        raise DataError(f"{listing.source}: no picture has a box that can be used, so there is nothing to find.{why}")
    preprocessing, notes = choose_box_fit(there, image_size, grey, fit, white)
    if white is None and len(listing.parts) > 1:
        check_parts({part: [one.name for one in pictures] for part, pictures in listing.parts.items()})
    H, W, C = preprocessing.shape
    reader = BoxReader(preprocessing, cache_bytes)
    few = skip_unreadable or len(there) <= CHECKED_AT_OPEN
    refused = [] if tried else refusals(there, reader if few else _check_ends)
    if refused and not skip_unreadable:
        raise _refused(listing, [message for _, message in refused])
    bad = {id(picture) for picture, _ in refused}
    skipped = [*(fault.message for fault in faults), *(message for _, message in refused)]

    def dataset(part: str) -> BoxFolder | None:
        kept = [one for one in listing.parts.get(part, []) if not one.faults and id(one) not in bad]
        classes, numbers = listing.classes, listing.numbers
        return BoxFolder(kept, name=name, classes=classes, reader=reader, coco_classes=numbers) if kept else None

    train = dataset("train")
    if train is None:
        raise DataError(f"{listing.source}: none of the {len(listing.parts['train'])} training pictures can be used.")
    boxes = sum(len(picture.labels) for picture in there)
    splits = split_parts(
        train,
        dataset("val"),
        dataset("test"),
        found=f"{listing.source}: {listing.layout}, {boxes:,} boxes, read as {H}x{W} {'grey' if C == 1 else 'RGB'}",
        notes=[*listing.notes, *_lacking(train, learn), *notes, *_skipped(skipped)],
        seed=seed,
        val_fraction=val_fraction,
        learn=learn,
    )
    return replace(splits, source=listing.source)


def faults_of(listing: BoxListing) -> list[Fault]:
    """All of a listing and of its pictures."""
    return [*listing.faults, *(fault for picture in listing.pictures for fault in picture.faults)]


def _check_ends(picture: BoxedPicture) -> None:
    check_ends(picture.path)


def _lacking(train: BoxFolder, learn: bool) -> list[str]:
    """A note on classes that a training sees no box of."""
    held = {label for picture in train.files for label in picture.labels.tolist()}
    absent = [name for label, name in enumerate(train.classes) if label not in held] if learn else []
    if not absent:
        return []
    more = f" and {len(absent) - NAMED:,} more" if len(absent) > NAMED else ""
    return [f"No training picture has a box of {', '.join(absent[:NAMED])}{more}."]


def _refused(listing: BoxListing, messages: Sequence[str]) -> DataError:
    more = " …" if len(messages) > FIRST else ""
    what = "1 file or box" if len(messages) == 1 else f"{len(messages):,} files or boxes"
    return DataError(
        f"{what} of {listing.source} cannot be used. {' '.join(messages[:FIRST])}{more} Mend them, or skip such "
        "pictures with --on-unreadable skip; `cnnkit data check` lists them all."
    )


def _skipped(messages: Sequence[str]) -> list[str]:
    notes = [f"Skipped: {message}" for message in messages[:NAMED]]
    if len(messages) > NAMED:
        notes.append(f"Skipped: {len(messages) - NAMED:,} more; `cnnkit data check` lists them all.")
    return notes
