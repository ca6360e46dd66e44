"""The fully connected layer: a convolution of images of one pixel, by filters of one tap."""

from cnnkit.kernels.cuda.conv.conv import conv2d, conv2d_dw, conv2d_dx
from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.operands import Outs, outs, result, single
from cnnkit.kernels.shared.geometry import Window
from cnnkit.kernels.shared.scalar import IDENTITY, Activation


def dense(
    x: DeviceArray,
    w: DeviceArray,
    *,
    bias: DeviceArray | None = None,
    activation: Activation = IDENTITY,
    out: DeviceArray | None = None,
) -> DeviceArray:
    """y[n, m] = Σ k  x[n, k] · w[k, m]  (+ bias[m], then the activation)."""
    y = result((x.shape[0], w.shape[1]), out)
    conv2d(_pixels(x), _filters(w), Window(), bias=bias, activation=activation, out=_pixels(y))
    return y


def dense_dx(
    dy: DeviceArray,
    w: DeviceArray,
    *,
    x: DeviceArray | None = None,
    activation: Activation = IDENTITY,
    out: DeviceArray | None = None,
) -> DeviceArray:
    """dx[n, k] = Σ m  dy[n, m] · w[k, m]; where x = act(z) is given, the gradient by z."""
    dx = result((dy.shape[0], w.shape[0]), out)
    gate, place = None if x is None else _pixels(x), _pixels(dx)
    conv2d_dx(_pixels(dy), _filters(w), place.shape, Window(), x=gate, activation=activation, out=place)
    return dx


def dense_dw(
    dy: DeviceArray, x: DeviceArray, *, needs_db: bool = False, out: Outs | None = None
) -> tuple[DeviceArray, DeviceArray | None]:
    """dw[k, m] = Σ n  x[n, k] · dy[n, m], and db[m] = Σ n  dy[n, m]."""
    into, into_db = outs(out, 2)
    dw = result((x.shape[1], dy.shape[1]), into)
    place = _filters(dw)
    _, db = conv2d_dw(_pixels(dy), _pixels(x), place.shape, Window(), needs_db=needs_db, out=(place, into_db))
    return dw, db


def _pixels(x: DeviceArray) -> DeviceArray:
    return single(x).reshape((x.shape[0], 1, 1, x.shape[1]))


def _filters(w: DeviceArray) -> DeviceArray:
    return single(w).reshape((1, 1, *w.shape))
