"""Filters of a first layer as pictures: each in colours where it reads colours, else in the scale of numbers."""

import numpy as np

from cnnkit.data.sample import Pixels
from cnnkit.kernels.shared.array import Host
from cnnkit.pages.draw.colours import bound_of, palette, steps


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
