"""Filters of a first layer as pictures: each in colours where it reads colours, else in the scale of numbers."""

import math

import numpy as np
from PIL import Image

from cnnkit.data.sample import Pixels
from cnnkit.kernels.shared.array import Host
from cnnkit.pages.draw.colours import bound_of, palette, steps

# Filters on a sheet, the side of one in pixels, and what is between them.
MOST, SIDE, GAP = 256, 44, 4


def filter_pictures(filters: Host) -> list[Pixels]:
    """uint8 (KH, KW, 3) of each filter.

    Args:
        filters: (KH, KW, C, O). Of C = 3 they are red, green and blue: grey is zero, and the largest magnitude of the
            filter reaches black or white. Of any other C the mean over C is drawn in the colour scale, one for all.
    """
    count = filters.shape[3]
    if filters.shape[2] == 3:
        bounds = [bound_of(filters[..., k]) for k in range(count)]
        return [np.asarray((filters[..., k] / bounds[k] + 1) * 127.5 + 0.5, np.uint8) for k in range(count)]
    mean = filters.mean(axis=2)
    colours, bound = palette(), bound_of(mean)
    return [colours[steps(mean[..., k], bound)] for k in range(count)]


def filters(weights: Host) -> Pixels:
    """(H, W, 3): the first MOST of the pictures of (KH, KW, C, O), enlarged, on one sheet."""
    shown = filter_pictures(weights[..., :MOST])
    KH, KW = weights.shape[:2]
    across = max(1, math.ceil(math.sqrt(2 * len(shown))))
    times = max(1, SIDE // max(KH, KW))
    high, wide = KH * times + GAP, KW * times + GAP
    sheet = np.full((GAP + -(-len(shown) // across) * high, GAP + min(len(shown), across) * wide, 3), 128, np.uint8)
    for place, pixels in enumerate(shown):
        large = np.asarray(Image.fromarray(pixels).resize((KW * times, KH * times), Image.Resampling.NEAREST))
        top, left = GAP + place // across * high, GAP + place % across * wide
        sheet[top : top + KH * times, left : left + KW * times] = large
    return sheet
