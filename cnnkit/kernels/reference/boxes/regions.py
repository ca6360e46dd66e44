"""Regions of maps, defined: each becomes a small map of one size, by its maxima (RoI pool) or its samples (RoIAlign).

A region is a row (image, x_min, y_min, x_max, y_max) of `rois`, in pixels of the picture; `scale` brings it to the map.
One of no image (-1, say) has zeros and no gradient, so lists of regions can have empty places. Coordinates of 2^20
pixels and more, and those that are no numbers, are taken as 0.

Where a region lies is computed in the type of `rois`, on every machine: how often it is sampled, and which pixels a bin
holds, hang on a single rounding.
"""

from typing import Any

import numpy as np

from cnnkit.kernels.reference.store import deliver
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.out import Outs, outs

FAR = 1 << 20
Links = list[list[tuple[int, Any]]]  # of each bin along an axis: pixels and their weights


def roi_align(
    x: Host,
    rois: Host,
    size: tuple[int, int],
    scale: float,
    sampling: int | None = None,
    aligned: bool = True,
    *,
    out: Host | None = None,
) -> Host:
    """Each region is cut into size[0]·size[1] bins; a bin is the mean of its samples, each between four pixels.

    y[r, oy, ox, c] = mean over samples (sy, sx) of bin (oy, ox) of  Σ 2x2 pixels  down · across · x[n, iy, ix, c]

    A sample more than a pixel outside the map is 0, one at its border is the border's pixel.

    Args:
        x: (N, H, W, C).
        rois: (R, 5).
        size: (OH, OW).
        scale: of the map beside the picture, as 1/16.
        sampling: samples along each side of a bin; None: as many as make them no more than a pixel apart.
        aligned: whether the middle of pixel 0 lies at 1/2; else it lies at 0, and regions are at least one pixel long.

    Returns:
        (R, OH, OW, C).

    Source: He et al. 2017, arXiv:1703.06870, section 3.
    """
    y = np.zeros((len(rois), *size, x.shape[3]))
    for r, n, down, across, count in _samples(x.shape, rois, size, scale, sampling, aligned):
        for oy, ox in np.ndindex(*size):
            for iy, a in down[oy]:
                for ix, b in across[ox]:
                    y[r, oy, ox] += float(a) * float(b) / count * x[n, iy, ix]
    return deliver(y, out)


def roi_align_dx(
    dy: Host,
    rois: Host,
    x_shape: tuple[int, ...],
    scale: float,
    sampling: int | None = None,
    aligned: bool = True,
    *,
    out: Host | None = None,
) -> Host:
    """Each dy goes back to the pixels it was made of, by the same weights."""
    dx = np.zeros(x_shape)
    size = dy.shape[1:3]
    for r, n, down, across, count in _samples(x_shape, rois, size, scale, sampling, aligned):
        for oy, ox in np.ndindex(*size):
            for iy, a in down[oy]:
                for ix, b in across[ox]:
                    dx[n, iy, ix] += float(a) * float(b) / count * dy[r, oy, ox]
    return deliver(dx, out)


def _samples(
    x_shape: tuple[int, ...],
    rois: Host,
    size: tuple[int, ...],
    scale: float,
    sampling: int | None,
    aligned: bool,
) -> list[tuple[int, int, Links, Links, int]]:
    """(r, n, rows, columns, samples of a bin) of every region that lies in an image."""
    kind, found = rois.dtype.type, []
    for r, roi in enumerate(rois):
        if 0 <= roi[0] < x_shape[0]:
            x0, y0, x1, y1 = (_near(v * kind(scale) - kind(0.5 if aligned else 0)) for v in roi[1:])
            down, per_column = _links(y0, y1, size[0], x_shape[1], sampling, aligned)
            across, per_row = _links(x0, x1, size[1], x_shape[2], sampling, aligned)
            found.append((r, int(roi[0]), down, across, max(per_row * per_column, 1)))
    return found


