"""Selective search: boxes where a thing may be, whatever it is, by merging what looks alike.

A thing may differ from what surrounds it in colour or in texture, may consist of parts or be one: so no one way of
merging finds all. Each way gives a tree of regions, from segments up to the whole picture; each region gives a box.
"""

import itertools

import numpy as np
from PIL import Image

from cnnkit import kernels
from cnnkit.errors import ShapeError
from cnnkit.kernels.shared.array import Host
from cnnkit.models.detection.proposals.colour import in_space
from cnnkit.models.detection.proposals.filters import smoothed, textures
from cnnkit.models.detection.proposals.regions import Regions, colour_bins, regions_of
from cnnkit.models.detection.proposals.strategies import FAST, Strategies


def selective_search(picture: Host, strategies: Strategies = FAST, *, seed: int = 0) -> Host:
    """Boxes that may hold a thing, the most likely first; each box once.

    In a tree of n regions the whole picture has place 1, the last segment place n. A region's rank is its place times a
    number drawn between 0 and 1: large regions come first, but no strategy and no place comes before all others. So the
    first few hundred are a fair choice already. The same picture and seed give the same boxes on any number of threads.

    Args:
        picture: uint8 (H, W, 3), or (H, W, 1) of grey.

    Returns:
        (P, 4) float32: x_min, y_min, x_max, y_max in pixels of the picture. No box is there where the picture itself is
        smaller than a box may be.

    Raises:
        ShapeError: it is no picture.

    Differs from R-CNN's code: the longest side of a picture becomes 500 pixels, there always the width, which for
        landscape format is the same; and smaller pictures stay as they are.
    Source: Uijlings, van de Sande, Gevers & Smeulders 2013, Selective search for object recognition, section 3.
    """
    small = _at_most(_rgb(picture), strategies.longest)
    rng = np.random.default_rng(seed)
    boxes, ranks = [], []
    for space in strategies.spaces:
        for regions, weights in itertools.product(_segmented(small, space, strategies), strategies.measures):
            _, tree = kernels.of(regions.colours).group_regions(*regions, weights)
            boxes.append(tree)
            ranks.append(rng.random(len(tree)) * np.arange(len(tree), 0, -1))
    found = np.concatenate(boxes)[np.argsort(np.concatenate(ranks), kind="stable")]
    found = found[((found[:, 2:] - found[:, :2]) >= strategies.least).all(axis=1)]
    _, first = np.unique(found, axis=0, return_index=True)
    scale = np.array(picture.shape[1::-1]) / small.shape[1::-1]
    corners: Host = (found[np.sort(first)] * np.tile(scale, 2)).astype(np.float32)
    return corners


def _segmented(picture: Host, space: str, strategies: Strategies) -> list[Regions]:
    """The segments in one colour space, for each k."""
    x = in_space(picture, space)
    colours, rises, smooth = colour_bins(x), textures(x), smoothed(x, strategies.sigma)[None]
    segment = kernels.of(smooth).segment
    return [regions_of(segment(smooth, k, k)[0], colours, rises) for k in strategies.ks]


def _rgb(picture: Host) -> Host:
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] not in (1, 3) or not picture.size:
        raise ShapeError(
            f"A picture is uint8 (height, width, 3), or 1 for grey, with at least one pixel, but this is "
            f"{picture.dtype} {picture.shape}."
        )
    return np.broadcast_to(picture, (*picture.shape[:2], 3))


def _at_most(picture: Host, longest: int) -> Host:
    """The picture, or a smaller one of the same proportions."""
    H, W, _ = picture.shape
    if max(H, W) <= longest:
        return picture
    size = max(1, round(W * longest / max(H, W))), max(1, round(H * longest / max(H, W)))
    return np.asarray(Image.fromarray(np.ascontiguousarray(picture)).resize(size, Image.Resampling.BILINEAR))
