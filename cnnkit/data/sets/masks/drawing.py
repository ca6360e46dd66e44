"""Draw masks of outlines and runs of pixels, as COCO's files describe things."""

import math

import numpy as np
import numpy.typing as npt

from cnnkit.data.layout.masks.outlines import Outlines, Polygon, Runs
from cnnkit.data.picture.limits import check_size, default_max_pixels
from cnnkit.data.targets import VOID, Mask
from cnnkit.errors import DataError

# Rows that the sides of all outlines of one picture may cross together, and coordinates beyond which none lies.
MOST_CROSSINGS, FURTHEST = 20_000_000, 1e6
# Of COCO's compressed form: the first letter, and a letter's bits: five of the number, and one that more follow.
_ZERO, _BITS, _MORE, _SIGN = 48, 5, 0x20, 0x10
# No run is longer than the largest picture.
_LONGEST = 8

Plane = npt.NDArray[np.bool_]


def draw(outlines: Outlines, name: str) -> Mask:
    """Things in their order, each over those before it, on background; crowds are void.

    A pixel is inside an outline where its centre is.   name: of the picture, for messages.

    Raises:
        DataError: a run or an outline cannot be meant for a picture of this size.
    """
    H, W = outlines.size
    check_size(name, W, H, default_max_pixels())
    labels = np.zeros((H, W), np.uint8)
    left = MOST_CROSSINGS
    for place, thing in enumerate(outlines.things):
        what = f"{outlines.source}: thing {place + 1} of {name}"
        number = VOID if thing.crowd else thing.label
        if isinstance(thing.shape, Runs):
            labels[_of_runs(thing.shape, (H, W), what)] = number
            continue
        for polygon in thing.shape:
            left -= _crossings(polygon, H, what)
            if left < 0:
                raise DataError(f"{what}: outlines cross {MOST_CROSSINGS:,} rows or more. Are they of this picture?")
            rows, inside = _within(polygon, (H, W))
            labels[rows][inside] = number
    return Mask(labels)


def _within(polygon: Polygon, size: tuple[int, int]) -> tuple[slice, Plane]:
    """(rows of the picture, which of their pixels are inside): a row is entered and left where it crosses a side."""
    H, W = size
    points = np.array(polygon).reshape(-1, 2)
    top, bottom = _rows(points[:, 1].min(), points[:, 1].max(), H)
    turns = np.zeros((max(0, bottom - top), W + 1), np.bool_)
    for (x1, y1), (x2, y2) in zip(points, np.roll(points, -1, axis=0), strict=True):
        first, last = _rows(min(y1, y2), max(y1, y2), H)
        if first < last:
            y = np.arange(first, last) + 0.5
            x = x1 + (y - y1) * (x2 - x1) / (y2 - y1)
            # The first pixel whose centre is to the right of the side.
            column = np.clip(np.ceil(x - 0.5), 0, W).astype(np.int64)
            turns[np.arange(first, last) - top, column] ^= True
    inside: Plane = np.logical_xor.accumulate(turns, axis=1)[:, :W]
    return slice(top, bottom), inside


def _rows(upper: float, lower: float, height: int) -> tuple[int, int]:
    """(first, last but one) of the rows whose centres are from `upper` on and above `lower`."""
    first = min(max(math.ceil(upper - 0.5), 0), height)
    return first, max(first, min(math.ceil(lower - 0.5), height))


def _crossings(polygon: Polygon, height: int, what: str) -> int:
    """Rows that the sides cross together, at most; a side costs at least as much as a row."""
    if max(map(abs, polygon)) > FURTHEST:
        raise DataError(f"{what}: an outline reaches to {max(polygon, key=abs):g}, far outside of it. Correct it.")
    heights = [min(abs(one - two), height) for one, two in zip(polygon[1::2], polygon[3::2], strict=False)]
    return int(sum(heights) + height) + len(polygon)


def _of_runs(runs: Runs, size: tuple[int, int], what: str) -> Plane:
    """(H, W): the pixels of every second run, counted column by column."""
    H, W = size
    if runs.size != size:
        raise DataError(f"{what}: its runs are of {runs.size[0]}x{runs.size[1]}, but the picture is {H}x{W}.")
    counts = _counts(runs.counts, H * W, what) if isinstance(runs.counts, str) else list(runs.counts)
    if any(count < 0 for count in counts) or sum(counts) != H * W:
        raise DataError(
            f"{what}: its runs have {sum(counts):,} pixels together, but the picture has {H * W:,}. Export it anew."
        )
    inside = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    return inside.reshape(W, H).T


def _counts(text: str, pixels: int, what: str) -> list[int]:
    """COCO's compressed form: numbers in letters, five bits each, lowest first; from the fourth on a difference to the
    last but one."""
    counts: list[int] = []
    number = shift = 0
    for letter in text.encode("ascii", "replace"):
        bits = letter - _ZERO
        if not 0 <= bits < 2 * _MORE or shift >= _LONGEST * _BITS or len(counts) > pixels:
            raise DataError(f"{what}: its runs are no text of COCO's compressed form. Export it anew.")
        number |= (bits & (_MORE - 1)) << shift
        shift += _BITS
        if bits & _MORE:
            continue
        if bits & _SIGN:
            number -= 1 << shift
        counts.append(number + (counts[-2] if len(counts) > 2 else 0))
        number = shift = 0
    if shift:
        raise DataError(f"{what}: its runs end within a number. Export it anew.")
    return counts
