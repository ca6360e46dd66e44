"""The rule of handwritten digits: turn a photo, scan or drawing of one digit into an image such as MNIST holds.

Grey; paper taken away, so that ink is bright on black; crop to the ink; fit into 20x20; centre by mass in 28x28.
Source of the last two steps: LeCun, Bottou, Bengio & Haffner 1998, section III.A.
"""

import math

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from cnnkit.data.sample import Pixels
from cnnkit.data.view.connected import components
from cnnkit.data.view.paper import Plane, blurred, paper_of
from cnnkit.errors import DataError

WORKING_SIDE = 512
# Thumbnails: paper and polarity are judged on the first, pieces of ink told apart on the second.
PAPER_SIDE, PIECES_SIDE = 64, 128
# Ink stands out from paper by so many of 255 levels, and by so many deviations of the paper's own noise.
LEAST_CONTRAST, LEAST_SEPARATION = 12, 4
# The pen of MNIST is about this wide where the digit is 20 pixels tall. Thinner pens are widened, or they would fade.
PEN = 1.8


def as_digit(picture: Image.Image, size: tuple[int, int] = (28, 28)) -> Pixels:
    """(H, W) uint8, bright ink on black, the ink fitted into 20/28 of the size. DataError where there is no ink.

    picture: mode L or RGB, dark on bright or bright on dark, evenly lit or not.
    """
    grey = picture.convert("L")
    shrink = WORKING_SIDE / max(grey.size)
    if shrink < 1:
        grey = grey.resize(_scaled(grey.size, shrink), Image.Resampling.BOX)
    ink = ink_of(grey)
    threshold = otsu(ink)
    if not _is_ink(ink, threshold):
        raise DataError(
            "no digit was found: the picture is blank, too faint or cropped too tightly. Leave a margin around it."
        )
    digit = main_pieces(ink, threshold)
    noise = float(np.percentile(ink[~digit], 95)) if not digit.all() else 0.0
    full = float(np.percentile(ink[digit & (ink > threshold)], 75))
    low = min(max(noise, 0.0), 0.5 * full)
    ink = np.where(digit, np.clip((ink - low) / (full - low), 0, 1), 0).astype(np.float32)
    return centre(fit(crop(ink), min(size) * 20 // 28), size)


def ink_of(grey: Image.Image) -> Plane:
    """(H, W) float32: how far each pixel stands out from the paper around it; the median is 0, ink is positive."""
    shrink = PAPER_SIDE / max(grey.size)
    thumb = grey.resize(_scaled(grey.size, shrink), Image.Resampling.BOX) if shrink < 1 else grey
    if ink_is_dark(np.asarray(thumb, np.float32)):
        grey, thumb = _inverted(grey), _inverted(thumb)
    paper = Image.fromarray(paper_of(np.asarray(thumb, np.float32))).resize(grey.size, Image.Resampling.BILINEAR)
    if min(grey.size) >= 100:
        grey = grey.filter(ImageFilter.GaussianBlur(max(grey.size) / 400))
    ink = np.asarray(grey, np.float32) - np.asarray(paper, np.float32)
    return ink - np.float32(np.median(ink))


def ink_is_dark(thumb: Plane) -> bool:
    """Ink is what deviates most from its surroundings: the sign of the third moment tells which way."""
    deviation = (thumb - blurred(thumb, max(2, max(thumb.shape) // 6))).astype(np.float64)
    return float((deviation**3).mean()) < 0


def otsu(plane: Plane) -> float:
    """The level that splits the values into the two most distant classes. Source: Otsu 1979."""
    counts, edges = np.histogram(plane, 256)
    middles = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)[:-1]
    above = below[-1] + counts[-1] - below
    sums = np.cumsum(counts * middles)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = sums[:-1] / below - (sums[-1] - sums[:-1]) / above
        between = below * above * distance**2
    best = np.flatnonzero(between == np.nanmax(between)) if np.isfinite(between).any() else np.array([0])
    # A gap between the classes is a plateau; its middle is the safest level.
    return float(edges[1:][best].mean())


def main_pieces(ink: Plane, threshold: float) -> npt.NDArray[np.bool_]:
    """(H, W): where the digit lies, with a margin; specks, and what reaches in from the border, are left out."""
    H, W = ink.shape
    shrink = min(1.0, PIECES_SIDE / max(H, W))
    small = np.asarray(Image.fromarray(ink).resize(_scaled((W, H), shrink), Image.Resampling.BOX))
    pieces = components(small > 0.6 * threshold)
    largest = max(piece.area for piece in pieces)
    pieces = [piece for piece in pieces if piece.area >= 0.05 * largest]
    # The edge of the paper or of a shadow reaches in from the border; so may a digit that fills the picture.
    inner = [piece for piece in pieces if not piece.border]
    edges = [piece for piece in pieces if piece.border >= 0.4 * min(small.shape)]
    if inner and (edges or max(piece.area for piece in inner) >= 0.2 * largest):
        pieces = inner
    kept = np.zeros(small.shape, np.uint8)
    for piece in pieces:
        for row, start, stop in piece.runs:
            kept[row, start:stop] = 255
    wider = Image.fromarray(kept).filter(ImageFilter.MaxFilter(5)).resize((W, H), Image.Resampling.NEAREST)
    return np.asarray(wider) > 0


def crop(ink: Plane) -> Plane:
    """The smallest rectangle that holds the ink."""
    rows, columns = np.flatnonzero((ink > 0.1).any(axis=1)), np.flatnonzero((ink > 0.1).any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def fit(ink: Plane, side: int) -> Plane:
    """Scale so that the longer side is `side`, proportions kept; a thin pen is widened, a pale result brightened."""
    scale = side / max(ink.shape)
    picture = Image.fromarray(ink)
    growth = round((PEN / 20 * max(ink.shape) - pen_width(ink)) / 2)
    if scale < 0.5 and growth > 0:
        picture = picture.filter(ImageFilter.MaxFilter(2 * growth + 1)) if growth < 16 else picture
    fitted = picture.resize(_scaled(picture.size, scale), Image.Resampling.HAMMING)
    values = np.clip(np.asarray(fitted, np.float32), 0, 1)
    return np.asarray(values / max(float(np.percentile(values, 98)), 0.25), np.float32)


def pen_width(ink: Plane) -> float:
    """About how wide the strokes are, in pixels: twice the area over the length of the outline."""
    mask = np.pad(ink > 0.5, 1)
    outline = np.count_nonzero(mask[1:] != mask[:-1]) + np.count_nonzero(mask[:, 1:] != mask[:, :-1])
    # Counted along pixel borders, an outline is on average 4/pi times too long.
    return 2 * int(np.count_nonzero(mask)) / max(int(outline), 1) * 4 / math.pi


def centre(ink: Plane, size: tuple[int, int]) -> Pixels:
    """(H, W) uint8 with the centre of mass at pixel (H/2, W/2), as in MNIST, as far as the ink stays inside."""
    image = np.zeros(size, np.uint8)
    offsets = []
    for axis, length in enumerate(size):
        profile = ink.sum(axis=1 - axis, dtype=np.float64)
        middle = float((profile * np.arange(len(profile))).sum() / max(float(profile.sum()), 1e-9))
        offsets.append(min(max(round(length / 2 - middle), 0), length - len(profile)))
    top, left = offsets
    image[top : top + ink.shape[0], left : left + ink.shape[1]] = np.rint(np.clip(ink, 0, 1) * 255)
    return image


def _is_ink(ink: Plane, threshold: float) -> bool:
    paper, marks = ink[ink <= threshold], ink[ink > threshold]
    if not marks.size or not paper.size:
        return False
    contrast = float(marks.mean() - paper.mean())
    # The median deviation, times 1.48 the standard deviation of noise, ignores the edge of a shadow.
    noise = 1.48 * float(np.median(np.abs(paper - np.median(paper))))
    return contrast >= LEAST_CONTRAST and contrast >= LEAST_SEPARATION * noise


def _inverted(grey: Image.Image) -> Image.Image:
    return grey.point([255 - level for level in range(256)])


def _scaled(size: tuple[int, int], scale: float) -> tuple[int, int]:
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
