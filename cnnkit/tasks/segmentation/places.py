"""Where a mask and the logits of a network lie on each other."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cnnkit.data.sample import Sample
from cnnkit.data.targets import VOID, Mask
from cnnkit.errors import DataError, ShapeError

Masks = npt.NDArray[np.uint8]


def masks_of(samples: Sequence[Sample]) -> Masks:
    """(N, H, W) uint8: the masks of a batch; smaller ones lie at the top and to the left, with VOID beside them."""
    found = [sample.target for sample in samples]
    masks = [target.labels for target in found if isinstance(target, Mask)]
    if len(masks) != len(found):
        raise DataError(
            "Segmentation learns from masks, but these pictures have none. Give pictures with masks, or leave "
            "--task segmentation out."
        )
    size = tuple(max((mask.shape[axis] for mask in masks), default=0) for axis in (0, 1))
    stacked = np.full((len(masks), *size), VOID, np.uint8)
    for n, mask in enumerate(masks):
        stacked[n, : mask.shape[0], : mask.shape[1]] = mask
    return stacked


def beneath(masks: Masks, image: tuple[int, ...], logits: tuple[int, ...], classes: int) -> Masks:
    """(N, h, w): of each pixel that a network answers, the label.

    image: the shape of what the network was given, (N, H, W, C), which a mask may fill in part.   logits: of what it
    gave, (N, h, w, K). A network without padding answers for less than it sees: for the middle.

    Raises:
        ShapeError: the logits are not of so many classes, or lie beside the middle.
    """
    N, H, W = image[:3]
    fits = len(logits) == 4 and (logits[0], logits[3]) == (N, classes)
    if not fits or any(
        (side - inner) < 0 or (side - inner) % 2 for side, inner in zip((H, W), logits[1:3], strict=True)
    ):
        raise ShapeError(
            f"A network for masks of {classes} classes gives ({N}, {H}, {W}, {classes}) for images of {H}x{W}, or as "
            f"much less on each side, but this one gives {logits}. End it with Conv2d(..., {classes}, 1), and with "
            "Resize where it has strides."
        )
    if masks.shape[1:] != (H, W):
        whole = np.full((N, H, W), VOID, np.uint8)
        whole[:, : masks.shape[1], : masks.shape[2]] = masks
        masks = whole
    top, left = (H - logits[1]) // 2, (W - logits[2]) // 2
    return masks[:, top : top + logits[1], left : left + logits[2]]
