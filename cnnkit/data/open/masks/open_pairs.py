"""Open listed pictures and masks as training, validation and test parts."""

from collections.abc import Sequence

from cnnkit.data.layout.masks.ignore import Ignore
from cnnkit.data.layout.masks.pairs import Pair, PairListing
from cnnkit.data.open.masks.coding import choose_coding, drawn_coding
from cnnkit.data.open.masks.fit import choose_fit
from cnnkit.data.open.masks.survey import Survey, survey
from cnnkit.data.open.opening import Opening, skipped, unusable
from cnnkit.data.open.splits import DataSplits
from cnnkit.data.sets.masks.mask_folder import MaskFolder, PairReader
from cnnkit.errors import DataError


def open_pairs(listing: PairListing, asked: Opening, ignore: Ignore, network: Sequence[str] = ()) -> DataSplits:
    """The parts of a folder of pictures and masks. By itself the fit is by the pictures.

    ignore: which values are void.   network: the classes of one that these data are to judge.
    """
    if listing.lacking and not asked.skip_unreadable and not asked.tried:
        raise _refused(listing, [lacking.message for lacking in listing.lacking], "have no partner")
    drawn = bool(listing.classes)
    seen = Survey({}) if drawn else survey(listing.parts)
    if seen.refused and not asked.skip_unreadable:
        raise _refused(listing, [message for _, message in seen.refused], "cannot be used")
    bad = {pair for pair, _ in seen.refused}
    there = [pair for pair in listing.pairs if pair not in bad]
    if not there:
        raise _refused(listing, [message for _, message in seen.refused], "cannot be used")
    coding, told = (
        drawn_coding(listing, ignore)
        if drawn
        else choose_coding(listing, seen, ignore, learn=asked.learn, network=network)
    )
    if asked.learn and len(coding.classes) < 2:
        raise DataError(
            f"{listing.source}: all pixels of the {len(there):,} masks are of one class, {coding.classes[0]!r}; "
            "a network needs at least two to tell apart. Are the masks empty, or is one class left out by --ignore?"
        )
    preprocessing, notes = choose_fit(there, asked)
    asked.check_range(listing.parts)
    reader = PairReader(preprocessing, coding, asked.cache_bytes)
    refused = asked.refused(there, reader)
    if refused and not asked.skip_unreadable:
        raise _refused(listing, [message for _, message in refused], "cannot be used")
    bad |= {pair for pair, _ in refused}
    left_out = [lacking.message for lacking in listing.lacking] + [message for _, message in [*seen.refused, *refused]]

    def dataset(pairs: list[Pair]) -> MaskFolder:
        return MaskFolder(pairs, name=asked.name, reader=reader)

    return asked.splits(
        listing,
        {part: [pair for pair in pairs if pair not in bad] for part, pairs in listing.parts.items()},
        dataset,
        needed="pairs can be used",
        notes=[*told, *notes, *skipped(left_out)],
    )


def _refused(listing: PairListing, messages: Sequence[str], what: str) -> DataError:
    count = len(listing.pairs) + len(listing.lacking)
    told = f"{len(messages):,} of {count:,} pictures and masks in {listing.source} {what}"
    return unusable(told, messages, "Mend them, or skip such pairs")
