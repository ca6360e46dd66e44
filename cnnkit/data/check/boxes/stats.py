"""What pictures with boxes are made of: boxes of each class, their sizes and shapes, files, means of colours."""

from collections.abc import Iterator

from cnnkit.data.check.boxes.class_boxes import ClassBoxes
from cnnkit.data.check.figures import DataStats, file_stats, head_of, holding, stats_in_memory, tallied
from cnnkit.data.check.held import own_parts
from cnnkit.data.headway import Headway
from cnnkit.data.layout.boxes.pictures import BoxListing
from cnnkit.data.open.boxes.fit import choose_box_fit
from cnnkit.data.open.opening import Opening
from cnnkit.data.open.splits import PARTS, DataSplits
from cnnkit.data.sample import Sample
from cnnkit.data.targets import Boxes
from cnnkit.errors import DataError

DOING = "counting boxes"


def box_stats(listing: BoxListing, asked: Opening, sample: int) -> Iterator[Headway | DataStats]:
    """Pictures with boxes in files. Those that cannot be read, or whose boxes make no sense, are left out and told."""
    own = own_parts(listing.parts, listing.split)
    boxes = {part: ClassBoxes(len(listing.classes)) for part in own}
    pictures = [(boxes[part], picture) for part, some in own.items() for picture in some]
    heads, left_out = [], len(listing.faults)
    for done, (counted, picture) in enumerate(pictures, 1):
        if (head := head_of(picture.path)) is not None:
            heads.append(head)
            size = head.known.height, head.known.width
            try:
                if picture.faults:
                    left_out += 1
                else:
                    counted.add(picture.boxes(size), size)
            except DataError:
                left_out += 1
        yield Headway(DOING, done, len(pictures))
    preprocessing, notes = choose_box_fit(listing.pictures, asked)
    tally = yield from tallied(listing.parts["train"], preprocessing, sample)
    if left_out:
        notes.append(f"Pictures or files that cannot be used: {left_out:,}; `cnnkit data check` names them.")
    H, W, C = preprocessing.shape
    yield DataStats(
        f"{listing.source}: {listing.layout}, {preprocessing.in_words}",
        [*listing.notes, *notes],
        list(own),
        holding(listing.classes, boxes),
        (H, W),
        C,
        file_stats(heads, len(pictures) - len(heads)),
        tally.result(),
        boxes=boxes,
    )


def box_stats_in_memory(splits: DataSplits, sample: int) -> Iterator[Headway | DataStats]:
    """Pictures with boxes that no file holds."""

    def add(counted: ClassBoxes, one: Sample) -> None:
        assert isinstance(one.target, Boxes)
        counted.add(one.target, (one.image.shape[0], one.image.shape[1]))

    boxes = {part: ClassBoxes(len(splits.classes)) for part in PARTS}
    return stats_in_memory(splits, boxes, add, field="boxes", doing=DOING, most=sample)
