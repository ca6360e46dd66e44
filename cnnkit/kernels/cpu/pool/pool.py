"""Pools: shapes, tables and buffers for the kernels beside it."""

from typing import Any

import numpy as np

from cnnkit.kernels.cpu.machine.buffers import contiguous, flat, pixels, result
from cnnkit.kernels.cpu.pool.avg import avg_pool_dx_kernel, avg_pool_kernel
from cnnkit.kernels.cpu.pool.greatest import greatest_kernel
from cnnkit.kernels.cpu.pool.links import Tables, adaptive_tables, window_tables
from cnnkit.kernels.cpu.pool.max import max_pool_dx_kernel, max_pool_kernel
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.geometry import Window, output_hw
from cnnkit.kernels.shared.out import Outs, outs
from cnnkit.kernels.shared.pooling import arg_dtype
from cnnkit.kernels.shared.scalar import IDENTITY, Activation

# Floats that a task reads or writes: large enough to hide what taking a task costs, small enough to share evenly.
TASK_FLOATS = 16384
HALVE = Window(2, 2)


def max_pool2d(
    x: Host, kernel: tuple[int, int], win: Window, *, needs_arg: bool = True, out: Outs | None = None
) -> tuple[Host, Host | None]:
    """The greatest pixel of each window, and where asked for which tap saw it; see the reference."""
    size, tables = output_hw(x.shape, kernel, win), window_tables(x.shape, kernel, win, "windows", "tap")
    halves = _halves(kernel, win)
    if not needs_arg and not halves:
        return _greatest(x, size, tables, out), None
    y, arg = _max(x, size, tables, arg_dtype(kernel), halves, out)
    return y, arg if needs_arg else None


def max_pool2d_dx(
    dy: Host,
    arg: Host,
    x_shape: tuple[int, ...],
    kernel: tuple[int, int],
    win: Window,
    *,
    y: Host | None = None,
    activation: Activation = IDENTITY,
    out: Host | None = None,
) -> Host:
    """Each dy, times act'(y) where the pool's result y is given, goes to the pixel that won its window."""
    tables, doubles = window_tables(x_shape, kernel, win, "pixels", "tap"), _doubles(x_shape, kernel, win)
    return _max_dx(dy, arg, x_shape, tables, doubles, y, activation, out)


def avg_pool2d(
    x: Host, kernel: tuple[int, int], win: Window, *, count_padding: bool = True, out: Host | None = None
) -> Host:
    """The mean of each window: of all KH·KW taps, or of those inside the image alone."""
    divisor = kernel[0] * kernel[1] if count_padding else 0
    size, tables = output_hw(x.shape, kernel, win), window_tables(x.shape, kernel, win, "windows", "count")
    return _avg(x, size, tables, divisor, _halves(kernel, win), out)


def avg_pool2d_dx(
    dy: Host,
    x_shape: tuple[int, ...],
    kernel: tuple[int, int],
    win: Window,
    *,
    count_padding: bool = True,
    out: Host | None = None,
) -> Host:
    """Each dy is shared equally among the taps of its window."""
    divisor = kernel[0] * kernel[1] if count_padding else 0
    tables, doubles = window_tables(x_shape, kernel, win, "pixels", "count"), _doubles(x_shape, kernel, win)
    return _avg_dx(dy, x_shape, tables, divisor, doubles, out)


def adaptive_avg_pool2d(x: Host, size: tuple[int, int], *, out: Host | None = None) -> Host:
    """The mean of each of size[0]·size[1] bins that cover the image."""
    return _avg(x, size, adaptive_tables(x.shape, size, "windows", "count"), 0, False, out)


def adaptive_avg_pool2d_dx(dy: Host, x_shape: tuple[int, ...], *, out: Host | None = None) -> Host:
    """Each dy is shared equally among the pixels of its bin."""
    return _avg_dx(dy, x_shape, adaptive_tables(x_shape, dy.shape[1:3], "pixels", "count"), 0, False, out)


