"""Which pixels meet which windows along one axis of a pool, as a small table: every kind of pool is one kernel then.

A table has one row per position: `table[o] = (links, other, code, other, code, ...)`. Read from the windows' side,
`other` is a pixel of the window; read from the pixels' side, it is a window that holds the pixel.
Padding, strides and dilation are settled here, once per shape: a kernel meets only pixels that exist.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.geometry import Window, output_hw
from cnnkit.kernels.shared.pooling import bin_range


class Tables(NamedTuple):
    """The tables of rows and of columns."""

    rows: Host
    cols: Host


class Link(NamedTuple):
    """Window `o` sees pixel `i` through tap `code`."""

    o: int
    i: int
    code: int


@lru_cache(maxsize=256)
def window_tables(x_shape: tuple[int, ...], kernel: tuple[int, int], win: Window, seen_from: str, code: str) -> Tables:
    """Tables of a sliding window, seen from "windows" or "pixels"; `code` is the "tap" or the "count" of pixels."""
    OH, OW = output_hw(x_shape, kernel, win)
    rows = _taps(x_shape[1], OH, kernel[0], win.stride_h, win.pad_top, win.dilation_h, kernel[1])
    cols = _taps(x_shape[2], OW, kernel[1], win.stride_w, win.pad_left, win.dilation_w, 1)
    return _tables(x_shape, (OH, OW), tuple(rows), tuple(cols), seen_from, code)


@lru_cache(maxsize=256)
def adaptive_tables(x_shape: tuple[int, ...], size: tuple[int, int], seen_from: str, code: str) -> Tables:
    """Tables of the bins of an adaptive pool; the tap is the place of the pixel in the image."""
    rows, cols = _bins(x_shape[1], size[0], x_shape[2]), _bins(x_shape[2], size[1], 1)
    return _tables(x_shape, size, tuple(rows), tuple(cols), seen_from, code)


def _taps(size: int, windows: int, taps: int, stride: int, before: int, dilation: int, step: int) -> Iterator[Link]:
    for o in range(windows):
        for k in range(taps):
            i = o * stride - before + k * dilation
            if 0 <= i < size:
                yield Link(o, i, k * step)


def _bins(size: int, bins: int, step: int) -> Iterator[Link]:
    for o in range(bins):
        for i in range(*bin_range(o, size, bins)):
            yield Link(o, i, i * step)


def _tables(
    x_shape: tuple[int, ...],
    size: tuple[int, int],
    rows: tuple[Link, ...],
    cols: tuple[Link, ...],
    seen_from: str,
    code: str,
) -> Tables:
    if code == "count":
        rows, cols = _with_counts(rows), _with_counts(cols)
    if seen_from == "windows":
        return Tables(_table(size[0], rows), _table(size[1], cols))
    return Tables(_table(x_shape[1], _turned(rows)), _table(x_shape[2], _turned(cols)))


def _with_counts(links: tuple[Link, ...]) -> tuple[Link, ...]:
    """The links with the number of pixels in the window in place of the tap."""
    counts: dict[int, int] = {}
    for link in links:
        counts[link.o] = counts.get(link.o, 0) + 1
    return tuple(link._replace(code=counts[link.o]) for link in links)


def _turned(links: tuple[Link, ...]) -> Iterator[Link]:
    return (Link(link.i, link.o, link.code) for link in links)


def _table(size: int, links: Iterable[Link]) -> Host:
    rows: list[list[int]] = [[] for _ in range(size)]
    for link in links:
        rows[link.o] += [link.i, link.code]
    # Room for one link at least: kernels look at the first before they know that there is one.
    table = np.zeros((size, 1 + max([2, *map(len, rows)])), np.int64)
    for row, entries in zip(table, rows, strict=True):
        row[0] = len(entries) // 2
        row[1 : 1 + len(entries)] = entries
    return table
