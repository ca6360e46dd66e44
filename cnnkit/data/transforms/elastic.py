"""Elastic deformations: pure functions (sample, rng, ...) -> sample."""

import math

import numpy as np
import numpy.typing as npt

from cnnkit.data.places.warp import Warp
from cnnkit.data.sample import Pixels, Sample
from cnnkit.data.transforms.affine import with_room

# Meshes along a side; between their knots the paper's bicubic field is followed by straight lines, which stray from it
# by a fortieth of the deviation on average, and by an eighth at most. Each mesh costs as much as some thousand pixels.
MESHES = 10


def elastic(sample: Sample, rng: np.random.Generator, share: float = 1 / 51.2, knots: int = 3) -> Sample:
    """Bend the image: displacements drawn on a coarse net of `knots` by `knots`, bicubic between them.

    share: the standard deviation of a displacement in x and in y, of the shorter side; the paper's 10 pixels of 512.
    The picture is resampled bilinearly, and mirrored beyond its border; a mask takes the nearest label, VOID outside.

    Source: Ronneberger, Fischer & Brox 2015, arXiv:1505.04597, section 3.1; the idea of Simard, Steinkraus & Platt
    2003, where the field is drawn for every pixel and smoothed.
    """
    H, W, _ = sample.image.shape
    moves = rng.standard_normal((2, knots, knots)) * share * min(H, W)
    rows, columns = _edges(H), _edges(W)
    # d(y, x) = Σ_ij b(y, i) moves(i, j) b(x, j)
    bent = bicubic(rows / H, knots) @ moves @ bicubic(columns / W, knots).T
    even = np.stack(np.broadcast_arrays(columns[None, :], rows[:, None]), axis=2)
    warp = Warp(rows, columns, even + np.moveaxis(bent, 0, 2))
    return sample.moved(_bent(sample.image, warp), warp)


def bicubic(at: npt.ArrayLike, knots: int) -> npt.NDArray[np.float64]:
    """(n, knots): weights of knots, evenly laid from 0 to 1, for each of n places between; beyond the ends they repeat.

    Source: Keys 1981, Cubic convolution interpolation for digital image processing, with a = -1/2.
    """
    places = np.asarray(at, np.float64) * (knots - 1)
    weights = np.zeros((len(places), knots))
    first = np.floor(places).astype(int)
    for k in range(-1, 3):
        d = np.abs(places - (first + k))
        near, far = (1.5 * d - 2.5) * d * d + 1, ((-0.5 * d + 2.5) * d - 4) * d + 2
        weight = np.where(d <= 1, near, np.where(d < 2, far, 0.0))
        np.add.at(weights, (np.arange(len(places)), np.clip(first + k, 0, knots - 1)), weight)
    return weights


def _edges(side: int) -> npt.NDArray[np.int64]:
    """The pixel edges from 0 to `side` on which knots of the net lie."""
    return np.unique(np.rint(np.linspace(0, side, MESHES + 1)).astype(np.int64))


def _bent(image: Pixels, warp: Warp) -> Pixels:
    H, W, C = image.shape
    # Room around the image for what is drawn in from there.
    low, high = warp.places.min(axis=(0, 1)), warp.places.max(axis=(0, 1)) - (W, H)
    room = 1 + math.ceil(max(0.0, *-low, *high))
    padded = with_room(image, (room, room), mirrored=True)
    return warp.resampled(padded[:, :, 0] if C == 1 else padded, offset=room).reshape(H, W, C)