def adaptive_max_pool2d(
    x: Host, size: tuple[int, int], *, needs_arg: bool = True, out: Outs | None = None
) -> tuple[Host, Host | None]:
    """The greatest pixel of each bin, and where asked for its place iy·W + ix (int32)."""
    tables = adaptive_tables(x.shape, size, "windows", "tap")
    if not needs_arg:
        return _greatest(x, size, tables, out), None
    return _max(x, size, tables, np.int32, False, out)


def adaptive_max_pool2d_dx(
    dy: Host,
    arg: Host,
    x_shape: tuple[int, ...],
    *,
    y: Host | None = None,
    activation: Activation = IDENTITY,
    out: Host | None = None,
) -> Host:
    """Each dy, times act'(y) where the pool's result y is given, goes to the pixel that won its bin."""
    return _max_dx(
        dy, arg, x_shape, adaptive_tables(x_shape, dy.shape[1:3], "pixels", "tap"), False, y, activation, out
    )


def _max(
    x: Host, size: tuple[int, int], tables: Tables, winners: type[Any], halves: bool, out: Outs | None
) -> tuple[Host, Host]:
    N, H, W, C = x.shape
    into, into_arg = outs(out, 2)
    y, arg = result((N, *size, C), into), result((N, *size, C), into_arg, winners)
    floats, step = pixels(x)
    sizes = (N * size[0], *size, H, W, C, step)
    max_pool_kernel(
        floats, y.reshape(-1), arg.reshape(-1), *tables, sizes, _rows_per_task(x.size // max(N * size[0], 1)), halves
    )
    return y, arg


def _greatest(x: Host, size: tuple[int, int], tables: Tables, out: Outs | None) -> Host:
    N, H, W, C = x.shape
    y = result((N, *size, C), outs(out, 2)[0])
    per_task = _rows_per_task(x.size // max(N * size[0], 1))
    floats, step = pixels(x)
    greatest_kernel(floats, y.reshape(-1), *tables, (N * size[0], *size, H, W, C, step), per_task)
    return y


def _max_dx(
    dy: Host,
    arg: Host,
    x_shape: tuple[int, ...],
    tables: Tables,
    doubles: bool,
    y: Host | None,
    activation: Activation,
    out: Host | None,
) -> Host:
    N, H, W, C = x_shape
    dx = result(x_shape, out)
    sizes = (N * H, H, W, dy.shape[1], dy.shape[2], C)
    source = flat(dy)
    max_pool_dx_kernel(
        source,
        source if y is None else flat(y),
        contiguous(arg, arg.dtype).reshape(-1),
        dx.reshape(-1),
        *tables,
        sizes,
        _rows_per_task(W * C),
        doubles,
        activation.kind if y is not None else IDENTITY.kind,
        np.float32(activation.slope),
    )
    return dx


def _avg(x: Host, size: tuple[int, int], tables: Tables, divisor: int, halves: bool, out: Host | None) -> Host:
    N, H, W, C = x.shape
    y = result((N, *size, C), out)
    avg_pool_kernel(
        flat(x),
        y.reshape(-1),
        *tables,
        (N * size[0], *size, H, W, C),
        divisor,
        _rows_per_task(x.size // max(N * size[0], 1)),
        halves,
    )
    return y


def _avg_dx(dy: Host, x_shape: tuple[int, ...], tables: Tables, divisor: int, doubles: bool, out: Host | None) -> Host:
    N, H, W, C = x_shape
    dx = result(x_shape, out)
    sizes = (N * H, H, W, dy.shape[1], dy.shape[2], C)
    avg_pool_dx_kernel(flat(dy), dx.reshape(-1), *tables, sizes, divisor, _rows_per_task(W * C), doubles)
    return dx


def _halves(kernel: tuple[int, int], win: Window) -> bool:
    """Whether windows of 2x2 lie side by side, as most networks have them: these have kernels of their own."""
    return tuple(kernel) == (2, 2) and win == HALVE


def _doubles(x_shape: tuple[int, ...], kernel: tuple[int, int], win: Window) -> bool:
    """The same on the way back, where no pixel may be left over."""
    return _halves(kernel, win) and x_shape[1] % 2 == 0 and x_shape[2] % 2 == 0


def _rows_per_task(floats_per_row: int) -> int:
    return max(1, TASK_FLOATS // max(floats_per_row, 1))
