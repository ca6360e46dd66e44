"""Open images and labels that Python code holds in memory as training, validation and test parts."""

from collections.abc import Callable, Mapping
from typing import Any

from cnnkit.data.given.images import Images, images_of
from cnnkit.data.given.labels import classes_of, labels_of, numbers_among
from cnnkit.data.given.parts import GivenPart
from cnnkit.data.open.masks.arrays import are_masks, mask_parts, masks_of, values_in
from cnnkit.data.open.source import IN_MEMORY
from cnnkit.data.open.splits import VAL_FRACTION, DataSplits, split_parts
from cnnkit.data.sample import Pixels
from cnnkit.data.sets.arrays import array_parts
from cnnkit.data.sets.base import Dataset
from cnnkit.kernels.shared.array import Host


def open_arrays(
    given: dict[str, GivenPart],
    *,
    image_size: tuple[int, int] | None = None,
    grey: bool | None = None,
    seed: int = 0,
    val_fraction: float = VAL_FRACTION,
    room: int | None = None,
) -> DataSplits:
    """The parts that were given, classes as the training labels name them; or masks, an array (n, H, W).

    image_size, grey: of pictures that are given one by one, whose sizes may differ.
    seed, val_fraction: of the parts that were not given.
    room: bytes that the images may take.
    """
    notes: list[str] = []
    # Beside masks it is the window that training sees.
    wanted = Images(None if are_masks(given) else image_size, grey, room)
    read = _read(given, lambda x, name: images_of(x, name, notes, wanted))
    _, labels, name = read["train"]
    called = {part: came.x for part, came in given.items()}
    opened: Mapping[str, Dataset]
    if are_masks(given):
        masks = {part: (images, y) for part, (images, y, _) in read.items()}
        classes = [str(value) for value in values_in((y for _, y in masks.values()), notes)]
        opened = mask_parts(masks, name=IN_MEMORY, classes=classes, notes=notes, window=image_size, called=called)
    else:
        classes = classes_of(labels, name, notes)
        numbered = {part: (images, numbers_among(y, classes, y_name)) for part, (images, y, y_name) in read.items()}
        opened = array_parts(numbered, name=IN_MEMORY, classes=classes, notes=notes, called=called)
    H, W, C = opened["train"][0].image.shape
    return split_parts(
        opened["train"],
        opened.get("val"),
        opened.get("test"),
        found=f"arrays in memory, {H}x{W} {'grey' if C == 1 else 'RGB'}",
        notes=list(dict.fromkeys(notes)),
        seed=seed,
        val_fraction=val_fraction,
    )


def open_to_judge(
    given: dict[str, GivenPart], classes: list[str], image: Callable[[Any], Pixels], white: int, room: int | None = None
) -> DataSplits:
    """The same data for a network that is trained already: its classes, its images. One part alone is all three.

    image: brings one picture to what the network reads.   white: what is white in arrays, as its record says.
    """
    notes: list[str] = []

    def images(x: Any, name: str) -> Host:
        return images_of(x, name, notes, Images(None, None, room, image, white))

    read = _read(given, images)
    parts: Mapping[str, Dataset]
    if are_masks(given):
        masks = {part: (x, y) for part, (x, y, _) in read.items()}
        parts = mask_parts(masks, name=IN_MEMORY, classes=classes, notes=notes, white=white)
    else:
        numbered = {part: (x, numbers_among(y, classes, name, by_place=True)) for part, (x, y, name) in read.items()}
        parts = array_parts(numbered, name=IN_MEMORY, classes=classes, notes=notes, white=white)
    train = parts["train"]
    test = parts.get("test", parts.get("val", train))
    found = f"arrays in memory: {len(train):,} images" + (f", {len(test):,} to test" if test is not train else "")
    return DataSplits(train, parts.get("val", train), test, found, notes)


def _read(given: dict[str, GivenPart], images: Callable[[Any, str], Host]) -> dict[str, tuple[Host, Host, str]]:
    """Part -> images, labels as they are, and what the labels are called."""
    found = {}
    for part, came in given.items():
        pixels = images(came.images, came.x)
        masks = are_masks(given)
        labels = masks_of(came, pixels) if masks else labels_of(came.labels, came.y, len(pixels), came.x)
        found[part] = pixels, labels, came.y
    return found
