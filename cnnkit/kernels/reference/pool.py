"""Pooling, defined: one number from each window of an image, channel by channel."""

from collections.abc import Iterator

import numpy as np

from cnnkit.kernels.reference.elementwise.activation import activate_dx
from cnnkit.kernels.reference.store import deliver
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.geometry import Window, input_col, input_row, output_hw
from cnnkit.kernels.shared.out import Outs, outs
from cnnkit.kernels.shared.pooling import NO_TAP, arg_dtype, bin_range
from cnnkit.kernels.shared.scalar import IDENTITY, Activation


def max_pool2d(
    x: Host, kernel: tuple[int, int], win: Window, *, needs_arg: bool = True, out: Outs | None = None
) -> tuple[Host, Host | None]:
    """The greatest pixel of each window, and which tap saw it.

    y[n, oy, ox, c] = max over the taps (ky, kx) inside the image of x[n, iy, ix, c];   arg = ky·KW + kx

    The first of equal maxima wins, NaN wins over every number, padding never wins: a window that lies wholly in it
    gives -inf and the tap "none" (255, or -1 in int32).

    Args:
        x: (N, H, W, C).
        kernel: (KH, KW).
        win: how the window slides.

    Returns:
        y (N, OH, OW, C), arg of the same shape: uint8 where KH·KW <= 255, else int32. Without `needs_arg` it is None.
    """
    N, _, _, C = x.shape
    OH, OW = output_hw(x.shape, kernel, win)
    y = np.full((N, OH, OW, C), -np.inf)
    arg = np.full(y.shape, NO_TAP, np.int64)
    for oy, ox, tap, iy, ix in _taps(x.shape, kernel, win):
        for n, c in np.ndindex(N, C):
            value, best = x[n, iy, ix, c], y[n, oy, ox, c]
            if arg[n, oy, ox, c] == NO_TAP or value > best or (np.isnan(value) and not np.isnan(best)):
                y[n, oy, ox, c], arg[n, oy, ox, c] = value, tap
    into, into_arg = outs(out, 2)
    return deliver(y, into), deliver(arg.astype(arg_dtype(kernel)), into_arg) if needs_arg else None


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
    """Each dy goes to the pixel that won its window; windows that overlap add up.

    Where x = act(z), its winners are the values of the pool's result y: with y given, the result is the gradient by z.
    """
    dy = dy if y is None else activate_dx(dy, y, activation)
    dx = np.zeros(x_shape)
    for oy, ox, tap, iy, ix in _taps(x_shape, kernel, win):
        for n, c in np.ndindex(x_shape[0], x_shape[3]):
            if arg[n, oy, ox, c] == tap:
                dx[n, iy, ix, c] += dy[n, oy, ox, c]
    return deliver(dx, out)


def avg_pool2d(
    x: Host, kernel: tuple[int, int], win: Window, *, count_padding: bool = True, out: Host | None = None
) -> Host:
    """The mean of each window: of all KH·KW taps with zeros outside the image, or of those inside alone (0 if none)."""
    OH, OW = output_hw(x.shape, kernel, win)
    y = np.zeros((x.shape[0], OH, OW, x.shape[3]))
    counts = _counts(x.shape, kernel, win, count_padding)
    for oy, ox, _, iy, ix in _taps(x.shape, kernel, win):
        y[:, oy, ox] += x[:, iy, ix].astype(np.float64) / counts[oy, ox]
    return deliver(y, out)


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
    dx = np.zeros(x_shape)
    counts = _counts(x_shape, kernel, win, count_padding)
    for oy, ox, _, iy, ix in _taps(x_shape, kernel, win):
        dx[:, iy, ix] += dy[:, oy, ox].astype(np.float64) / counts[oy, ox]
    return deliver(dx, out)


def adaptive_avg_pool2d(x: Host, size: tuple[int, int], *, out: Host | None = None) -> Host:
    """The mean of each of size[0]·size[1] bins that cover the image; size (1, 1) is global pooling.

    Bin oy holds the rows floor(oy·H / OH) to ceil((oy + 1)·H / OH) - 1, columns alike: neighbours may share a row.
    """
    y = np.zeros((x.shape[0], *size, x.shape[3]))
    for oy, ox, rows, cols in _bins(x.shape, size):
        for iy in rows:
            for ix in cols:
                y[:, oy, ox] += x[:, iy, ix].astype(np.float64) / (len(rows) * len(cols))
    return deliver(y, out)


