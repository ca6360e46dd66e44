"""Changes that look at the things in a picture: pure functions (sample, rng, ...) -> sample, for samples with boxes.

Source: Liu et al. 2016, arXiv:1512.02325, sections 2.2 (patches) and 3.6 (expansion).
"""

import math

import numpy as np
import numpy.typing as npt

from cnnkit.data.places.affine_map import AffineMap
from cnnkit.data.sample import Sample
from cnnkit.data.targets import Boxes
from cnnkit.data.transforms.scale import resampled

# What a patch must overlap one thing by, at least: 0 is any patch that holds a thing, 1 the whole picture.
OVERLAPS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
# Its share of the area, and its width over its height as a multiple of the picture's.
SHARES, RATIOS = (0.1, 1.0), (0.5, 2.0)
TRIES = 50
# How much longer the sides of what is around an expanded picture are, at most; every other picture is expanded.
LARGEST, HOW_OFTEN = 4.0, 0.5


def iou_crop(sample: Sample, rng: np.random.Generator) -> Sample:
    """Show a patch of the picture, scaled to its size, that overlaps a thing by as much as is drawn from OVERLAPS.

    The overlap is intersection over union. Things whose middles lie in the patch stay, cut at its edges, and there is
    one at least; the others are no longer looked for. If no patch of TRIES fits, or nothing is there, all is shown.
    """
    H, W, _ = sample.image.shape
    least = OVERLAPS[int(rng.random() * len(OVERLAPS))]
    boxes = sample.target
    if least == 1.0 or not isinstance(boxes, Boxes) or not len(boxes.labels):
        return sample
    middles = (boxes.corners[:, :2] + boxes.corners[:, 2:]) / 2
    low, high = math.log(RATIOS[0]), math.log(RATIOS[1])
    for _ in range(TRIES):
        share = SHARES[0] + (SHARES[1] - SHARES[0]) * rng.random()
        slant = math.exp(low + (high - low) * rng.random())
        height, width = H * math.sqrt(share / slant), W * math.sqrt(share * slant)
        x, y = rng.random(), rng.random()
        if height > H or width > W:
            continue
        left, top = (W - width) * x, (H - height) * y
        patch = (left, top, min(left + width, W), min(top + height, H))
        inside = np.asarray(((middles > patch[:2]) & (middles < patch[2:])).all(axis=1))
        if inside.any() and _overlaps(boxes.corners[inside], patch).max() >= least:
            shown = sample.replace(target=boxes.chosen(inside))
            return shown.moved(resampled(sample.image, patch, (H, W)), AffineMap.of_box(patch, (H, W)))
    return sample


def expand(sample: Sample, rng: np.random.Generator, fill: tuple[int, ...]) -> Sample:
    """Show every other picture smaller, down to a quarter of its sides, anywhere on ground of the colour `fill`."""
    often, times, x, y = rng.random(4).tolist()
    if often >= HOW_OFTEN:
        return sample
    H, W, C = sample.image.shape
    smaller = 1 + (LARGEST - 1) * times
    h, w = max(1, round(H / smaller)), max(1, round(W / smaller))
    top, left = int(y * (H - h + 1)), int(x * (W - w + 1))
    shown = np.empty((H, W, C), np.uint8)
    shown[:] = fill
    shown[top : top + h, left : left + w] = resampled(sample.image, (0, 0, W, H), (h, w))
    return sample.moved(shown, AffineMap(w / W, 0.0, left, 0.0, h / H, top))


def _overlaps(corners: npt.NDArray[np.float32], patch: tuple[float, float, float, float]) -> npt.NDArray[np.float64]:
    """(n,): the intersection over union of each box with the patch."""
    window = np.array(patch)
    boxes = corners.astype(np.float64)
    shared = np.minimum(boxes[:, 2:], window[2:]) - np.maximum(boxes[:, :2], window[:2])
    both = np.maximum(shared, 0).prod(axis=1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) + (window[2:] - window[:2]).prod()
    return np.asarray(both / (areas - both))
