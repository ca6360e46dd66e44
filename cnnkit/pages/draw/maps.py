"""A map of numbers as a picture in the colour scale; the same over the picture that it is about."""

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from cnnkit.data.sample import Pixels
from cnnkit.pages.draw.colours import STEPS, palette, steps

# How much of a picture's own light is left below a heat map, and how opaque the strongest place of the map is.
DIMMED, MOST = 0.75, 0.9


def map_png(values: npt.ArrayLike, bound: float, levels: int = STEPS) -> bytes:
    """A PNG file of one colour a number of `values` (H, W).

    Args:
        bound: the magnitude at the ends of the scale.
        levels: steps of the scale that are told apart, odd; fewer make a smaller file.
    """
    place = steps(values, bound).astype(float)
    half, middle = levels // 2, STEPS // 2
    index = ((place - middle) / middle * half).round() + half
    colours = palette()[np.linspace(0, STEPS - 1, levels).round().astype(int)]
    image = Image.fromarray(index.astype(np.uint8), "P")
    image.putpalette(colours.tobytes())
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=6, bits=_bits(levels))
    return buffer.getvalue()


def over(picture: Pixels, heat: npt.ArrayLike, bound: float) -> Pixels:
    """(H, W, 3): the picture in grey below a heat map, which covers it the more the stronger it is.

    Args:
        picture: uint8 (H, W, C), C = 1 or 3.
        heat: (h, w) numbers, enlarged smoothly to (H, W); below zero is blue, above orange.
        bound: the magnitude at the ends of the scale.
    """
    H, W = picture.shape[:2]
    small = Image.fromarray(np.nan_to_num(np.asarray(heat, np.float32)))
    share = np.clip(np.asarray(small.resize((W, H), Image.Resampling.BILINEAR)) / bound, -1, 1)
    grey = np.asarray(picture, np.float32).mean(axis=2, keepdims=True) * DIMMED + 255 * (1 - DIMMED) / 2
    colour = palette()[steps(share, 1.0)].astype(np.float32)
    opacity = (MOST * np.abs(share) ** 0.7)[..., None]
    return np.asarray(grey * (1 - opacity) + colour * opacity + 0.5, np.uint8)


def _bits(levels: int) -> int:
    """Bits of a pixel that tell so many levels apart."""
    return next(bits for bits in (1, 2, 4, 8) if levels <= 1 << bits)
