"""Proposals as images of one size: each is warped to it, whatever its proportions, with some of what is around it.

In the warped image the box itself takes all but `context` pixels at each side. So a box of w pixels in an image of S is
stretched by s = (S - 2·context) / w, and context / s pixels of the picture are added to its left and to its right. What
of that lies beyond the picture is filled with one number: 0, where the mean was subtracted from the picture.

Source: Girshick et al. 2014, arXiv:1311.2524, appendix A (warp, 16 pixels of context); rounding as in its code.
"""

import numpy as np

from cnnkit import kernels
from cnnkit.errors import ShapeError, UsageError
from cnnkit.kernels.shared.array import Host


def crops(picture: Host, boxes: Host, size: int, *, context: int = 16, fill: float = 0.0) -> Host:
    """(n, size, size, C) float32 of a picture (H, W, C) float32, one for each box (n, 4).

    Raises:
        ShapeError: that is no picture, or those are no boxes.
        UsageError: nothing is left of an image of that size between its contexts.
    """
    if picture.dtype != np.float32 or picture.ndim != 3 or boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ShapeError(
            f"Crops are made of a float32 picture (height, width, channels) and boxes (n, 4), but these are "
            f"{picture.dtype} {picture.shape} and {boxes.shape}."
        )
    if context < 0 or size <= 2 * context:
        raise UsageError(f"context is {context}, expected 0 or more and less than half of the {size} pixels of a crop.")
    images = np.full((len(boxes), size, size, picture.shape[2]), fill, np.float32)
    for image, box in zip(images, around(boxes, size, context), strict=True):
        _warp(picture, box, image)
    return images


def around(boxes: Host, size: int, context: int) -> Host:
    """The boxes (n, 4) and their context, in whole pixels of the picture, at least one: (n, 4) int64."""
    middle = (boxes[:, :2] + boxes[:, 2:]).astype(np.float64) / 2
    half = (boxes[:, 2:] - boxes[:, :2]).astype(np.float64) / 2 * size / (size - 2 * context)
    first = np.floor(middle - half + 0.5).astype(np.int64)
    last = np.floor(middle + half + 0.5).astype(np.int64)
    return np.concatenate([first, np.maximum(last, first + 1)], axis=1)


def _warp(picture: Host, box: Host, image: Host) -> None:
    """Fill the part of the image that shows something of the picture."""
    H, W, _ = picture.shape
    left, right, columns = _seen(int(box[0]), int(box[2]), W, image.shape[1])
    top, bottom, rows = _seen(int(box[1]), int(box[3]), H, image.shape[0])
    wanted = rows.stop - rows.start, columns.stop - columns.start
    if min(wanted) > 0:
        image[rows, columns] = kernels.of(picture).resize(picture[None, top:bottom, left:right], wanted)[0]


def _seen(first: int, last: int, length: int, size: int) -> tuple[int, int, slice]:
    """Along one axis: from and to which pixel the picture is seen, and in which pixels of the image."""
    begin, end = max(first, 0), min(last, length)
    scale = size / (last - first)
    start = min(round((begin - first) * scale), size)
    seen = max(round((end - begin) * scale), 1) if end > begin else 0
    return begin, end, slice(start, min(start + seen, size))
