"""Open listed pictures as training, validation and test parts."""

from dataclasses import replace

from cnnkit.data.layout.listing import Listing, Missing, PictureFile
from cnnkit.data.open.splits import DataSplits, split_parts
from cnnkit.data.open.stored_range import check_parts, stored_white
from cnnkit.data.picture.header import check_ends, header
from cnnkit.data.sets.image_folder import ImageFolder, photo_preprocessing, unreadable
from cnnkit.data.sets.picture_cache import PictureCache
from cnnkit.data.view.preprocessing import Fit, Preprocessing
from cnnkit.errors import DataError

DEFAULT_SIZE = 64
# Pictures of one common size up to this side are taken as they are.
LARGEST_NATIVE = 128
# So many pictures are decoded once, and kept, before training begins; of a larger set only the headers are read.
CHECKED_AT_OPEN = 2000
# Skipped files that are named; of the rest only the number is told.
NAMED = 20


def open_pictures(
    listing: Listing,
    *,
    name: str,
    image_size: tuple[int, int] | None,
    grey: bool | None,
    fit: Fit,
    seed: int,
    val_fraction: float,
    skip_unreadable: bool,
    cache_bytes: int,
    white: int | None = None,
    learn: bool = True,
    tried: bool = False,
) -> DataSplits:
    """The parts of an image folder or of a list of pictures.

    cache_bytes: memory for decoded pictures.   white: what is white, where a record says it; else it is told from them.
    learn: False for data that only judge.   tried: every file was read before, and none is tried again.
    """
    if listing.missing and not skip_unreadable:
        first = [lacking.message for lacking in listing.missing[:3]]
        raise _refused(listing, len(listing.missing), first, "are missing")
    lost = {lacking.file for lacking in listing.missing}
    there = [file for file in listing.files if file not in lost]
    preprocessing, notes = choose_preprocessing(there, image_size, grey, white)
    if white is None and len(listing.parts) > 1:
        check_parts({part: [file.name for file in files] for part, files in listing.parts.items()})
    preprocessing = replace(preprocessing, fit=fit)
    H, W, C = preprocessing.shape
    cache = PictureCache(preprocessing, min(cache_bytes, len(there) * H * W * C))
    check = cache if skip_unreadable or len(there) <= CHECKED_AT_OPEN else check_ends
    refused = [] if tried else unreadable(there, check)
    if refused and not skip_unreadable:
        raise _refused(listing, len(refused), [message for _, message in refused[:3]], "cannot be read")
    bad = {file for file, _ in refused} | lost
    notes = [*listing.notes, *notes, *_skipped(listing.missing, refused)]
    readable = len(there) - len(refused)
    if 0 < cache.pictures < readable:
        notes.append(
            f"{cache.pictures:,} of {readable:,} pictures are kept decoded in {cache_bytes / 1e6:,.0f} MB of memory; "
            "the others are decoded in each epoch. A larger --cache keeps more."
        )

    def dataset(part: str) -> ImageFolder | None:
        kept = [file for file in listing.parts.get(part, []) if file not in bad]
        return ImageFolder(kept, name=name, classes=listing.classes, cache=cache) if kept else None

    train = dataset("train")
    if train is None:
        raise DataError(
            f"{listing.source}: none of the {len(listing.parts['train'])} training files is a readable picture."
        )
    found = f"{listing.source}: {listing.layout}, read as {H}x{W} {'grey' if C == 1 else 'RGB'}"
    splits = split_parts(
        train,
        dataset("val"),
        dataset("test"),
        found=found,
        notes=notes,
        seed=seed,
        val_fraction=val_fraction,
        learn=learn,
    )
    return replace(splits, source=listing.source)


def choose_preprocessing(
    files: list[PictureFile],
    image_size: tuple[int, int] | None,
    grey: bool | None,
    white: int | None = None,
    tried: int = 16,
) -> tuple[Preprocessing, list[str]]:
    """As asked; else the common size and colour of a few pictures from all over, if they are small and alike."""
    headers = [header(file.path) for file in files[:: max(1, len(files) // tried)]]
    known = {entry for entry in headers if entry is not None}
    notes = []
    if image_size is None:
        sizes = {(head.height, head.width) for head in known}
        native = next(iter(sizes)) if len(sizes) == 1 else (0, 0)
        image_size = native if 1 <= max(native) <= LARGEST_NATIVE else (DEFAULT_SIZE, DEFAULT_SIZE)
        if image_size != native:
            notes.append(f"Pictures are scaled to {image_size[0]}x{image_size[1]}; --image-size changes that.")
    if grey is None:
        grey = bool(known) and all(head.grey for head in known)
    if white is None:
        white, told = stored_white([file.name for file in files])
        notes += told
    return replace(photo_preprocessing(image_size, grey), white=white), notes


def _refused(listing: Listing, refused: int, first: list[str], what: str) -> DataError:
    """first: sentences on some of the files."""
    more = " …" if refused > len(first) else ""
    return DataError(
        f"{refused:,} of {len(listing.files):,} files in {listing.source} {what}. {' '.join(first)}{more} "
        "Remove such files, or skip them with --on-unreadable skip; `cnnkit data check` lists them all."
    )


def _skipped(missing: list[Missing], refused: list[tuple[PictureFile, str]]) -> list[str]:
    messages = [lacking.message for lacking in missing[:NAMED]] + [message for _, message in refused[:NAMED]]
    notes = [f"Skipped: {message}" for message in messages[:NAMED]]
    if (count := len(missing) + len(refused)) > NAMED:
        notes.append(f"Skipped: {count - NAMED:,} more; `cnnkit data check` lists them all.")
    return notes
