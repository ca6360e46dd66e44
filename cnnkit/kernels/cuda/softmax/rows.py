"""Softmax and its logarithm over the last axis, and their gradients."""

from math import prod

from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.functions import exp, log
from cnnkit.kernels.cuda.machine.launch import THREADS, cuda, float32, kernel
from cnnkit.kernels.cuda.machine.operands import result, single
from cnnkit.kernels.cuda.softmax.lanes import grid_for, lanes_for, own_row, summed, top_and_total


@kernel(threads=THREADS)
def softmax_kernel(x, y, rows, classes, lanes, logarithm):
    shared = cuda.shared.array(THREADS, float32)
    _, lane, first, last = own_row(rows, classes, lanes)
    top, total = top_and_total(shared, x, first, last, lane, lanes)
    if logarithm:
        total = log(total)
        for k in range(lane, last, lanes):
            y[first + k] = x[first + k] - top - total
    else:
        for k in range(lane, last, lanes):
            y[first + k] = exp(x[first + k] - top) / total


@kernel(threads=THREADS)
def softmax_dx_kernel(dy, y, dx, rows, classes, lanes, logarithm):
    shared = cuda.shared.array(THREADS, float32)
    _, lane, first, last = own_row(rows, classes, lanes)
    total = float32(0)
    for k in range(lane, last, lanes):
        total += dy[first + k] if logarithm else dy[first + k] * y[first + k]
    total = summed(shared, total, lane, lanes)
    for k in range(lane, last, lanes):
        at = first + k
        dx[at] = dy[at] - exp(y[at]) * total if logarithm else y[at] * (dy[at] - total)


def softmax(x: DeviceArray, *, out: DeviceArray | None = None) -> DeviceArray:
    """y[k] = e^x[k] / Σ e^x[j]."""
    return _forward(x, out, 0)


def log_softmax(x: DeviceArray, *, out: DeviceArray | None = None) -> DeviceArray:
    """y[k] = x[k] - log Σ e^x[j]."""
    return _forward(x, out, 1)


def softmax_dx(dy: DeviceArray, y: DeviceArray, *, out: DeviceArray | None = None) -> DeviceArray:
    """dx[k] = y[k] · (dy[k] - Σ dy[j]·y[j])."""
    return _backward(dy, y, out, 0)


def log_softmax_dx(dy: DeviceArray, y: DeviceArray, *, out: DeviceArray | None = None) -> DeviceArray:
    """dx[k] = dy[k] - e^y[k] · Σ dy[j]."""
    return _backward(dy, y, out, 1)


def _forward(x: DeviceArray, out: DeviceArray | None, logarithm: int) -> DeviceArray:
    y = result(x.shape, out)
    rows, classes = prod(x.shape[:-1]), x.shape[-1]
    if y.size:
        lanes = lanes_for(classes)
        softmax_kernel(grid_for(rows, lanes), THREADS, single(x), y, rows, classes, lanes, logarithm)
    return y


def _backward(dy: DeviceArray, y: DeviceArray, out: DeviceArray | None, logarithm: int) -> DeviceArray:
    dx = result(y.shape, out)
    rows, classes = prod(y.shape[:-1]), y.shape[-1]
    if y.size:
        lanes = lanes_for(classes)
        arrays = single(dy), single(y), dx
        softmax_dx_kernel(grid_for(rows, lanes), THREADS, *arrays, rows, classes, lanes, logarithm)
    return dx