def adaptive_avg_pool2d_dx(dy: Host, x_shape: tuple[int, ...], *, out: Host | None = None) -> Host:
    """Each dy is shared equally among the pixels of its bin."""
    dx = np.zeros(x_shape)
    for oy, ox, rows, cols in _bins(x_shape, (dy.shape[1], dy.shape[2])):
        for iy in rows:
            for ix in cols:
                dx[:, iy, ix] += dy[:, oy, ox].astype(np.float64) / (len(rows) * len(cols))
    return deliver(dx, out)


def adaptive_max_pool2d(
    x: Host, size: tuple[int, int], *, needs_arg: bool = True, out: Outs | None = None
) -> tuple[Host, Host | None]:
    """The greatest pixel of each bin (see `adaptive_avg_pool2d`), and with `needs_arg` its place iy·W + ix (int32)."""
    N, _, W, C = x.shape
    y = np.full((N, *size, C), -np.inf)
    arg = np.full(y.shape, NO_TAP, np.int32)
    for oy, ox, rows, cols in _bins(x.shape, size):
        for n, c, iy, ix in ((n, c, iy, ix) for n, c in np.ndindex(N, C) for iy in rows for ix in cols):
            value, best = x[n, iy, ix, c], y[n, oy, ox, c]
            if arg[n, oy, ox, c] == NO_TAP or value > best or (np.isnan(value) and not np.isnan(best)):
                y[n, oy, ox, c], arg[n, oy, ox, c] = value, iy * W + ix
    into, into_arg = outs(out, 2)
    return deliver(y, into), deliver(arg, into_arg) if needs_arg else None


def adaptive_max_pool2d_dx(
    dy: Host,
    arg: Host,
    x_shape: tuple[int, ...],
    *,
    y: Host | None = None,
    activation: Activation = IDENTITY,
    out: Host | None = None,
) -> Host:
    """Each dy goes to the pixel that won its bin; bins that share a pixel add up. For y see `max_pool2d_dx`."""
    dy = dy if y is None else activate_dx(dy, y, activation)
    dx = np.zeros(x_shape)
    for n, oy, ox, c in np.ndindex(*dy.shape):
        place = arg[n, oy, ox, c]
        if place != NO_TAP:
            dx[n, place // x_shape[2], place % x_shape[2], c] += dy[n, oy, ox, c]
    return deliver(dx, out)


def _taps(x_shape: tuple[int, ...], kernel: tuple[int, int], win: Window) -> Iterator[tuple[int, int, int, int, int]]:
    """(oy, ox, ky·KW + kx, iy, ix) of every tap inside the image, the taps of one window in order."""
    KH, KW = kernel
    for oy, ox, ky, kx in np.ndindex(*output_hw(x_shape, kernel, win), KH, KW):
        iy, ix = input_row(oy, ky, win), input_col(ox, kx, win)
        if 0 <= iy < x_shape[1] and 0 <= ix < x_shape[2]:
            yield oy, ox, ky * KW + kx, iy, ix


def _counts(x_shape: tuple[int, ...], kernel: tuple[int, int], win: Window, count_padding: bool) -> Host:
    """(OH, OW): what the sum over each window is divided by."""
    if count_padding:
        return np.full(output_hw(x_shape, kernel, win), kernel[0] * kernel[1])
    counts = np.zeros(output_hw(x_shape, kernel, win), np.int64)
    for oy, ox, _, _, _ in _taps(x_shape, kernel, win):
        counts[oy, ox] += 1
    return counts


def _bins(x_shape: tuple[int, ...], size: tuple[int, int]) -> Iterator[tuple[int, int, range, range]]:
    for oy, ox in np.ndindex(*size):
        yield oy, ox, range(*bin_range(oy, x_shape[1], size[0])), range(*bin_range(ox, x_shape[2], size[1]))
