"""Regions of maps, each as a small map of one size: what a network looks at again where it expects a thing."""

from typing import Any

import numpy as np

from cnnkit import kernels
from cnnkit.autograd import Context, Function, Tensor
from cnnkit.errors import DTypeError, ShapeError, UsageError
from cnnkit.kernels.shared.array import Array
from cnnkit.ops import check
from cnnkit.ops.window import Pair, pair


def roi_align(
    maps: Tensor | Array,
    rois: Tensor | Array,
    size: Pair,
    *,
    scale: float = 1.0,
    sampling: int | None = None,
    aligned: bool = True,
) -> Tensor:
    """Each region cut into size[0]·size[1] bins, each the mean of its samples: (R, *size, C).

    A sample lies anywhere between four pixels, and has its share of each: nothing is rounded to whole pixels, so what
    is learned keeps its place.

    Args:
        maps: (N, H, W, C).
        rois: (R, 5) of the type of the maps, NumPy's or where these are: image, x_min, y_min, x_max, y_max in pixels of
            the picture. One of image -1 is an empty place: its result is 0. They have no gradient.
        size: one number for both sides, or (height, width).
        scale: of the maps beside the picture, as 1/16.
        sampling: samples along each side of a bin; None: so many that they lie no more than a pixel of the map apart,
            which makes the work, though no shape, hang on the regions.
        aligned: whether the middle of the first pixel lies at 1/2, as everywhere in cnnkit; without, as in the first
            implementations and in torchvision's networks, results are those of regions half a pixel further on, and
            these are at least one pixel long.

    Source: He et al. 2017, arXiv:1703.06870, section 3.
    """
    maps = check.tensor(maps, "roi_align")
    regions = _regions(maps, rois, "roi_align")
    _check_scale(scale, "roi_align")
    if sampling is not None and sampling < 1:
        raise UsageError(
            f"sampling is {sampling}, expected at least 1 sample a side, or None for as many as are needed."
        )
    result: Tensor = _RoiAlign.apply(maps, regions, pair("size", size), float(scale), sampling, bool(aligned))
    return result


def roi_pool(maps: Tensor | Array, rois: Tensor | Array, size: Pair, *, scale: float = 1.0) -> Tensor:
    """Each region cut into size[0]·size[1] bins of whole pixels, each their greatest: (R, *size, C).

    Args:
        maps: (N, H, W, C).
        rois, size, scale: as in `roi_align`.

    Source: Girshick 2015, arXiv:1504.08083, section 2.1.
    """
    maps = check.tensor(maps, "roi_pool")
    regions = _regions(maps, rois, "roi_pool")
    _check_scale(scale, "roi_pool")
    result: Tensor = _RoiPool.apply(maps, regions, pair("size", size), float(scale))
    return result


def _regions(maps: Tensor, rois: Any, op: str) -> Tensor:
    check.pixels(maps.shape, op)
    regions = check.tensor(kernels.of(maps.data).put(rois) if isinstance(rois, np.ndarray) else rois, op)
    if regions.ndim != 2 or regions.shape[1] != 5:
        raise ShapeError(
            f"{op} expects regions (R, 5), each image, x_min, y_min, x_max, y_max, but received {regions.shape}."
        )
    if regions.dtype != maps.dtype:
        raise DTypeError(f"{op} expects regions of the type of the maps, {maps.dtype}, but they are {regions.dtype}.")
    return regions


def _check_scale(scale: float, op: str) -> None:
    if not 0 < scale < float("inf"):
        raise UsageError(f"{op} expects a scale above 0, as 1/16 for maps of a sixteenth, but received {scale}.")


class _RoiAlign(Function):
    @staticmethod
    def forward(
        ctx: Context,
        x: Array,
        rois: Array,
        size: tuple[int, int],
        scale: float,
        sampling: int | None,
        aligned: bool,
    ) -> Array:
        ctx.save(rois, x.shape, scale, sampling, aligned)
        y: Array = kernels.of(x, rois).roi_align(x, rois, size, scale, sampling, aligned)
        return y

    @staticmethod
    def backward(ctx: Context, dy: Array) -> tuple[Any, ...]:
        rois, x_shape, scale, sampling, aligned = ctx.saved
        dx = kernels.of(dy, rois).roi_align_dx(dy, rois, x_shape, scale, sampling, aligned)
        return dx, None, None, None, None, None


class _RoiPool(Function):
    @staticmethod
    def forward(ctx: Context, x: Array, rois: Array, size: tuple[int, int], scale: float) -> Array:
        y, places = kernels.of(x, rois).roi_pool(x, rois, size, scale)
        ctx.save(places, rois, x.shape)
        return y  # type: ignore[no-any-return]

    @staticmethod
    def backward(ctx: Context, dy: Array) -> tuple[Any, ...]:
        places, rois, x_shape = ctx.saved
        return kernels.of(dy, rois).roi_pool_dx(dy, places, rois, x_shape), None, None, None
