"""What a data set is made of: images per class and part, the sizes of its files, means and deviations of its pixels."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from cnnkit.data.check.boxes.stats import box_stats, box_stats_in_memory
from cnnkit.data.check.figures import DataStats, Head, PixelTally, evenly, file_stats, head_of, tallied
from cnnkit.data.check.held import UNSPLIT
from cnnkit.data.check.masks.stats import mask_stats, pair_stats
from cnnkit.data.headway import Headway
from cnnkit.data.layout.list_csv import list_csv
from cnnkit.data.layout.listing import Listing, list_folder
from cnnkit.data.layout.masks.ignore import Ignore
from cnnkit.data.open.formats import DETECTION, PICTURE_FORMATS, SEGMENTATION, boxes_in, detect, pairs_in
from cnnkit.data.open.opening import Opening
from cnnkit.data.open.pictures import choose_preprocessing
from cnnkit.data.open.source import checked_size, open_data, resolve
from cnnkit.data.open.splits import PARTS, DataSplits

# Training images whose pixels are counted, evenly taken from all of them.
SAMPLE = 2000


def data_stats(
    data: str | Path | None,
    *,
    image_size: int | tuple[int, int] | None = None,
    grey: bool | None = None,
    ignore: str | None = None,
    task: str | None = None,
    sample: int = SAMPLE,
) -> Iterator[Headway | DataStats]:
    """Steps of the work, then the result. Pictures that cannot be read are counted, not refused.

    ignore: values of masks that are void.   task: what the data are for, where they can be read in several ways.
    """
    size = checked_size(image_size)
    name, place = resolve(data)
    asked = Opening(name, size, grey)
    if place is not None and (pairs := pairs_in(place, task)) is not None:
        yield from pair_stats(pairs, asked, Ignore.of(ignore), sample)
        return
    if place is not None and (boxes := boxes_in(place, task)) is not None:
        yield from box_stats(boxes, asked, sample)
        return
    kind = "arrays" if place is None else detect(place)
    if place is None or kind not in PICTURE_FORMATS:
        splits = open_data(data, image_size=size, grey=grey, task=task)
        measured = {SEGMENTATION: mask_stats, DETECTION: box_stats_in_memory}
        yield from measured.get(splits.task, _of_arrays)(splits, sample)
    else:
        yield from _of_pictures(list_csv(place) if kind == "csv" else list_folder(place), asked, sample)


def _of_arrays(splits: DataSplits, sample: int) -> Iterator[Headway | DataStats]:
    n = len(splits.classes)
    counts = [np.bincount(splits.part(part).labels(), minlength=n).tolist() for part in PARTS]
    classes = {name: list(row) for name, row in zip(splits.classes, zip(*counts, strict=True), strict=True)}
    tally = PixelTally(splits.preprocessing)
    for index in evenly(len(splits.train), sample):
        tally.add(splits.train[index].image)
    H, W, C = splits.preprocessing.shape
    yield DataStats(splits.found, splits.notes, list(PARTS), classes, (H, W), C, None, tally.result())


def _of_pictures(listing: Listing, asked: Opening, sample: int) -> Iterator[Headway | DataStats]:
    lost = {lacking.file for lacking in listing.missing}
    there = [file for file in listing.files if file not in lost]
    preprocessing, notes = choose_preprocessing(there, asked)
    heads: list[Head] = []
    for done, file in enumerate(there, 1):
        if (head := head_of(file.path)) is not None:
            heads.append(head)
        yield Headway("reading headers", done, len(there))
    train = [file for file in listing.parts["train"] if file not in lost]
    tally = yield from tallied(train, preprocessing, sample)
    H, W, C = preprocessing.shape
    counts = {part: Counter(file.class_name for file in listing.parts[part]) for part in PARTS if part in listing.parts}
    parts = counts if listing.split else {UNSPLIT: counts["train"]}
    yield DataStats(
        f"{listing.source}: {listing.layout}, {preprocessing.in_words}",
        [*listing.notes, *notes],
        list(parts),
        {name: [count[name] for count in parts.values()] for name in listing.classes},
        (H, W),
        C,
        file_stats(heads, len(listing.files) - len(heads)),
        tally.result(),
    )
