"""The fully connected layer: a 1x1 convolution of images of one pixel each, so all kernels are shared."""

from typing import Any

from cnnkit.kernels.cpu.conv import schedule
from cnnkit.kernels.cpu.conv.conv import conv2d, conv2d_dw, conv2d_dx
from cnnkit.kernels.cpu.conv.direct.tile import direct
from cnnkit.kernels.cpu.conv.gather import dx_gather
from cnnkit.kernels.cpu.elementwise.activation import activate_dx
from cnnkit.kernels.cpu.machine import buffers
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.geometry import Window
from cnnkit.kernels.shared.out import Outs, outs
from cnnkit.kernels.shared.scalar import IDENTITY, Activation

POINT = Window()


def dense(
    x: Host, w: Host, *, bias: Host | None = None, activation: Activation = IDENTITY, out: Host | None = None
) -> Host:
    """y = act(x · w + bias);  x (N, K), w (K, M) -> (N, M)."""
    y = buffers.result((len(x), w.shape[1]), out)
    conv2d(_pixels(x), w[None, None], POINT, bias=bias, activation=activation, out=_pixels(y))
    return y


def dense_dx(
    dy: Host,
    w: Host,
    *,
    x: Host | None = None,
    activation: Activation = IDENTITY,
    out: Host | None = None,
) -> Host:
    """dx = dy · wᵀ, (N, K), times act'(x) where x is given."""
    dx = buffers.result((len(dy), len(w)), out)
    if schedule.turn_in_tasks(len(dy), dy.shape[1], len(w)):
        _dx_turning(buffers.contiguous(dy), buffers.contiguous(w), dx)
        return dx if x is None else activate_dx(dx, buffers.contiguous(x), activation, out=dx)
    ends: Any = {"x": _pixels(x), "activation": activation, "out": _pixels(dx)}
    conv2d_dx(_pixels(dy), w[None, None], (len(dy), 1, 1, len(w)), POINT, **ends)
    return dx


def dense_dw(dy: Host, x: Host, *, needs_db: bool = False, out: Outs | None = None) -> tuple[Host, Host | None]:
    """dw = xᵀ · dy, (K, M), and where asked for db (M,), the sums of dy over its rows, else None."""
    into, into_db = outs(out, 2)
    dw = buffers.result((x.shape[1], dy.shape[1]), into)
    room: Any = dw[None, None], into_db
    return dw, conv2d_dw(_pixels(dy), _pixels(x), (1, 1, *dw.shape), POINT, needs_db=needs_db, out=room)[1]


def _dx_turning(dy: Host, w: Host, dx: Host) -> None:
    """dx where tasks turn their own filters."""
    gather = dx_gather(_pixels(dy).shape, (1, 1, *w.shape), _pixels(dx).shape, POINT, 1)
    shape = schedule.direct_tile(len(w), len(dy))
    direct(_pixels(dy), w.reshape(-1), _pixels(dx), gather, shape, 1, 0)


def _pixels(rows: Host | None) -> Any:
    return None if rows is None else rows[:, None, None]
