"""Gaussian filters of pictures, and the textures that they tell.

A filter is a sum of shifted pictures, in the order of its taps. Beyond the border lies its last row or column.
"""

import math

import numpy as np

from cnnkit.kernels.shared.array import Host

ORIENTATIONS = 8
SIGMA = 1.0
TEXTURE_BINS = 10


def smoothed(x: Host, sigma: float) -> Host:
    """(H, W, C) under a Gaussian that is cut off at four standard deviations."""
    taps = _gaussian(sigma)
    return _filtered(_filtered(x, taps, 0), taps, 1)


def textures(x: Host) -> Host:
    """How steeply each channel rises towards each of eight directions, in bins: (H, W, 8·C) uint8, below TEXTURE_BINS.

    The rise towards angle t is cos t · ∂x + sin t · ∂y of the picture under a Gaussian of σ = 1, and 0 where it falls.
    The highest step, from 0 to 255, rises by 255 / √(2π); bins are equal parts of that.

    Source: Uijlings et al. 2013, section 3.2, texture.
    """
    taps = _gaussian(SIGMA)
    reach = len(taps) // 2
    slope = (np.arange(-reach, reach + 1) / SIGMA**2 * taps).astype(np.float32)
    down, right = _filtered(_filtered(x, slope, 0), taps, 1), _filtered(_filtered(x, taps, 0), slope, 1)
    bins_per_rise = TEXTURE_BINS * math.sqrt(2 * math.pi) * SIGMA / 255
    found = np.empty((*x.shape[:2], ORIENTATIONS, x.shape[2]), np.uint8)
    for i in range(ORIENTATIONS):
        angle = 2 * math.pi * i / ORIENTATIONS
        across, along = (np.float32(bins_per_rise * part) for part in (math.cos(angle), math.sin(angle)))
        found[:, :, i] = np.clip(across * right + along * down, 0, TEXTURE_BINS - 1)
    return found.reshape(*x.shape[:2], -1)


def _gaussian(sigma: float) -> Host:
    """Taps of sum 1."""
    reach = math.ceil(4 * sigma)
    taps = np.exp(-((np.arange(-reach, reach + 1) / sigma) ** 2) / 2)
    shares: Host = (taps / taps.sum()).astype(np.float32)
    return shares


def _filtered(x: Host, taps: Host, axis: int) -> Host:
    """y[i] = Σ t  taps[t] · x[i + t - reach] along an axis."""
    reach = len(taps) // 2
    wide = np.pad(x, [(reach, reach) if a == axis else (0, 0) for a in range(3)], mode="edge")
    total = np.zeros_like(x)
    for t, tap in enumerate(taps):
        total += tap * (wide[t : t + len(x)] if axis == 0 else wide[:, t : t + x.shape[1]])
    return total
