"""Which number is white in the arrays of a data set, told from the values of all its parts, and pixels as bytes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import final

import numpy as np

from cnnkit.data.sample import Pixels
from cnnkit.errors import DataError
from cnnkit.kernels.shared.array import Host

WHITE = 255
# The largest values of pixels of 1 to 7 bits; 16 is that of scikit-learn's digits.
FEW_BITS = (1, 3, 7, 15, 16, 31, 63, 127)
MOST = 65535
# Below this, the largest value is far from white, and no full scale of few bits: dark images, or others.
FAR_BELOW = 128
# Numbers with fractions up to here could be of 0 to 1, a little beyond, or of 0 to 255, nearly black.
UNCLEAR = 16
# One picture that ends at such a value by chance is unlikely; so are several that end at any of few bits.
_SURELY_FEW, SEVERAL = (15, 16), 8
# One part whose largest value is so many times smaller than that of all was scaled differently.
TIMES = 15
TIMES_FEW_BITS = 4
# Values that are looked at or scaled at once.
_AT_ONCE = 1 << 22


@final
@dataclass(frozen=True)
class Span:
    """The values of an array. whole: there are no fractions.   integers: its type has none, so 0 to 255 is usual."""

    low: float
    high: float
    whole: bool
    integers: bool


def span_of(images: Host) -> Span | None:
    """The span of images (n, …); None where there is no value, or one that is no number."""
    if not images.size or images.dtype.kind not in "fiub":
        return None
    low, high, whole = np.inf, -np.inf, True
    for some, _ in _pieces(images, images):
        low, high = min(low, float(some.min())), max(high, float(some.max()))
        if images.dtype.kind == "f":
            if not np.isfinite(some).all():
                return None
            whole = whole and bool((some == np.rint(some)).all())
    return Span(low, high, whole, images.dtype.kind in "iu")


def no_numbers(images: Host) -> str:
    """What an array without a span is, in words."""
    inside = " with nan or infinite values" if images.dtype.kind == "f" and images.size else ""
    return f"{images.dtype} {images.shape}{inside}"


def white_of(spans: Mapping[str, Span], where: str = "") -> int:
    """The number that is white in all of these arrays, the training images first: 255, or 1, 15, 4095 and so on.

    A largest value of 200 or 37 means 255; 3000 means 4095, the next number of whole bits. Floats from 0 to 1 mean 1.

    Raises:
        DataError: values are negative or too large, or the parts are on different scales.
    """
    whole = all(span.whole for span in spans.values())
    highest = max(span.high for span in spans.values())
    for name, span in spans.items():
        shown = f"{where}{name} goes from {span.low:g} to {span.high:g}"
        if span.low < 0:
            raise DataError(
                f"{shown}, expected no number below 0. Save the pixels before they are normalised, 0 to 255."
            )
        if span.high > MOST:
            raise DataError(f"{shown}, expected at most {MOST}. Save the pixels as uint8, 0 to 255.")
    white = _white(highest, whole)
    for name, span in spans.items():
        ratio = TIMES_FEW_BITS if span.whole and span.high in FEW_BITS else TIMES
        if 0 < span.high * ratio <= highest:
            other = next(other for other, others in spans.items() if others.high == highest)
            raise DataError(
                f"{where}{name} goes from {span.low:g} to {span.high:g}, but {other} to {highest:g}: the parts are on "
                "different scales. Save all of them alike, best as uint8, 0 to 255."
            )
    if white is None:
        raise DataError(
            f"{where}{next(iter(spans))} has fractions up to {highest:g}: neither 0 to 1 nor 0 to 255. Clip them to 1, "
            "or save them as uint8, 0 to 255."
        )
    return white


def notes_on(spans: Mapping[str, Span], white: int) -> list[str]:
    """What was decided about the range of pixels, for people."""
    name, span = next(iter(spans.items()))
    highest = max(span.high for span in spans.values())
    if white != WHITE:
        taken = "" if white == highest else f", taken for 0 to {white}"
        notes = [f"{name} goes from {span.low:g} to {highest:g}{taken}: scaled to 0 to 255."]
    else:
        notes = [] if all(span.whole for span in spans.values()) else [f"{name}: rounded to whole numbers."]
    if 0 < highest * WHITE / white < FAR_BELOW:
        notes.append(
            f"The largest pixel value is {highest:g}, far below {white}. The images are used as they are. Are they "
            "meant to be so dark?"
        )
    return notes


def recorded(spans: Mapping[str, Span], white: int) -> int:
    """White, for a record by which further arrays are read. Floats to 1 are known by their type: 255."""
    return WHITE if white == 1 and not all(span.integers for span in spans.values()) else white


def as_bytes(images: Host, white: int) -> Pixels:
    """uint8: white becomes 255, some images at a time, as the numbers may be eight times as large as the pixels."""
    if images.dtype == np.uint8 and white == WHITE:
        return np.ascontiguousarray(images)
    pixels = np.empty(images.shape, np.uint8)
    for some, scaled in _pieces(images, pixels):
        # Floats in their own precision: so were they scaled by version 0.1, whose runs go on with the same pixels.
        dtype = some.dtype if some.dtype.kind == "f" else np.float32 if some.dtype.itemsize < 4 else np.float64
        np.rint(np.multiply(some, WHITE / white, dtype=dtype), out=scaled, casting="unsafe")
    return pixels


def read_by(images: Host, name: str, white: int, *, certain: bool = False) -> Pixels:
    """uint8 of further images (n, H, W, C) for a network whose record says what is white in its arrays.

    Bytes of more than a small `white` are of 0 to 255, and so are bytes beside a large one; floats to 1 are of 0 to 1.
    certain: white was told from these images and others together, so it holds for each, however dark.

    Raises:
        DataError: the values cannot be of that scale.
    """
    span = span_of(images)
    if span is None:
        raise DataError(f"{name} is {no_numbers(images)}, expected finite numbers: uint8 from 0 to 255.")
    shown = f"{name} is {images.dtype} {images.shape} from {span.low:g} to {span.high:g}"
    if span.low < 0:
        raise DataError(f"{shown}, expected no number below 0. Give the pixels before they are normalised, 0 to 255.")
    if certain:
        return as_bytes(images, 1 if images.dtype == np.bool_ else white)
    few = white in FEW_BITS
    if images.dtype == np.bool_ or (not span.integers and span.high <= 1 and not (few and span.whole)):
        return as_bytes(images, 1)
    if white > 1 and span.high == 1:
        times = min(white, WHITE) if images.dtype == np.uint8 else white
        raise DataError(
            f"{name} holds only 0 and 1 as {images.dtype}, and the network was trained on pixels of 0 to {white}. "
            f"Multiply it by {times}, or pass it as bool."
        )
    fewer = span.whole and (span.high in _SURELY_FEW or (span.high in FEW_BITS and len(images) >= SEVERAL))
    if fewer and (white == WHITE or span.high > white):
        raise DataError(
            f"{shown}, as pixels of fewer bits, and the network was trained on pixels of 0 to {white}. Scale it to 0 "
            "to 255. Images that are meant to be so dark may be given as files or Pillow images."
        )
    if 1 < span.high <= WHITE < white and images.dtype != np.uint8:
        raise DataError(
            f"{shown}, and the network was trained on pixels of 0 to {white}. If 255 is white in it, pass it as uint8."
        )
    if white == WHITE and not span.whole and span.high <= UNCLEAR:
        raise DataError(f"{shown}, with fractions: neither 0 to 1 nor 0 to 255. Clip it to 1, or save it as uint8.")
    if (span.high > white > WHITE) or (span.high > WHITE >= white):
        raise DataError(
            f"{shown}, and the network was trained on pixels of 0 to {white}. Give the pixels on that scale, or as "
            "uint8, 0 to 255."
        )
    return as_bytes(images, WHITE if span.high > white or (white > WHITE and images.dtype == np.uint8) else white)


def _pieces(images: Host, pixels: Host) -> Iterator[tuple[Host, Host]]:
    """Some images of one array, with the same ones of another."""
    step = max(1, _AT_ONCE // max(1, images[:1].size))
    for i in range(0, len(images), step):
        yield images[i : i + step], pixels[i : i + step]


def _white(highest: float, whole: bool) -> int | None:
    if highest <= 1:
        return 1 if highest > 0 else WHITE
    if highest in FEW_BITS and (whole or highest >= 15):
        return int(highest)
    if not whole and highest <= UNCLEAR:
        return None
    return WHITE if highest <= WHITE else (1 << int(np.ceil(highest)).bit_length()) - 1
