"""Open listed pictures and masks as training, validation and test parts."""

from collections.abc import Sequence
from dataclasses import replace

from cnnkit.data.layout.masks.ignore import Ignore
from cnnkit.data.layout.masks.pairs import Pair, PairListing
from cnnkit.data.open.masks.coding import choose_coding, drawn_coding
from cnnkit.data.open.masks.fit import choose_fit
from cnnkit.data.open.masks.survey import Survey, survey
from cnnkit.data.open.splits import DataSplits, split_parts
from cnnkit.data.open.stored_range import check_parts
from cnnkit.data.picture.header import check_ends
from cnnkit.data.sets.image_folder import refusals
from cnnkit.data.sets.masks.mask_folder import MaskFolder, PairReader
from cnnkit.data.view.preprocessing import Fit
from cnnkit.errors import DataError

# So many pairs are decoded once, and kept, before training begins; of a larger set only the ends of files are read.
CHECKED_AT_OPEN = 2000
# Skipped files that are named; of the rest only the number is told. And those that an error names.
NAMED, FIRST = 20, 3


def open_pairs(
    listing: PairListing,
    *,
    name: str,
    image_size: tuple[int, int] | None,
    grey: bool | None,
    fit: Fit | None,
    seed: int,
    val_fraction: float,
    skip_unreadable: bool,
    cache_bytes: int,
    ignore: Ignore,
    white: int | None = None,
    learn: bool = True,
    tried: bool = False,
    network: Sequence[str] = (),
) -> DataSplits:
    """The parts of a folder of pictures and masks.

    network: the classes of one that these data are to judge.
    fit: None is by the pictures.   ignore: which values are void.   white, learn, tried: as `open_pictures` has them.
    """
    if listing.lacking and not skip_unreadable and not tried:
        raise _refused(listing, [lacking.message for lacking in listing.lacking], "have no partner")
    drawn = bool(listing.classes)
    seen = Survey({}) if drawn else survey(listing.parts)
    if seen.refused and not skip_unreadable:
        raise _refused(listing, [message for _, message in seen.refused], "cannot be used")
    bad = {pair for pair, _ in seen.refused}
    there = [pair for pair in listing.pairs if pair not in bad]
    if not there:
        raise _refused(listing, [message for _, message in seen.refused], "cannot be used")
    coding, told = (
        drawn_coding(listing, ignore) if drawn else choose_coding(listing, seen, ignore, learn=learn, network=network)
    )
    if learn and len(coding.classes) < 2:
        raise DataError(
            f"{listing.source}: all pixels of the {len(there):,} masks are of one class, {coding.classes[0]!r}; "
            "a network needs at least two to tell apart. Are the masks empty, or is one class left out by --ignore?"
        )
    preprocessing, notes = choose_fit(there, image_size, grey, fit, white)
    if white is None and len(listing.parts) > 1:
        check_parts({part: [pair.name for pair in pairs] for part, pairs in listing.parts.items()})
    H, W, C = preprocessing.shape
    reader = PairReader(preprocessing, coding, cache_bytes)
    few = skip_unreadable or len(there) <= CHECKED_AT_OPEN
    refused = [] if tried else refusals(there, reader if few else _check_ends)
    if refused and not skip_unreadable:
        raise _refused(listing, [message for _, message in refused], "cannot be used")
    bad |= {pair for pair, _ in refused}
    skipped = [lacking.message for lacking in listing.lacking] + [message for _, message in [*seen.refused, *refused]]

    def dataset(part: str) -> MaskFolder | None:
        kept = [pair for pair in listing.parts.get(part, []) if pair not in bad]
        return MaskFolder(kept, name=name, reader=reader) if kept else None

    train = dataset("train")
    if train is None:
        raise DataError(f"{listing.source}: none of the {len(listing.parts['train'])} training pairs can be used.")
    how = f"windows of {H}x{W}" if preprocessing.keeps_size else f"read as {H}x{W}"
    splits = split_parts(
        train,
        dataset("val"),
        dataset("test"),
        found=f"{listing.source}: {listing.layout}, {how} {'grey' if C == 1 else 'RGB'}",
        notes=[*listing.notes, *told, *notes, *_skipped(skipped)],
        seed=seed,
        val_fraction=val_fraction,
        learn=learn,
    )
    return replace(splits, source=listing.source)


def _check_ends(pair: Pair) -> None:
    check_ends(pair.path)


def _refused(listing: PairListing, messages: Sequence[str], what: str) -> DataError:
    more = " …" if len(messages) > FIRST else ""
    count = len(listing.pairs) + len(listing.lacking)
    return DataError(
        f"{len(messages):,} of {count:,} pictures and masks in {listing.source} {what}. "
        f"{' '.join(messages[:FIRST])}{more} Mend them, or skip such pairs with --on-unreadable skip; "
        "`cnnkit data check` lists them all."
    )


def _skipped(messages: Sequence[str]) -> list[str]:
    notes = [f"Skipped: {message}" for message in messages[:NAMED]]
    if len(messages) > NAMED:
        notes.append(f"Skipped: {len(messages) - NAMED:,} more; `cnnkit data check` lists them all.")
    return notes
