"""Convolution, transposed too, and its gradients: picks schedule, tables and filters' form; direct/ and others sum."""

from typing import Any

import numpy as np

from cnnkit.kernels.cpu.conv import schedule
from cnnkit.kernels.cpu.conv.depthwise.back import depthwise_back
from cnnkit.kernels.cpu.conv.depthwise.dw import depthwise_dw
from cnnkit.kernels.cpu.conv.depthwise.flat import depthwise_flat
from cnnkit.kernels.cpu.conv.depthwise.rows import backwards, depthwise, depthwise_dx
from cnnkit.kernels.cpu.conv.direct.dw import direct_dw
from cnnkit.kernels.cpu.conv.direct.rows import direct_rows
from cnnkit.kernels.cpu.conv.direct.tile import direct
from cnnkit.kernels.cpu.conv.filters import Filters, taps_in_order
from cnnkit.kernels.cpu.conv.gather import dx_gather, forward_gather, tap_gathers
from cnnkit.kernels.cpu.conv.winograd.dw import winograd_dw
from cnnkit.kernels.cpu.conv.winograd.fresh import winograd_fresh
from cnnkit.kernels.cpu.conv.winograd.tiles import winograd
from cnnkit.kernels.cpu.elementwise.activation import activate_dx
from cnnkit.kernels.cpu.elementwise.pointwise import add
from cnnkit.kernels.cpu.machine import buffers
from cnnkit.kernels.cpu.machine.steps import by_numpy
from cnnkit.kernels.cpu.reduce import sum_over
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.geometry import Window, conv2d_output_shape
from cnnkit.kernels.shared.out import Outs, outs
from cnnkit.kernels.shared.scalar import IDENTITY, Activation


