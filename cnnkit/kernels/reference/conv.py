"""Convolution as CNN papers mean it, its two gradients, the first of them as a layer, and what may follow each sum.

Loops run over lists of Python floats: the same doubles in the same order as in arrays, in a fifth of the time.
"""

from collections.abc import Iterator

import numpy as np

from cnnkit.kernels.reference.elementwise.activation import activate, activate_dx
from cnnkit.kernels.reference.store import deliver
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.geometry import Window, conv2d_output_shape, input_col, input_row
from cnnkit.kernels.shared.out import Outs, outs
from cnnkit.kernels.shared.scalar import IDENTITY, Activation


def conv2d(
    x: Host,
    w: Host,
    win: Window,
    groups: int = 1,
    *,
    bias: Host | None = None,
    activation: Activation = IDENTITY,
    residual: Host | None = None,
    out: Host | None = None,
) -> Host:
    """Slide every filter over every image and sum the products (a cross-correlation, as CNN papers mean it).

    y[n, oy, ox, o] = Σ ky, kx, c  x[n, iy, ix, c0 + c] · w[ky, kx, c, o],   zero outside the image,
    iy = oy·stride_h - pad_top + ky·dilation_h  (ix likewise),   c0 = first channel of the group of o.

    Args:
        x: (N, H, W, C).
        w: (KH, KW, C / groups, O), one filter per output channel; or what `pack` made of them.
        win: how the filter slides.
        groups: independent channel groups; `groups=C` is a depthwise convolution.
        bias, residual, activation: what is done to each sum before it is stored (the epilogue).
        out: where to store, a new buffer if None.

    Returns:
        (N, OH, OW, O) float64: a definition does not round.

    Cost: N·OH·OW · KH·KW·(C/groups)·O multiply-adds.
    Source: Dumoulin & Visin 2016, arXiv:1603.07285, chapter 2.
    """
    y = np.zeros(conv2d_output_shape(x.shape, w.shape, win))
    images, filters, first = x.tolist(), w.tolist(), _first_channels(w.shape, groups)
    for n, oy, ox, iy, ix, ky, kx in _taps(x.shape, y.shape, w.shape, win):
        pixel, tap = images[n][iy][ix], filters[ky][kx]
        for o, c0 in enumerate(first):
            y[n, oy, ox, o] += sum(pixel[c0 + c] * tap[c][o] for c in range(w.shape[2]))
    return deliver(epilogue(y, bias, residual, activation), out, channels=True)


def conv2d_dx(
    dy: Host,
    w: Host,
    x_shape: tuple[int, ...],
    win: Window,
    groups: int = 1,
    *,
    x: Host | None = None,
    activation: Activation = IDENTITY,
    others: Host | None = None,
    out: Host | None = None,
) -> Host:
    """The gradient by the images: each product of the forward sum hands dy · w back to its pixel.

    dx[n, iy, ix, c0 + c] = Σ over the (oy, ox, ky, kx, o) that read that pixel  dy[n, oy, ox, o] · w[ky, kx, c, o]
    Where x = act(z) is given, the result is the gradient by z, dx · act'(x). `others`, of the shape of x, is added to
    the result: the gradient from those who read x too.
    """
    sums = np.zeros(x_shape).tolist()
    gradients, filters, first = dy.tolist(), w.tolist(), _first_channels(w.shape, groups)
    for n, oy, ox, iy, ix, ky, kx in _taps(x_shape, dy.shape, w.shape, win):
        pixel, tap, gradient = sums[n][iy][ix], filters[ky][kx], gradients[n][oy][ox]
        for o, c0 in enumerate(first):
            for c in range(w.shape[2]):
                pixel[c0 + c] += gradient[o] * tap[c][o]
    dx = np.array(sums, np.float64).reshape(x_shape)
    dz = dx if x is None else activate_dx(dx, x, activation)
    return deliver(dz if others is None else dz + others, out)


def conv_transpose2d(
    x: Host,
    w: Host,
    y_shape: tuple[int, ...],
    win: Window,
    groups: int = 1,
    *,
    bias: Host | None = None,
    activation: Activation = IDENTITY,
    out: Host | None = None,
) -> Host:
    """The way of a gradient, taken forward: each pixel of x hands its products with w to a window of y.

    y[n, iy, ix, o0 + o] = Σ over the (oy, ox, ky, kx, c) whose tap meets that pixel  x[n, oy, ox, c] · w[ky, kx, o, c]

    That is conv2d_dx with the roles changed, and an epilogue at its end. With v = conv2d(y, w), for which y is the
    image and x has the shape of the result:

        forward   y = act(conv2d_dx(x, w) + bias)
        dx        conv2d(dz, w): x is a linear function's operand, and conv2d is that function turned round
        dw        conv2d_dw(x, dz): x stands where the gradient by the result stood, dz where the image did
        db        the sums of dz over all axes but the last

    Args:
        x: (N, H, W, C).
        w: (KH, KW, O / groups, C), the filters of a conv2d from O channels to C; or what `pack` made of them.
        y_shape: (N, OH, OW, O), of which conv2d with `win` would make (N, H, W, C).
        win: how the filter of that conv2d slides over y.
        bias, activation: what is done to each sum before it is stored.

    Source: Dumoulin & Visin 2016, arXiv:1603.07285, chapter 4.
    """
    y = conv2d_dx(x, w, y_shape, win, groups)
    return deliver(epilogue(y, bias, None, activation), out, channels=True)