def _links(start: Any, end: Any, bins: int, pixels: int, sampling: int | None, aligned: bool) -> tuple[Links, int]:
    """Which pixels the bins of one side are made of, and how many samples each bin has."""
    kind = type(start)
    length = max(end - start, kind(0 if aligned else 1))
    step = length / kind(bins)
    samples = int(np.ceil(step)) if sampling is None else sampling
    links: Links = [[] for _ in range(bins)]
    for o in range(bins):
        for s in range(samples):
            place = start + kind(o) * step + (kind(s) + kind(0.5)) * step / kind(samples)
            if -1 <= place <= pixels:
                place = max(place, kind(0))
                low = min(int(place), pixels - 1)
                share = place - kind(low) if low < pixels - 1 else kind(0)
                links[o] += [(low, kind(1) - share), (min(low + 1, pixels - 1), share)]
    return links, samples


def roi_pool(x: Host, rois: Host, size: tuple[int, int], scale: float, *, out: Outs | None = None) -> tuple[Host, Host]:
    """The greatest pixel of each of size[0]·size[1] bins of each region, and its place iy·W + ix (int32).

    The region goes from one whole pixel to another, both within; bins that share a border both hold it. A bin outside
    the map is 0, its place -1.

    Args:
        x: (N, H, W, C).
        rois: (R, 5).
        size: (OH, OW).
        scale: of the map beside the picture, as 1/16.

    Returns:
        y, places: (R, OH, OW, C) both.

    Source: Girshick 2015, arXiv:1504.08083, section 2.1.
    """
    _, H, W, C = x.shape
    y = np.zeros((len(rois), *size, C))
    places = np.full(y.shape, -1, np.int32)
    for r, roi in enumerate(rois):
        if 0 <= roi[0] < len(x):
            x0, y0, x1, y1 = (_whole(_near(v * rois.dtype.type(scale))) for v in roi[1:])
            for oy, ox in np.ndindex(*size):
                top, bottom = _bin(y0, y1, oy, size[0], H, rois.dtype.type)
                left, right = _bin(x0, x1, ox, size[1], W, rois.dtype.type)
                if top < bottom and left < right:
                    pixels = x[int(roi[0]), top:bottom, left:right].reshape(-1, C)
                    first = pixels.argmax(axis=0)
                    y[r, oy, ox] = pixels.max(axis=0)
                    iy, ix = np.divmod(first, right - left)
                    places[r, oy, ox] = (top + iy) * W + left + ix
    into, into_places = outs(out, 2)
    return deliver(y, into), deliver(places, into_places)


def roi_pool_dx(dy: Host, places: Host, rois: Host, x_shape: tuple[int, ...], *, out: Host | None = None) -> Host:
    """Each dy goes to the pixel that won its bin."""
    dx = np.zeros(x_shape)
    flat = dx.reshape(x_shape[0], -1, x_shape[3])
    for r, oy, ox, c in np.ndindex(*dy.shape):
        if places[r, oy, ox, c] >= 0:
            flat[int(rois[r, 0]), places[r, oy, ox, c], c] += dy[r, oy, ox, c]
    return deliver(dx, out)


def _near(v: Any) -> Any:
    return v if abs(v) < FAR else type(v)(0)


def _whole(v: Any) -> int:
    """The nearest whole number, of two the one further from 0."""
    return int(np.copysign(np.floor(abs(float(v)) + 0.5), v))


def _bin(start: int, end: int, o: int, bins: int, pixels: int, kind: Any) -> tuple[int, int]:
    """From which pixel to which, the last not among them, bin `o` of one side goes."""
    step = kind(max(end - start + 1, 1)) / kind(bins)
    low, high = np.floor(kind(o) * step), np.ceil(kind(o + 1) * step)
    return min(max(int(low) + start, 0), pixels), min(max(int(high) + start, 0), pixels)
