"""Parts of a data set whose images lie in arrays, normalised by the training images."""

from collections.abc import Mapping

from cnnkit.data.preprocessing import Preprocessing, statistics
from cnnkit.data.sample import Labels, Pixels
from cnnkit.data.sets.base import ArrayDataset
from cnnkit.data.sets.idx import looks_like_digits
from cnnkit.errors import DataError


def array_parts(
    parts: Mapping[str, tuple[Pixels, Labels]], *, name: str, classes: list[str], notes: list[str], where: str = ""
) -> dict[str, ArrayDataset]:
    """Data sets of images uint8 (n, H, W, C) and labels, of the parts "train" and perhaps "val" and "test".

    where: the file they come from, to begin a message with.   notes: what was decided is added to them.
    """
    images = parts["train"][0]
    H, W, C = images.shape[1:]
    digits = looks_like_digits(images)
    preprocessing = Preprocessing(H, W, C, *statistics(images), "digit" if digits else "resize")
    if digits:
        notes.append(
            "The images are taken for handwritten digits like MNIST's; pictures for `predict` are prepared like these."
        )
    opened = {}
    for part, (images, labels) in parts.items():
        if images.shape[1:] != preprocessing.shape:
            raise DataError(f"{where}images of the {part} part are {images.shape[1:]}, those of train {(H, W, C)}.")
        opened[part] = ArrayDataset(
            images, labels, name=name, classes=classes, preprocessing=preprocessing, mirror=not digits
        )
    return opened