def conv2d(
    x: Host,
    w: Host | Filters,
    win: Window,
    groups: int = 1,
    *,
    bias: Host | None = None,
    activation: Activation = IDENTITY,
    residual: Host | None = None,
    out: Host | None = None,
) -> Host:
    """y = act(x convolved with w + bias + residual), (N, OH, OW, O). See reference/conv.py for what it means."""
    x, filters = buffers.contiguous(x), _filters(w, groups)
    y = buffers.result(conv2d_output_shape(x.shape, filters.shape, win), out, channels=True)
    separate = schedule.use_depthwise(x.shape[3], y.shape[3], groups)
    if not y.flags.c_contiguous and (separate or residual is not None):  # nobody writes these between others
        by_numpy(np.copyto, y, conv2d(x, w, win, groups, bias=bias, activation=activation, residual=residual))
        return y
    bias = None if bias is None else buffers.contiguous(bias)
    residual = None if residual is None else buffers.contiguous(residual)
    ends: Any = {"bias": bias, "residual": residual, "activation": activation}
    if schedule.use_winograd(x.shape[3], y.shape[3], filters.shape, win, groups, y.shape[1:3]):
        _winograd(x, filters, y, win, **ends)
        return y
    if separate:
        kernel = depthwise_flat if schedule.use_flat(x.shape[3], y.shape[2], win) and y.size else depthwise
        kernel(x, filters.w, y, win, **ends)
        return y
    if schedule.use_rows(x.shape, filters.shape, win, groups, y.shape):
        shape = schedule.rows_tile(y.shape[3])
        packed, w_step = filters.forward(taps_in_order(filters.shape), shape, y.size // y.shape[3])
        direct_rows(x, packed, y, filters.shape, win, shape, w_step, **ends)
        return y
    step = buffers.pixel_step(y)
    gather = forward_gather(x.shape, filters.shape, win, groups, skip=True, lasting=filters.lasting, step=step)
    pixels = y.size // max(y.shape[3], 1)
    shape = schedule.direct_tile(y.shape[3] // groups, pixels, filters.lasting)
    packed, w_step = filters.forward(gather.picked, shape, pixels)
    direct(x, packed, y, gather, shape, groups, w_step, **ends)
    return y


def conv2d_dx(
    dy: Host,
    w: Host | Filters,
    x_shape: tuple[int, ...],
    win: Window,
    groups: int = 1,
    *,
    x: Host | None = None,
    activation: Activation = IDENTITY,
    others: Host | None = None,
    out: Host | None = None,
) -> Host:
    """The gradient by the images, (N, H, W, C), times act'(x) where x is given, plus `others`."""
    dy, filters = buffers.contiguous(dy), _filters(w, groups)
    dx = buffers.result(x_shape, out)
    gate = None if x is None or activation == IDENTITY else buffers.contiguous(x)
    later, turned_shape = others, (*filters.shape[:2], dy.shape[3], x_shape[3])
    if schedule.use_winograd(dy.shape[3], x_shape[3], filters.shape, win, groups, x_shape[1:3]):
        ends: Any = {"gate": gate, "activation": activation}
        if gate is None and others is not None:
            ends, later = {"residual": buffers.contiguous(others)}, None
        _winograd(dy, filters, dx, win, back=True, **ends)
    elif schedule.use_depthwise(x_shape[3], dy.shape[3], groups):
        depthwise_dx(dy, filters.about_centre(), dx, win, gate=gate, activation=activation)
    elif schedule.one_row(filters.shape, win) and schedule.use_rows(dy.shape, turned_shape, win, groups, x_shape):
        shape = schedule.rows_tile(x_shape[3])
        turned = filters.turned(taps_in_order(filters.shape), shape)
        direct_rows(dy, turned, dx, turned_shape, win, shape, shape.block)
        dx = dx if gate is None else activate_dx(dx, gate, activation, out=dx)
    else:
        gather = dx_gather(dy.shape, filters.shape, tuple(x_shape), win, groups)
        shape = schedule.direct_tile(x_shape[3] // groups, dx.size // max(x_shape[3], 1))
        direct(dy, filters.turned(gather.picked, shape), dx, gather, shape, groups, shape.block)
        dx = dx if gate is None else activate_dx(dx, gate, activation, out=dx)
    return dx if later is None else add(dx, later, out=dx)


def conv_transpose2d(
    x: Host,
    w: Host | Filters,
    y_shape: tuple[int, ...],
    win: Window,
    groups: int = 1,
    *,
    bias: Host | None = None,
    activation: Activation = IDENTITY,
    out: Host | None = None,
) -> Host:
    """y = act(conv2d_dx(x, w) + bias), (N, OH, OW, O). See reference/conv.py for what it means."""
    x, filters = buffers.contiguous(x), _filters(w, groups)
    y = buffers.result(y_shape, out, channels=True)
    separate = schedule.use_depthwise(x.shape[3], y_shape[3], groups)
    if not y.flags.c_contiguous and separate:
        by_numpy(np.copyto, y, conv_transpose2d(x, w, y_shape, win, groups, bias=bias, activation=activation))
        return y
    ends: Any = {"bias": None if bias is None else buffers.contiguous(bias), "activation": activation}
    if schedule.use_winograd(x.shape[3], y_shape[3], filters.shape, win, groups, y_shape[1:3]):
        _winograd(x, filters, y, win, back=True, **ends)
    elif separate:
        depthwise_dx(x, filters.about_centre(), y, win, **ends)
    else:
        gather = dx_gather(x.shape, filters.shape, tuple(y_shape), win, groups, buffers.pixel_step(y))
        shape = schedule.direct_tile(y_shape[3] // groups, y.size // max(y_shape[3], 1))
        direct(x, filters.turned(gather.picked, shape), y, gather, shape, groups, shape.block, **ends)
    return y


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
    """The gradient by the filters, (KH, KW, C / groups, O), and where asked for that by the bias, (O,), else None."""
    dy, x = buffers.contiguous(dy), buffers.contiguous(x)
    into, into_db = outs(out, 2)
    dw, db = buffers.result(w_shape, into), buffers.result(w_shape[3:], into_db) if needs_db else None
    if dw.size == 0:  # no channels: only a bias is left to learn
        if db is not None:
            sum_over(dy, (0, 1, 2), out=db)
        return dw, db
    if schedule.use_winograd_dw(x.shape[3], dy.shape[3], tuple(w_shape), win, groups, dy.shape[1:3]):
        winograd_dw(x, dy, dw, db, *_apart(w_shape[0], win))
        return dw, db
    if schedule.use_depthwise(x.shape[3], dy.shape[3], groups):
        depthwise_dw(x, dy, dw, db, win)
        return dw, db
    if schedule.skip_border(win, dy.shape[1:3]):
        for tap, gather in enumerate(tap_gathers(x.shape, tuple(w_shape), win, groups)):
            direct_dw(x, dy, dw.reshape(-1, *w_shape[2:])[tap], None, gather, groups)
        if db is not None:
            sum_over(dy, (0, 1, 2), out=db)
        return dw, db
    gather = forward_gather(x.shape, tuple(w_shape), win, groups)
    direct_dw(x, dy, dw, db, gather, groups)
    return dw, db


def conv2d_dx_dw(
    dy: Host,
    w: Host | Filters,
    x: Host,
    win: Window,
    groups: int = 1,
    *,
    activation: Activation = IDENTITY,
    others: Host | None = None,
    needs_db: bool = False,
    out: Outs | None = None,
) -> tuple[Host, Host, Host | None]:
    """Both gradients, dx and (dw, db): as conv2d_dx, with this x where there is an activation, and conv2d_dw."""
    dy, x, filters = buffers.contiguous(dy), buffers.contiguous(x), _filters(w, groups)
    into, into_dw, into_db = outs(out, 3)
    if not needs_db and dy.size and _at_once(x.shape, dy.shape, filters, win, groups):
        dx, dw = buffers.result(x.shape, into), buffers.result(filters.shape, into_dw)
        depthwise_back(dy, filters.about_centre(), x, dx, dw, win, activation)
        return (dx if others is None else add(dx, others, out=dx)), dw, None
    dw, db = conv2d_dw(dy, x, filters.shape, win, groups, needs_db=needs_db, out=(into_dw, into_db))
    gate = None if activation == IDENTITY else x
    dx = conv2d_dx(dy, filters, x.shape, win, groups, x=gate, activation=activation, others=others, out=into)
    return dx, dw, db


def pack(w: Host | Filters, groups: int = 1, *, keep: bool = True) -> Filters:
    """Filters that are laid out once for many calls; training packs at every step."""
    filters = w if isinstance(w, Filters) else Filters(buffers.contiguous(w), groups, lasting=True)
    if not keep:
        filters.let_go()
    return filters


def unpack(filters: Filters) -> Host:
    """The filters that were packed."""
    return filters.w


def _at_once(x_shape: tuple[int, ...], y_shape: tuple[int, ...], filters: Filters, win: Window, groups: int) -> bool:
    """Whether one kernel has both gradients."""
    if not schedule.use_depthwise(x_shape[3], y_shape[3], groups):
        return False
    KH, KW = filters.shape[:2]
    return schedule.joins_depthwise(x_shape, KW, backwards(win, KH, KW), win.stride_w)


def _filters(w: Host | Filters, groups: int) -> Filters:
    """Filters of one call, if they are not packed."""
    return w if isinstance(w, Filters) else Filters(buffers.contiguous(w), groups)


def _winograd(x: Host, filters: Filters, y: Host, win: Window, *, back: bool = False, **ends: Any) -> None:
    """By filters that are transformed before; of few tiles, in the tasks. Either way the same bits.

    back: by filters turned.
    """
    taps, pads = filters.shape[0], _apart(filters.shape[0], win, back)
    tiles = len(y) * schedule.winograd_tiles(y.shape[1], y.shape[2], win.dilation_h, schedule.FORMS[taps])
    if schedule.transform_in_tasks(tiles, x.shape[3], y.shape[3]):
        winograd_fresh(x, filters.w, y, *pads, turned=back, **ends)
    else:
        winograd(x, filters.winograd_turned() if back else filters.winograd(), y, taps, *pads, **ends)


def _apart(taps: int, win: Window, back: bool = False) -> tuple[int, int, int]:
    """(pad_top, pad_left, rate) for Winograd, pads in pixels that lie `rate` apart; back: for filters turned."""
    rate = win.dilation_h
    top, left = win.pad_top // rate, win.pad_left // rate
    return (taps - 1 - top, taps - 1 - left, rate) if back else (top, left, rate)
