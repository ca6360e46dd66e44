"""What a segmentation says of a picture: a mask in the picture's own pixels, made from scores of the image's pixels."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
import numpy.typing as npt
from PIL import Image

from cnnkit.data.picture.overlay import Colour
from cnnkit.data.sample import Pixels
from cnnkit.data.targets import VOID
from cnnkit.data.view.view import View
from cnnkit.errors import ShapeError
from cnnkit.kernels.shared.array import Host
from cnnkit.tasks.columns import Columned
from cnnkit.tasks.segmentation.drawn import Labels, as_image, over

# Scores of so many bytes are brought back at once: a photo of 12 megapixels and 21 classes has a gigabyte of them.
BAND_BYTES = 16 << 20


@final
@dataclass(frozen=True, eq=False)
class Segmented(Columned):
    """The class of each pixel of one picture.

    mask: uint8 (height, width) of the picture, the number of the class; VOID (255) where the network saw nothing.
    classes: their names.   colours: red, green and blue of each, as it is drawn.
    shares: how much of what the network saw belongs to each class; they sum to 1, or are all 0 where it saw nothing.
    crf: whether a fully connected CRF refined the mask.
    """

    mask: Labels = field(repr=False)
    classes: tuple[str, ...]
    colours: tuple[Colour, ...] = field(repr=False)
    shares: tuple[float, ...]
    crf: bool = False

    def image(self) -> Image.Image:
        """The mask as a picture of class numbers with their colours as palette; `save("mask.png")` keeps both."""
        return as_image(self.mask, self.colours)

    def over(self, picture: Pixels) -> Image.Image:
        """The picture, uint8 (height, width, C), under the mask, with a legend below."""
        return over(picture, self.mask, self.classes, self.colours)

    @property
    def label(self) -> str:
        """The class that has the most pixels."""
        return self.classes[int(np.argmax(self.shares))]

    @property
    def share(self) -> float:
        """How much of the picture is of that class."""
        return max(self.shares)

    @property
    def unseen(self) -> float:
        """How much of the picture the network did not see, since it was cut to size."""
        return float(np.mean(self.mask == VOID))

    def to_record(self) -> dict[str, Any]:
        """What JSON tells: size and shares, not the pixels."""
        height, width = self.mask.shape
        told = {"label": self.label, "share": self.share, "height": height, "width": width, "unseen": self.unseen}
        told |= {"crf": self.crf}
        return told | {"shares": dict(zip(self.classes, self.shares, strict=True))}


def segmented(
    outputs: Host,
    views: Sequence[View | None],
    classes: Sequence[str],
    colours: Sequence[Colour],
    *,
    crf: bool = False,
) -> list[Segmented]:
    """One answer for each picture of a batch.

    Args:
        outputs: (N, H, W, K) float32, the logits of K classes, or (N, H, W) uint8, labels that were chosen already.
        views: how each picture lay in its image; without one the mask has the pixels of the image.
        classes, colours: K names, and a colour for each.   crf: whether one refined the outputs.

    Raises:
        ShapeError: there is no score for each class.
    """
    if outputs.ndim not in (3, 4) or outputs.shape[3:] not in ((), (len(classes),)):
        raise ShapeError(
            f"Expected scores of {len(classes)} classes for each pixel, (N, H, W, {len(classes)}), but the network "
            f"gives {outputs.shape}. Is it a network for segmentation, with as many classes?"
        )
    return [
        _told(labels_back(scores, view), tuple(classes), tuple(colours), crf)
        for scores, view in zip(outputs, views, strict=True)
    ]


def labels_back(scores: Host, view: View | None) -> Labels:
    """(height, width): the best class of each pixel of a picture, from scores (H, W, K), or labels, of its image.

    Scores are interpolated bilinearly between the centres of pixels, and then compared: so edges are smooth where the
    picture is larger than the image. Labels cannot be interpolated, and the nearest is taken.
    """
    if view is None or _is_same(view, scores.shape[:2]):
        height, width = scores.shape[:2] if view is None else view.size
        scores = scores[:height, :width]
        if scores.ndim == 2:
            return scores.astype(np.uint8)
        bands = (scores[rows].argmax(axis=2) for rows in _bands(height, 4 * width * scores.shape[2]))
        return np.concatenate([band.astype(np.uint8) for band in bands])
    if scores.ndim == 2:
        return view.mask_back(scores)
    return _resampled(scores, view)


def best(outputs: Host) -> Labels:
    """(N, H, W): the class with the highest score of (N, H, W, K), the first of equals."""
    return np.stack([labels_back(scores, None) for scores in outputs])


def _is_same(view: View, image: tuple[int, ...]) -> bool:
    """Whether each pixel of the picture is one of the image, which may go on below and to the right."""
    fits = view.size[0] <= image[0] and view.size[1] <= image[1]
    return fits and view.scale == (1.0, 1.0) and view.offset == (0.0, 0.0)


def _resampled(scores: Host, view: View) -> Labels:
    """From top to bottom, a band of rows at a time: first between rows, then between columns."""
    (height, width), (H, W, K) = view.size, scores.shape
    top, bottom, down, seen_down = _between(height, H, view.scale[0], view.offset[0])
    left, right, across, seen_across = _between(width, W, view.scale[1], view.offset[1])
    across = across[:, None]
    mask = np.full((height, width), VOID, np.uint8)
    for rows in _bands(height, 4 * max(width, W) * K):
        lower = down[rows, None, None]
        band = scores[top[rows]] * (1 - lower) + scores[bottom[rows]] * lower
        best = (band[:, left] * (1 - across) + band[:, right] * across).argmax(axis=2)
        np.copyto(mask[rows], best, where=seen_down[rows, None] & seen_across, casting="unsafe")
    return mask


def _between(
    length: int, image: int, scale: float, offset: float
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """(pixel before, pixel behind, share of the latter, whether it is in the image) for each pixel of a picture's side.

    The centre of pixel i lies at (i + 1/2) · scale + offset in the image; beyond its last centres the last one counts.
    """
    at = (np.arange(length) + 0.5) * scale + offset
    place = np.clip(at - 0.5, 0, image - 1)
    before = place.astype(np.intp)
    return before, np.minimum(before + 1, image - 1), (place - before).astype(np.float32), (at >= 0) & (at <= image)


def _bands(height: int, row_bytes: int) -> Iterator[slice]:
    rows = max(1, BAND_BYTES // max(1, row_bytes))
    return (slice(start, min(start + rows, height)) for start in range(0, height, rows))


def _told(mask: Labels, classes: tuple[str, ...], colours: tuple[Colour, ...], crf: bool) -> Segmented:
    counts = np.bincount(mask.ravel(), minlength=VOID + 1)[: len(classes)]
    return Segmented(mask, classes, colours, tuple((counts / max(1, counts.sum())).tolist()), crf)
