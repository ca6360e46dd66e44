"""Four pictures in one image, with the boxes of all: (four samples, rng) -> sample."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cnnkit.data.places.affine_map import AffineMap
from cnnkit.data.sample import Corners, Labels, Sample
from cnnkit.data.targets import Boxes
from cnnkit.data.transforms.scale import resampled
from cnnkit.errors import UsageError

PICTURES = 4
# Where the four meet, in shares of a side.
MIDDLE = (0.25, 0.75)


def mosaic(samples: Sequence[Sample], rng: np.random.Generator) -> Sample:
    """An image of the first one's size, cut in four at a point that is drawn; each part shows a piece of one picture.

    A piece has the proportions of its part, and lies anywhere. Its scale is drawn between that which shows as much as
    possible and the picture's own, evenly in the logarithm. So a network meets things at more sizes, beside things that
    it never saw together, and boxes that are cut. Of boxes too little of which is left nothing is asked, as everywhere.

    Source: Bochkovskiy, Wang & Liao 2020, YOLOv4, arXiv:2004.10934, section 3.4.
    """
    if any(sample.proposals is not None for sample in samples):
        raise UsageError(
            "--mosaic shows pieces of four pictures, but this network looks at regions that were searched in whole "
            "ones. Leave it out."
        )
    first = samples[0]
    H, W, C = first.image.shape
    across, down = (MIDDLE[0] + (MIDDLE[1] - MIDDLE[0]) * rng.random(2)).tolist()
    x, y = round(W * across), round(H * down)
    image, found = np.empty((H, W, C), np.uint8), []
    for sample, (left, top, right, bottom) in zip(samples, _parts(x, y, W, H), strict=True):
        piece = _piece(sample, (bottom - top, right - left), rng)
        image[top:bottom, left:right] = piece.image
        found.append(piece.moved(image, AffineMap.shift(left, top)).target)
    boxes = [target for target in found if isinstance(target, Boxes)]
    if len(boxes) < len(samples):
        raise UsageError("--mosaic is for pictures with boxes. Leave it out.")
    together = Boxes(*(np.concatenate(numbers) for numbers in zip(*map(_numbers, boxes), strict=True)))
    return Sample(image, together, first.path, first.turn)


def _parts(x: int, y: int, width: int, height: int) -> list[tuple[int, int, int, int]]:
    """(left, top, right, bottom) of the four, row by row."""
    return [(left, top, right, bottom) for top, bottom in ((0, y), (y, height)) for left, right in ((0, x), (x, width))]


def _piece(sample: Sample, size: tuple[int, int], rng: np.random.Generator) -> Sample:
    """A piece of the picture, scaled to `size` (height, width)."""
    H, W, _ = sample.image.shape
    least = max(size[0] / H, size[1] / W)
    drawn, x, y = rng.random(3).tolist()
    scale = math.exp(math.log(least) * drawn) if least < 1 else least
    height, width = min(size[0] / scale, H), min(size[1] / scale, W)
    left, top = (W - width) * x, (H - height) * y
    box = (left, top, min(left + width, W), min(top + height, H))
    return sample.moved(resampled(sample.image, box, size), AffineMap.of_box(box, size))


def _numbers(boxes: Boxes) -> tuple[Corners, Labels, npt.NDArray[np.bool_]]:
    return boxes.corners, boxes.labels, boxes.crowd
