"""Parts of a data set whose images lie in arrays, normalised by the training images."""

from collections.abc import Mapping

from cnnkit.data.picture.pixel_range import as_bytes, no_numbers, notes_on, recorded, span_of, white_of
from cnnkit.data.sample import Labels, Pixels
from cnnkit.data.sets.base import ArrayDataset
from cnnkit.data.sets.idx import looks_like_digits
from cnnkit.data.view.preprocessing import Preprocessing, statistics
from cnnkit.errors import DataError
from cnnkit.kernels.shared.array import Host


def array_parts(
    parts: Mapping[str, tuple[Host, Labels]],
    *,
    name: str,
    classes: list[str],
    notes: list[str],
    called: Mapping[str, str] | None = None,
    where: str = "",
    white: int | None = None,
) -> dict[str, ArrayDataset]:
    """Data sets of images (n, H, W, C) and labels, of the parts "train" and perhaps "val" and "test".

    Which number is white is told from all parts together, unless `white` is given: then they are bytes already, for a
    network that says how pictures are prepared.

    called: part -> what its images are called.   where: the file they come from, to begin a message with.
    notes: what was decided is added to them.
    """
    pixels = {part: images for part, (images, _) in parts.items()}
    learned = white is None
    if white is None:
        pixels, white = in_bytes(pixels, called or {}, notes, where)
    images = pixels["train"]
    H, W, C = images.shape[1:]
    digits = looks_like_digits(images)
    preprocessing = Preprocessing(H, W, C, *statistics(images), "digit" if digits else "crop", white)
    if digits and learned:
        notes.append(
            "The images are taken for handwritten digits like MNIST's; pictures for `predict` are prepared like these."
        )
    opened = {}
    for part, (_, labels) in parts.items():
        images = pixels[part]
        if images.shape[1:] != preprocessing.shape:
            raise DataError(f"{where}images of the {part} part are {images.shape[1:]}, those of train {(H, W, C)}.")
        opened[part] = ArrayDataset(
            images, labels, name=name, classes=classes, preprocessing=preprocessing, mirror=not digits
        )
    return opened


def in_bytes(
    parts: Mapping[str, Host], called: Mapping[str, str], notes: list[str], where: str = ""
) -> tuple[dict[str, Pixels], int]:
    """(part -> images in uint8, what is white in further arrays); what was decided is added to `notes`."""
    spans = {}
    for part, images in parts.items():
        name = called.get(part, f"The {part} part" if not where else f"images of {part}")
        if (span := span_of(images)) is not None:
            spans[name] = span
        elif images.size:
            raise DataError(
                f"{where}{name} is {no_numbers(images)}, expected uint8, or other finite numbers. Save the "
                "pixels before they are normalised, 0 to 255."
            )
    white = white_of(spans, where)
    notes += notes_on(spans, white)
    return {part: as_bytes(images, white) for part, images in parts.items()}, recorded(spans, white)
