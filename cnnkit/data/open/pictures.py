"""Open listed pictures as training, validation and test parts."""

from collections.abc import Sequence
from dataclasses import replace

from cnnkit.data.layout.listing import Listing, PictureFile
from cnnkit.data.open.opening import Opening, skipped, some_heads, unusable
from cnnkit.data.open.splits import DataSplits
from cnnkit.data.sets.image_folder import ImageFolder
from cnnkit.data.sets.picture_cache import PictureCache
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.errors import DataError

DEFAULT_SIZE = 64
# Pictures of one common size up to this side are taken as they are.
LARGEST_NATIVE = 128
# Pictures whose headers tell size and colour.
TRIED = 16


def open_pictures(listing: Listing, asked: Opening) -> DataSplits:
    """The parts of an image folder or of a list of pictures. By itself the fit is crop."""
    if listing.missing and not asked.skip_unreadable:
        raise _refused(listing, [lacking.message for lacking in listing.missing], "are missing")
    lost = {lacking.file for lacking in listing.missing}
    there = [file for file in listing.files if file not in lost]
    preprocessing, notes = choose_preprocessing(there, asked)
    asked.check_range(listing.parts)
    H, W, C = preprocessing.shape
    cache = PictureCache(preprocessing, min(asked.cache_bytes, len(there) * H * W * C))
    refused = asked.refused(there, lambda file: cache(file.name))
    if refused and not asked.skip_unreadable:
        raise _refused(listing, [message for _, message in refused], "cannot be read")
    bad = {file for file, _ in refused} | lost
    left_out = skipped([lacking.message for lacking in listing.missing] + [message for _, message in refused])
    notes += left_out
    readable = len(there) - len(refused)
    if 0 < cache.pictures < readable:
        notes.append(
            f"{cache.pictures:,} of {readable:,} pictures are kept decoded in {asked.cache_bytes / 1e6:,.0f} MB of "
            "memory; the others are decoded in each epoch. A larger --cache keeps more."
        )

    def dataset(files: list[PictureFile]) -> ImageFolder:
        return ImageFolder(files, name=asked.name, classes=listing.classes, cache=cache)

    return asked.splits(
        listing,
        {part: [file for file in files if file not in bad] for part, files in listing.parts.items()},
        dataset,
        needed="files is a readable picture",
        notes=notes,
    )


def choose_preprocessing(files: Sequence[PictureFile], asked: Opening) -> tuple[Preprocessing, list[str]]:
    """As asked; else the common size and colour of a few pictures from all over, if they are small and alike."""
    heads, size, notes = some_heads(files, TRIED), asked.image_size, []
    if size is None:
        sizes = {(head.height, head.width) for head in heads}
        native = next(iter(sizes)) if len(sizes) == 1 else (0, 0)
        size = native if 1 <= max(native) <= LARGEST_NATIVE else (DEFAULT_SIZE, DEFAULT_SIZE)
        if size != native:
            notes.append(f"Pictures are scaled to {size[0]}x{size[1]}; --image-size changes that.")
    preprocessing, told = asked.coloured(files, heads, size)
    return replace(preprocessing, fit=asked.fit or "crop"), notes + told


def _refused(listing: Listing, messages: Sequence[str], what: str) -> DataError:
    told = f"{len(messages):,} of {len(listing.files):,} files in {listing.source} {what}"
    return unusable(told, messages, "Remove such files, or skip them")
