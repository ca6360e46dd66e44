"""Where a direct convolution reads and writes: every case as one gather.

    y[writes[p] + o] = Σ t, k  x[reads[p] + taps[t] + k] · w[t, k, o]        k < run

Stride, dilation, padding and flipping live in the tables alone. The gradient by the images is a gather too: with
stride 1 the taps run backwards; with stride s each residue of the pixel modulo s meets its own taps ("phases").
Where a tap leaves the image, the source is a copy with a border of zeros. Filters that are spread over much of the
image often meet nothing else: then outputs fall into bands that meet the same taps, and those alone are summed.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from cnnkit.kernels.cpu.conv.schedule import images_together, skip_border, split_border
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.geometry import Window, output_hw


class Axis(NamedTuple):
    """One axis: output `outs[i]` starts at source `starts[i]`, and its tap `taps[j]` lies `offsets[j]` further on."""

    outs: tuple[int, ...]
    starts: tuple[int, ...]
    taps: tuple[int, ...]
    offsets: tuple[int, ...]


class Phase(NamedTuple):
    """The tables of one gather, for `together` images."""

    reads: Host
    writes: Host
    taps: Host
    run: int
    picked: Host  # number ky·KW + kx of each tap, in the order in which filters are to be packed


@dataclass(frozen=True, eq=False)  # one gather equals itself alone, so that plans can be kept for it
class Gather:
    """All phases of a convolution, and the zeros (top, bottom, left, right) its source needs around it.

    step: floats from one pixel of the target to the next.
    """

    border: tuple[int, int, int, int]
    together: int
    step: int
    phases: tuple[Phase, ...]
    picked: Host  # of all phases, one after the other


@lru_cache(maxsize=128)
def forward_gather(
    x_shape: tuple[int, ...],
    w_shape: tuple[int, ...],
    win: Window,
    groups: int,
    skip: bool = False,
    lasting: bool = False,
    step: int | None = None,
) -> Gather:
    """Pixels of y from pixels of x.

    skip: whether taps that meet nothing but border may be left out.   lasting: of filters that are for many calls.
    step: floats from one pixel of y to the next, if they are not y's channels.
    """
    OH, OW = output_hw(x_shape, (w_shape[0], w_shape[1]), win)
    rows = [_forward_axis(OH, w_shape[0], win.stride_h, win.pad_top, win.dilation_h)]
    cols = [_forward_axis(OW, w_shape[1], win.stride_w, win.pad_left, win.dilation_w)]
    if skip and (skip_border(win, (OH, OW)) or (lasting and split_border(w_shape, win, groups, (OH, OW)))):
        rows, cols = _bands(rows, x_shape[1]), _bands(cols, x_shape[2])
    return _gather(x_shape, (OH, OW, step or w_shape[3]), rows, cols, w_shape[1], groups)


@lru_cache(maxsize=128)
def dx_gather(
    dy_shape: tuple[int, ...],
    w_shape: tuple[int, ...],
    x_shape: tuple[int, ...],
    win: Window,
    groups: int,
    step: int | None = None,
) -> Gather:
    """Pixels of dx from pixels of dy."""
    _, H, W, C = x_shape
    rows = _dx_axes(H, w_shape[0], win.stride_h, win.pad_top, win.dilation_h)
    cols = _dx_axes(W, w_shape[1], win.stride_w, win.pad_left, win.dilation_w)
    if skip_border(win, (H, W)):
        rows, cols = _bands(rows, dy_shape[1]), _bands(cols, dy_shape[2])
    return _gather(dy_shape, (H, W, step or C), rows, cols, w_shape[1], groups)


@lru_cache(maxsize=128)
def tap_gathers(x_shape: tuple[int, ...], w_shape: tuple[int, ...], win: Window, groups: int) -> tuple[Gather, ...]:
    """Of each tap by itself, those pixels of y for which it meets a pixel of x."""
    OH, OW = output_hw(x_shape, (w_shape[0], w_shape[1]), win)
    rows = _forward_axis(OH, w_shape[0], win.stride_h, win.pad_top, win.dilation_h)
    cols = _forward_axis(OW, w_shape[1], win.stride_w, win.pad_left, win.dilation_w)
    return tuple(
        _gather(x_shape, (OH, OW, w_shape[3]), [row], [col], w_shape[1], groups)
        for row in _each_tap(rows, x_shape[1])
        for col in _each_tap(cols, x_shape[2])
    )


def _each_tap(axis: Axis, size: int) -> list[Axis]:
    """An axis of its own for each tap, with the outputs for which it lies within `size` pixels."""
    found = []
    for tap, offset in zip(axis.taps, axis.offsets, strict=True):
        met = [i for i, start in enumerate(axis.starts) if 0 <= start + offset < size]
        outs, starts = (tuple(numbers[i] for i in met) for numbers in (axis.outs, axis.starts))
        found.append(Axis(outs, starts, (tap,), (offset,)))
    return found


def _forward_axis(outputs: int, kernel: int, stride: int, pad: int, dilation: int) -> Axis:
    starts = tuple(o * stride - pad for o in range(outputs))
    return Axis(tuple(range(outputs)), starts, tuple(range(kernel)), tuple(k * dilation for k in range(kernel)))


def _dx_axes(size: int, kernel: int, stride: int, pad: int, dilation: int) -> list[Axis]:
    """Output o read pixel i through tap k if o·stride - pad + k·dilation = i: one axis for each (i + pad) % stride.

    One that no pixel of a small image belongs to is there too, so that filters are laid out alike for any size.
    """
    axes = []
    for residue in range(stride):
        outs = tuple(i for i in range(size) if (i + pad) % stride == residue)
        taps = tuple(k for k in reversed(range(kernel)) if (k * dilation - residue) % stride == 0)
        starts = tuple((i + pad - residue) // stride for i in outs)
        axes.append(Axis(outs, starts, taps, tuple((residue - k * dilation) // stride for k in taps)))
    return axes


def _bands(axes: list[Axis], size: int) -> list[Axis]:
    """The same in pieces: outputs that meet the same taps within `size` pixels, and those taps."""
    pieces = []
    for outs, starts, taps, offsets in axes:
        met: dict[tuple[int, ...], list[int]] = {}
        for i, start in enumerate(starts):
            met.setdefault(tuple(j for j, o in enumerate(offsets) if 0 <= start + o < size), []).append(i)
        for kept, places in met.items():
            piece = (outs, places), (starts, places), (taps, kept), (offsets, kept)
            pieces.append(Axis(*(tuple(numbers[i] for i in chosen) for numbers, chosen in piece)))
    return pieces


def _gather(
    source: tuple[int, ...], target: tuple[int, int, int], rows: list[Axis], cols: list[Axis], KW: int, groups: int
) -> Gather:
    """target: rows, columns, and floats from one pixel to the next."""
    N, H, W, C = source
    top, bottom = _border(H, rows)
    left, right = _border(W, cols)
    width, image = W + left + right, (H + top + bottom) * (W + left + right) * C
    pixels = max((len(r.outs) * len(c.outs) for r in rows for c in cols), default=0)
    together = images_together(pixels, N)
    phases = []
    for r in rows:
        for c in cols:
            firsts = (np.array(r.starts, np.int64) + top) * width
            reads = _outer(np.add, firsts, np.array(c.starts, np.int64) + left) * C
            outs = _outer(np.add, np.array(r.outs, np.int64) * target[1], np.array(c.outs, np.int64))
            image_numbers = np.arange(together, dtype=np.int64)
            taps, run = _taps(r, c, width, C, groups)
            phases.append(
                Phase(
                    _outer(np.add, image_numbers * image, reads),
                    _outer(np.add, image_numbers * (target[0] * target[1] * target[2]), outs * target[2]),
                    taps,
                    run,
                    _outer(np.add, np.array(r.taps, np.int64) * KW, np.array(c.taps, np.int64)),
                )
            )
    picked = np.concatenate([phase.picked for phase in phases]) if phases else np.zeros(0, np.int64)
    return Gather((top, bottom, left, right), together, target[2], tuple(phases), picked)


def _border(size: int, axes: list[Axis]) -> tuple[int, int]:
    """Zeros needed before and after an axis of `size` pixels."""
    met = [axis for axis in axes if axis.outs and axis.taps]
    first = min((min(axis.starts) + min(axis.offsets) for axis in met), default=0)
    last = max((max(axis.starts) + max(axis.offsets) for axis in met), default=0)
    return max(0, -first), max(0, last - size + 1)


def _taps(rows: Axis, cols: Axis, width: int, C: int, groups: int) -> tuple[Host, int]:
    """(offset of each tap, floats read on from it): neighbouring taps of a row are one tap with a longer run."""
    row_offsets, col_offsets = np.array(rows.offsets, np.int64), np.array(cols.offsets, np.int64)
    if groups == 1 and len(col_offsets) and (np.diff(col_offsets) == 1).all():
        return (row_offsets * width + col_offsets[0]) * C, len(col_offsets) * C
    return _outer(np.add, row_offsets * width, col_offsets) * C, C // groups


def _outer(combine: np.ufunc, a: Host, b: Host) -> Host:
    """combine(a[i], b[j]) for all i, then all j, in one dimension."""
    return combine.outer(a, b).reshape(-1)