def conv2d_dw(
    dy: Host,
    x: Host,
    w_shape: tuple[int, ...],
    win: Window,
    groups: int = 1,
    *,
    needs_db: bool = False,
    out: Outs | None = None,
) -> tuple[Host, Host | None]:
    """The gradient by the filters: dw[ky, kx, c, o] = Σ n, oy, ox  dy[n, oy, ox, o] · x[n, iy, ix, c0 + c].

    Returns:
        dw, and where `needs_db` says so db (O,), the gradient by the bias (else None): the sums of dy over all axes but
        the last, which a kernel that reads dy anyway has for nothing.
    """
    into, into_db = outs(out, 2)
    sums = np.zeros(w_shape).tolist()
    gradients, images, first = dy.tolist(), x.tolist(), _first_channels(w_shape, groups)
    for n, oy, ox, iy, ix, ky, kx in _taps(x.shape, dy.shape, w_shape, win):
        tap, pixel, gradient = sums[ky][kx], images[n][iy][ix], gradients[n][oy][ox]
        for o, c0 in enumerate(first):
            for c in range(w_shape[2]):
                tap[c][o] += gradient[o] * pixel[c0 + c]
    dw = np.array(sums, np.float64).reshape(w_shape)
    return deliver(dw, into), deliver(dy.sum(axis=(0, 1, 2), dtype=np.float64), into_db) if needs_db else None


def conv2d_dx_dw(
    dy: Host,
    w: Host,
    x: Host,
    win: Window,
    groups: int = 1,
    *,
    activation: Activation = IDENTITY,
    others: Host | None = None,
    needs_db: bool = False,
    out: Outs | None = None,
) -> tuple[Host, Host, Host | None]:
    """Both gradients of one convolution, dx and (dw, db), for which a kernel need not read dy and x twice.

    activation: of which x is the output; dx is then the gradient before it, as by `conv2d_dx`.
    """
    into, into_dw, into_db = outs(out, 3)
    gate = None if activation == IDENTITY else x
    dx = conv2d_dx(dy, w, x.shape, win, groups, x=gate, activation=activation, others=others, out=into)
    return dx, *conv2d_dw(dy, x, w.shape, win, groups, needs_db=needs_db, out=(into_dw, into_db))


def pack(w: Host, groups: int = 1, *, keep: bool = True) -> Host:
    """What the kernels above but conv2d_dw take in place of w, sooner where it is used often: here w itself.

    Nobody else looks into it. It may hold w, so w must not be written to as long as it is in use.

    keep: with False, of many filters w need not be held beside what it was made into; `unpack` has it again.
    """
    return w


def unpack(filters: Host) -> Host:
    """The filters (KH, KW, C / groups, O) that `pack` was given: w itself if it is still held, else the same bits."""
    return filters


def epilogue(y: Host, bias: Host | None, residual: Host | None, activation: Activation) -> Host:
    """+ bias, + residual, then the activation."""
    if bias is not None:
        y = y + bias.astype(np.float64)
    if residual is not None:
        y = y + residual.astype(np.float64)
    return activate(y, activation)


def _first_channels(w_shape: tuple[int, ...], groups: int) -> list[int]:
    """The first channel of each output's group."""
    return [o // (w_shape[3] // groups) * w_shape[2] for o in range(w_shape[3])]


def _taps(
    x_shape: tuple[int, ...], y_shape: tuple[int, ...], w_shape: tuple[int, ...], win: Window
) -> Iterator[tuple[int, ...]]:
    """(n, oy, ox, iy, ix, ky, kx) of every tap that meets a pixel of the image."""
    N, OH, OW, _ = y_shape
    rows = [[input_row(oy, ky, win) for ky in range(w_shape[0])] for oy in range(OH)]
    cols = [[input_col(ox, kx, win) for kx in range(w_shape[1])] for ox in range(OW)]
    for n, oy, ox, ky, kx in np.ndindex(N, OH, OW, w_shape[0], w_shape[1]):
        iy, ix = rows[oy][ky], cols[ox][kx]
        if 0 <= iy < x_shape[1] and 0 <= ix < x_shape[2]:
            yield n, oy, ox, iy, ix, ky, kx
