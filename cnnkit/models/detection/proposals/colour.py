"""Colour spaces of selective search: RGB in, three numbers a pixel out, each from 0 to 255.

    space   channels                                  a shadow changes   a highlight changes
    rgb     red, green, blue                          all                all
    grey    their mean, weighed as the eye does       all                all
    lab     CIE L*a*b* (1976, D65)                    L                  all
    hsv     hue, saturation, value                    value              saturation, value
    hue     hue alone                                 nothing            nothing
    rgi     red and green as shares of the sum; grey  grey               all

So regions that a shadow parts in one space are one in another; the search goes through several.
Source: Uijlings et al. 2013, section 3.3 and table 1. Ranges as in the authors' own code, each channel on 0..255.
"""

from collections.abc import Callable

import numpy as np

from cnnkit.kernels.shared.array import Host

# Linear red, green, blue -> CIE X, Y, Z, each over that of white (sRGB, D65).
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE = np.array([0.95047, 1.0, 1.08883])
# Where the cube root of CIE's definition gives way to a line.
KNEE, SLOPE, OFFSET = (6 / 29) ** 3, (29 / 6) ** 2 / 3, 4 / 29


def in_space(picture: Host, space: str) -> Host:
    """uint8 RGB (H, W, 3) as float32 (H, W, 3) of a space; spaces of one channel have it three times."""
    rgb = np.moveaxis(picture, -1, 0).astype(np.float32)
    return np.stack(np.broadcast_arrays(*SPACES[space](*rgb)), axis=-1).astype(np.float32)


def _rgb(r: Host, g: Host, b: Host) -> tuple[Host, Host, Host]:
    return r, g, b


def _grey(r: Host, g: Host, b: Host) -> tuple[Host, Host, Host]:
    grey = np.float32(0.299) * r + np.float32(0.587) * g + np.float32(0.114) * b
    return grey, grey, grey


def _lab(r: Host, g: Host, b: Host) -> tuple[Host, Host, Host]:
    """L from 0 to 100 becomes 0 to 255; a and b are moved by 128."""
    linear = [_LINEAR[v.astype(np.uint8)] for v in (r, g, b)]
    x, y, z = (_lightness(sum(m * v for m, v in zip(row, linear, strict=True))) for row in _XYZ)
    return np.float32(2.55) * (116 * y - 16), 500 * (x - y) + 128, 200 * (y - z) + 128


def _hsv(r: Host, g: Host, b: Host) -> tuple[Host, Host, Host]:
    """Hue in sixths of the circle from red over green and blue; 0 where there is none."""
    value, least = np.maximum(np.maximum(r, g), b), np.minimum(np.minimum(r, g), b)
    spread = value - least
    some = np.maximum(spread, np.float32(1))
    of_blue = np.where(value == g, 2 + (b - r) / some, 4 + (r - g) / some)
    sixths = np.where(value == r, (g - b) / some, of_blue)
    hue = np.where(sixths < 0, sixths + 6, sixths) * np.float32(255 / 6)
    return hue, spread / np.maximum(value, np.float32(1)) * 255, value


def _hue(r: Host, g: Host, b: Host) -> tuple[Host, Host, Host]:
    hue = _hsv(r, g, b)[0]
    return hue, hue, hue


def _rgi(r: Host, g: Host, b: Host) -> tuple[Host, Host, Host]:
    total = np.maximum(r + g + b, np.float32(1))
    return r / total * 255, g / total * 255, _grey(r, g, b)[0]


def _lightness(share: Host) -> Host:
    """CIE's f: the cube root, near black a line."""
    return np.where(share > KNEE, np.cbrt(share), np.float32(SLOPE) * share + np.float32(OFFSET))


_BYTE = np.arange(256) / 255
# sRGB's bytes as amounts of light.
_LINEAR = np.where(_BYTE <= 0.04045, _BYTE / 12.92, ((_BYTE + 0.055) / 1.055) ** 2.4).astype(np.float32)
_XYZ = (TO_XYZ / WHITE[:, None]).astype(np.float32)

SPACES: dict[str, Callable[[Host, Host, Host], tuple[Host, Host, Host]]] = {
    "rgb": _rgb,
    "grey": _grey,
    "lab": _lab,
    "hsv": _hsv,
    "hue": _hue,
    "rgi": _rgi,
}
