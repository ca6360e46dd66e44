"""What pictures with masks are made of: pixels of each class in each part, sizes of files, means of colours."""

from collections.abc import Iterator

from cnnkit.data.check.figures import DataStats, file_stats, head_of, holding, stats_in_memory, tallied
from cnnkit.data.check.held import own_parts
from cnnkit.data.check.masks.class_pixels import ClassPixels
from cnnkit.data.check.masks.values import meaning
from cnnkit.data.headway import Headway
from cnnkit.data.layout.masks.ignore import Ignore
from cnnkit.data.layout.masks.pairs import PairListing
from cnnkit.data.open.masks.fit import choose_fit
from cnnkit.data.open.masks.survey import Survey, survey
from cnnkit.data.open.opening import Opening
from cnnkit.data.open.splits import PARTS, DataSplits
from cnnkit.data.sample import Sample
from cnnkit.data.sets.masks.mask_folder import labels_of
from cnnkit.data.targets import Mask
from cnnkit.errors import DataError


def pair_stats(listing: PairListing, asked: Opening, ignore: Ignore, sample: int) -> Iterator[Headway | DataStats]:
    """Pictures and masks in files. Those that cannot be read, or whose values mean nothing, are left out and told."""
    own = own_parts(listing.parts, listing.split)
    total = len(listing.pairs)
    yield Headway("reading masks", 0, total)
    read = meaning(listing, Survey({}) if listing.classes else survey(listing.parts), ignore)
    if read.coding is None:
        raise DataError(read.findings[-1].message)
    coding, left_out = read.coding, 0
    masks = {part: ClassPixels(len(coding.classes)) for part in own}
    pairs = [(masks[part], pair) for part, some in own.items() for pair in some]
    heads = []
    for done, (counted, pair) in enumerate(pairs, 1):
        if (head := head_of(pair.path)) is not None:
            heads.append(head)
            try:
                counted.add(labels_of(pair, coding, (head.known.height, head.known.width)))
            except DataError:
                left_out += 1
        yield Headway("counting masks", done, total)
    preprocessing, notes = choose_fit(listing.pairs, asked)
    tally = yield from tallied(listing.parts["train"], preprocessing, sample)
    if left_out:
        notes.append(f"Masks that cannot be used: {left_out:,}; `cnnkit data check` names them.")
    H, W, C = preprocessing.shape
    yield DataStats(
        f"{listing.source}: {listing.layout}, {preprocessing.in_words}",
        [*listing.notes, *notes],
        list(own),
        holding(coding.classes, masks),
        (H, W),
        C,
        file_stats(heads, total - len(heads)),
        tally.result(),
        masks,
    )


def mask_stats(splits: DataSplits, sample: int) -> Iterator[Headway | DataStats]:
    """Pictures and masks that no file holds."""

    def add(counted: ClassPixels, one: Sample) -> None:
        assert isinstance(one.target, Mask)
        counted.add(one.target.labels)

    masks = {part: ClassPixels(len(splits.classes)) for part in PARTS}
    return stats_in_memory(splits, masks, add, field="masks", doing="counting pixels", most=sample)
