"""What is computed under a window: convolutions, as they are and transposed, and pools."""

import numpy as np
import numpy.typing as npt

from cnnkit.engine.explain.arithmetic.draft import Draft, Index, at_same_place, number, terms
from cnnkit.engine.explain.walk import Step
from cnnkit.kernels.shared.geometry import Window
from cnnkit.kernels.shared.pooling import bin_range

Places = npt.NDArray[np.int64]


def conv(step: Step, at: Index) -> Draft:
    """Σ over the window and the channels of its group, + bias, + residual."""
    x, w, bias, residual, win, groups, _ = step.args
    (n, oy, ox, o), (KH, KW, CG, O) = at, w.shape
    first = o // (O // groups) * CG
    rows, columns = _taps(win, KH, KW, oy, ox)
    index, inside = _block(x.shape, n, rows, columns, np.arange(first, first + CG))
    patch = terms(step, 0, index, step.array(1)[:, :, :, o], inside=inside, layout=(KH, KW, CG))
    further = () if residual is None else (at_same_place(step, 3, at),)
    return Draft("weighted", (patch, *further), _bias(step, o, bias is not None))


def transposed(step: Step, at: Index) -> Draft:
    """Σ over the pixels that hand something to this place, through the tap that meets it, + bias.

    Row iy meets row oy by tap ky where iy · stride = oy + padding - ky · dilation. In `layout` stand the taps that meet
    whole rows and columns.
    """
    x, w, bias, _, win, groups, _ = step.args
    (n, oy, ox, o), (KH, KW, OG, C) = at, w.shape
    each = C // groups
    first = o // OG * each
    ky, rows = _meeting(oy, KH, win.stride_h, win.pad_top, win.dilation_h)
    kx, columns = _meeting(ox, KW, win.stride_w, win.pad_left, win.dilation_w)
    channels = np.arange(first, first + each)
    index, inside = _block(x.shape, n, rows, columns, channels)
    weights = step.array(1)[np.ix_(ky, kx, [o % OG], channels)]
    patch = terms(step, 0, index, weights, inside=inside, layout=(len(ky), len(kx), each))
    return Draft("weighted", (patch,), _bias(step, o, bias is not None))


def max_pool(step: Step, at: Index) -> Draft:
    """The greatest under the window; padding never wins."""
    x, kernel, win = step.args
    n, oy, ox, c = at
    rows, columns = _taps(win, kernel[0], kernel[1], oy, ox)
    index, inside = _block(x.shape, n, rows, columns, np.array([c]))
    return greatest(step, index, inside, (*kernel, 1))


def average_pool(step: Step, at: Index) -> Draft:
    """Σ / count, where zeros of the padding may count or not."""
    x, kernel, win, count_padding = step.args
    n, oy, ox, c = at
    rows, columns = _taps(win, kernel[0], kernel[1], oy, ox)
    index, inside = _block(x.shape, n, rows, columns, np.array([c]))
    count = len(index) if count_padding else max(1, int(inside.sum()))
    return Draft("weighted", (terms(step, 0, index, 1 / count, inside=inside, layout=(*kernel, 1)),))


def adaptive_max(step: Step, at: Index) -> Draft:
    index, layout = _bin(step, at)
    return greatest(step, index, np.ones(len(index), bool), layout)


def adaptive_average(step: Step, at: Index) -> Draft:
    index, layout = _bin(step, at)
    return Draft("weighted", (terms(step, 0, index, 1 / len(index), layout=layout),))


def greatest(step: Step, index: Places, inside: npt.NDArray[np.bool_], layout: tuple[int, ...]) -> Draft:
    """The first of the greatest that are there."""
    among = terms(step, 0, index, inside=inside, layout=layout)
    winner = int(np.argmax(np.where(inside, among.values, -np.inf)))
    return Draft("greatest", (among,), winner=winner)


def _taps(win: Window, KH: int, KW: int, oy: int, ox: int) -> tuple[Places, Places]:
    """The rows and columns under a window; some may be outside."""
    return (
        oy * win.stride_h - win.pad_top + np.arange(KH) * win.dilation_h,
        ox * win.stride_w - win.pad_left + np.arange(KW) * win.dilation_w,
    )


def _meeting(o: int, taps: int, stride: int, before: int, dilation: int) -> tuple[Places, Places]:
    """(the taps that meet a whole row, these rows)."""
    k = np.arange(taps)
    rows, over = np.divmod(o + before - k * dilation, stride)
    return k[over == 0], rows[over == 0]


def _block(
    shape: tuple[int, ...], n: int, rows: Places, columns: Places, channels: Places
) -> tuple[Places, npt.NDArray[np.bool_]]:
    """((m, 4) all of their places, row by row; (m,) which of them are within a map of this shape)."""
    grid = np.meshgrid([n], rows, columns, channels, indexing="ij")
    index = np.stack(grid, axis=-1).reshape(-1, 4)
    inside = (index[:, 1] >= 0) & (index[:, 1] < shape[1]) & (index[:, 2] >= 0) & (index[:, 2] < shape[2])
    return index, inside


def _bin(step: Step, at: Index) -> tuple[Places, tuple[int, ...]]:
    x, size = step.args
    n, oy, ox, c = at
    (top, bottom), (left, right) = bin_range(oy, x.shape[1], size[0]), bin_range(ox, x.shape[2], size[1])
    index, _ = _block(x.shape, n, np.arange(top, bottom), np.arange(left, right), np.array([c]))
    return index, (bottom - top, right - left, 1)


def _bias(step: Step, o: int, there: bool) -> dict[str, float]:
    return {"bias": number(step.args[2], o)} if there else {}
