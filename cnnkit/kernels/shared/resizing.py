"""Which pixels a resized image reads, along one axis: what all machines agree on.

    linear, corners apart     the middle of output o lies at (o + 1/2)·size / wanted - 1/2, not left of the first pixel
    linear, corners aligned   at o·(size - 1) / (wanted - 1): the first and last pixel stay where they are
    nearest, corners apart    pixel ⌊o·size / wanted⌋
    nearest, corners aligned  the pixel nearest to o·(size - 1) / (wanted - 1), the later of two

That is PyTorch's `interpolate` without antialiasing; it has no nearest with aligned corners, which is TensorFlow's.
Nearest is told in whole numbers, so no rounding decides.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from cnnkit.kernels.shared.array import Host


class Sources(NamedTuple):
    """Output o is (1 - share[o]) of pixel lower[o] and share[o] of pixel upper[o]."""

    lower: Host
    upper: Host
    share: Host  # float64


class Readers(NamedTuple):
    """Pixel i has weights[starts[i] : starts[i + 1]] in the outputs of the same numbers."""

    starts: Host
    outputs: Host
    weights: Host  # float64


@lru_cache(maxsize=256)
def sources(size: int, wanted: int, nearest: bool, align_corners: bool) -> Sources:
    """What `wanted` outputs read of `size` pixels."""
    o = np.arange(wanted, dtype=np.int64)
    if nearest:
        if align_corners:
            at = (2 * o * (size - 1) + wanted - 1) // (2 * (wanted - 1)) if wanted > 1 else o
        else:
            at = o * size // wanted
        return Sources(at, at, np.zeros(wanted))
    if align_corners:
        place = o * (size - 1) / max(wanted - 1, 1)
    else:
        place = np.maximum((2 * o + 1) * size / (2 * wanted) - 0.5, 0)
    lower = np.minimum(place.astype(np.int64), size - 1)
    share = np.where(lower < size - 1, place - lower, 0.0)
    return Sources(lower, lower + (share > 0), share)  # what does not count is not read: it might be no number


@lru_cache(maxsize=256)
def readers(size: int, wanted: int, nearest: bool, align_corners: bool) -> Readers:
    """The same from the side of the pixels: so that a gradient gathers, and always adds in one order."""
    lower, upper, share = sources(size, wanted, nearest, align_corners)
    pixels = np.concatenate([lower, upper])
    outputs = np.tile(np.arange(wanted, dtype=np.int64), 2)
    weights = np.concatenate([1 - share, share])
    kept = np.flatnonzero(weights)
    kept = kept[np.lexsort((outputs[kept], pixels[kept]))]
    starts = np.searchsorted(pixels[kept], np.arange(size + 1)).astype(np.int64)
    return Readers(starts, outputs[kept], weights[kept])
