"""Where a mask and the logits of a network lie on each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import numpy.typing as npt

from cnnkit.data.sample import Sample
from cnnkit.data.targets import VOID, Mask
from cnnkit.errors import DataError, ShapeError

Masks = npt.NDArray[np.uint8]
PixelWeights = npt.NDArray[np.float32]


@final
@dataclass(frozen=True)
class Weighted:
    """Masks (N, H, W) of a batch, and what is added to the weight of each pixel, (N, H, W)."""

    masks: Masks
    added: PixelWeights


def parts_of(targets: Masks | Weighted) -> tuple[Masks, PixelWeights | None]:
    """(the masks, what is added to the weights) of the targets of a batch."""
    return (targets.masks, targets.added) if isinstance(targets, Weighted) else (targets, None)


def masks_of(samples: Sequence[Sample]) -> Masks:
    """(N, H, W) uint8: the masks of a batch; smaller ones lie at the top and to the left, with VOID beside them."""
    found = [sample.target for sample in samples]
    masks = [target.labels for target in found if isinstance(target, Mask)]
    if len(masks) != len(found):
        raise DataError(
            "Segmentation learns from masks, but these pictures have none. Give pictures with masks, or leave "
            "--task segmentation out."
        )
    return stacked(masks, VOID)


def stacked(planes: Sequence[npt.NDArray[Any]], around: float) -> npt.NDArray[Any]:
    """(N, H, W): planes (h, w) at the top and to the left, with `around` beside the smaller ones."""
    size = tuple(max((plane.shape[axis] for plane in planes), default=0) for axis in (0, 1))
    whole = np.full((len(planes), *size), around, planes[0].dtype if planes else np.uint8)
    for n, plane in enumerate(planes):
        whole[n, : plane.shape[0], : plane.shape[1]] = plane
    return whole


def beneath(
    masks: npt.NDArray[Any], image: tuple[int, ...], logits: tuple[int, ...], classes: int, around: float = VOID
) -> npt.NDArray[Any]:
    """(N, h, w): of each pixel that a network answers, the label, or what else `masks` say; `around` beside them.

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
        whole = np.full((N, H, W), around, masks.dtype)
        whole[:, : masks.shape[1], : masks.shape[2]] = masks
        masks = whole
    top, left = (H - logits[1]) // 2, (W - logits[2]) // 2
    return masks[:, top : top + logits[1], left : left + logits[2]]
