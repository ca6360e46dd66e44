"""What pictures with boxes are made of: boxes of each class, their sizes and shapes, files, means of colours."""

from collections.abc import Iterator

from cnnkit.data.check.boxes.class_boxes import ClassBoxes
from cnnkit.data.check.figures import DataStats, PixelTally, evenly, file_stats, head_of
from cnnkit.data.headway import Headway
from cnnkit.data.layout.boxes.pictures import BoxListing
from cnnkit.data.open.boxes.fit import choose_box_fit
from cnnkit.data.open.splits import PARTS, DataSplits
from cnnkit.data.targets import Boxes
from cnnkit.data.view.view import load_image
from cnnkit.errors import DataError

# The part of what has no parts of its own.
UNSPLIT = "pictures"


def box_stats(
    listing: BoxListing, image_size: tuple[int, int] | None, grey: bool | None, sample: int
) -> Iterator[Headway | DataStats]:
    """Pictures with boxes in files. Those that cannot be read, or whose boxes make no sense, are left out and told."""
    own = {part if listing.split else UNSPLIT: pictures for part, pictures in listing.parts.items()}
    pictures = [(part, picture) for part, some in own.items() for picture in some]
    boxes = {part: ClassBoxes(len(listing.classes)) for part in own}
    heads, left_out = [], len(listing.faults)
    for done, (part, picture) in enumerate(pictures, 1):
        if (head := head_of(picture.path)) is not None:
            heads.append(head)
            size = head.known.height, head.known.width
            try:
                if picture.faults:
                    left_out += 1
                else:
                    boxes[part].add(picture.boxes(size), size)
            except DataError:
                left_out += 1
        yield Headway("counting boxes", done, len(pictures))
    preprocessing, notes = choose_box_fit(listing.pictures, image_size, grey, None, None)
    tally, train = PixelTally(preprocessing), listing.parts["train"]
    chosen = evenly(len(train), sample)
    for done, index in enumerate(chosen, 1):
        try:
            tally.add(load_image(train[index].path, preprocessing))
        except DataError:
            continue
        yield Headway("counting pixels", done, len(chosen))
    if left_out:
        notes.append(f"Pictures or files that cannot be used: {left_out:,}; `cnnkit data check` names them.")
    H, W, C = preprocessing.shape
    yield DataStats(
        f"{listing.source}: {listing.layout}, read as {H}x{W} {'grey' if C == 1 else 'RGB'}",
        [*listing.notes, *notes],
        list(own),
        _pictures(listing.classes, boxes),
        (H, W),
        C,
        file_stats(heads, len(pictures) - len(heads)),
        tally.result(),
        boxes=boxes,
    )


def box_stats_in_memory(splits: DataSplits, sample: int) -> Iterator[Headway | DataStats]:
    """Pictures with boxes that no file holds."""
    boxes, tally = {part: ClassBoxes(len(splits.classes)) for part in PARTS}, PixelTally(splits.preprocessing)
    for part in PARTS:
        dataset = splits.part(part)
        chosen = set(evenly(len(dataset), sample)) if part == "train" else set()
        for index in range(len(dataset)):
            one = dataset[index]
            if isinstance(one.target, Boxes):
                boxes[part].add(one.target, (one.image.shape[0], one.image.shape[1]))
            if index in chosen:
                tally.add(one.image)
            yield Headway("counting boxes", index + 1, len(dataset))
    H, W, C = splits.preprocessing.shape
    classes = _pictures(splits.classes, boxes)
    yield DataStats(splits.found, splits.notes, list(PARTS), classes, (H, W), C, None, tally.result(), boxes=boxes)


def _pictures(classes: list[str], boxes: dict[str, ClassBoxes]) -> dict[str, list[int]]:
    """Class -> pictures of each part that hold a box of it."""
    return {name: [int(counted.pictures[k]) for counted in boxes.values()] for k, name in enumerate(classes)}
