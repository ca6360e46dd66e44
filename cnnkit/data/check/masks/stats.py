"""What pictures with masks are made of: pixels of each class in each part, sizes of files, means of colours."""

from collections.abc import Iterator

from cnnkit.data.check.figures import DataStats, PixelTally, evenly, file_stats, head_of
from cnnkit.data.check.masks.class_pixels import ClassPixels
from cnnkit.data.check.masks.values import meaning
from cnnkit.data.headway import Headway
from cnnkit.data.layout.masks.ignore import Ignore
from cnnkit.data.layout.masks.pairs import PairListing
from cnnkit.data.open.masks.fit import choose_fit
from cnnkit.data.open.masks.survey import Survey, survey
from cnnkit.data.open.splits import PARTS, DataSplits
from cnnkit.data.sets.masks.mask_folder import labels_of
from cnnkit.data.targets import Mask
from cnnkit.data.view.view import load_image
from cnnkit.errors import DataError

# The part of what has no parts of its own.
UNSPLIT = "pictures"


def pair_stats(
    listing: PairListing, image_size: tuple[int, int] | None, grey: bool | None, ignore: Ignore, sample: int
) -> Iterator[Headway | DataStats]:
    """Pictures and masks in files. Those that cannot be read, or whose values mean nothing, are left out and told."""
    own = {part if listing.split else UNSPLIT: pairs for part, pairs in listing.parts.items()}
    pairs = [(part, pair) for part, some in own.items() for pair in some]
    yield Headway("reading masks", 0, len(pairs))
    read = meaning(listing, Survey({}) if listing.classes else survey(listing.parts), ignore)
    if read.coding is None:
        raise DataError(read.findings[-1].message)
    coding, left_out = read.coding, 0
    masks = {part: ClassPixels(len(coding.classes)) for part in own}
    heads = []
    for done, (part, pair) in enumerate(pairs, 1):
        if (head := head_of(pair.path)) is not None:
            heads.append(head)
            try:
                masks[part].add(labels_of(pair, coding, (head.known.height, head.known.width)))
            except DataError:
                left_out += 1
        yield Headway("counting masks", done, len(pairs))
    preprocessing, notes = choose_fit(listing.pairs, image_size, grey, None, None)
    tally, train = PixelTally(preprocessing), listing.parts["train"]
    chosen = evenly(len(train), sample)
    for done, index in enumerate(chosen, 1):
        try:
            tally.add(load_image(train[index].path, preprocessing))
        except DataError:
            continue
        yield Headway("counting pixels", done, len(chosen))
    if left_out:
        notes.append(f"Masks that cannot be used: {left_out:,}; `cnnkit data check` names them.")
    H, W, C = preprocessing.shape
    how = "windows of" if preprocessing.keeps_size else "read as"
    yield DataStats(
        f"{listing.source}: {listing.layout}, {how} {H}x{W} {'grey' if C == 1 else 'RGB'}",
        [*listing.notes, *notes],
        list(own),
        _pictures(coding.classes, masks),
        (H, W),
        C,
        file_stats(heads, len(pairs) - len(heads)),
        tally.result(),
        masks,
    )


def mask_stats(splits: DataSplits, sample: int) -> Iterator[Headway | DataStats]:
    """Pictures and masks that no file holds."""
    masks, tally = {part: ClassPixels(len(splits.classes)) for part in PARTS}, PixelTally(splits.preprocessing)
    for part in PARTS:
        dataset = splits.part(part)
        chosen = set(evenly(len(dataset), sample)) if part == "train" else set()
        for index in range(len(dataset)):
            one = dataset[index]
            if isinstance(one.target, Mask):
                masks[part].add(one.target.labels)
            if index in chosen:
                tally.add(one.image)
            yield Headway("counting pixels", index + 1, len(dataset))
    H, W, C = splits.preprocessing.shape
    classes = _pictures(splits.classes, masks)
    yield DataStats(splits.found, splits.notes, list(PARTS), classes, (H, W), C, None, tally.result(), masks)


def _pictures(classes: list[str], masks: dict[str, ClassPixels]) -> dict[str, list[int]]:
    """Class -> pictures of each part that hold a pixel of it."""
    return {name: [int(counted.pictures[k]) for counted in masks.values()] for k, name in enumerate(classes)}
