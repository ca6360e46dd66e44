"""Arithmetic element by element, with numpy's rules of broadcasting: a kernel of two operands, another of one."""

import numpy as np

from cnnkit.kernels.cpu.elementwise.broadcast import loops
from cnnkit.kernels.cpu.elementwise.chunks import CHUNK, chunks, streams
from cnnkit.kernels.cpu.machine.buffers import flat, kind_of, result
from cnnkit.kernels.cpu.machine.jit import inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for
from cnnkit.kernels.cpu.simd.math import vexp, vexp_down, vlog1p
from cnnkit.kernels.cpu.simd.partial import load_upto, put, store_upto
from cnnkit.kernels.cpu.simd.vector import LANES, absolute, fill, select_equal, vmax, vmin, zero
from cnnkit.kernels.cpu.simd.vector import sqrt as vsqrt
from cnnkit.kernels.shared.array import Host

ADD, SUBTRACT, MULTIPLY, DIVIDE, EQUAL, MAXIMUM, MINIMUM = range(7)
NEGATE, EXP, LOG, SQRT, CLIP, SOFTPLUS = range(6)
ONE = np.float32(1)


@inner
def combine(a, b, op):
    """One register of the result. A NaN in b would lose the comparison, so it is asked for."""
    if op == ADD:
        return a + b
    if op == SUBTRACT:
        return a - b
    if op == MULTIPLY:
        return a * b
    if op == DIVIDE:
        return a / b
    if op == EQUAL:
        return select_equal(a, b, fill(ONE), zero())
    if op == MAXIMUM:
        return select_equal(b, b, vmax(a, b), b)
    return select_equal(b, b, vmin(a, b), b)


@inner
def binary_task(x, y, z, op, length, x_step, y_step, outer, streamed, worker, task):
    """A chunk of the result, row by row of the innermost loop; see broadcast.py."""
    at, end = task * CHUNK, min(len(z), (task + 1) * CHUNK)
    while at < end:
        row, k = at // length, at % length
        xi, yi = k * x_step, k * y_step
        for axis in range(0, len(outer), 3):
            place = row % outer[axis]
            row //= outer[axis]
            xi += place * outer[axis + 1]
            yi += place * outer[axis + 2]
        count = min(length - k, end - at)
        for i in range(0, count, LANES):
            left = count - i
            a = load_upto(x, xi + i, left) if x_step else fill(x[xi])
            b = load_upto(y, yi + i, left) if y_step else fill(y[yi])
            put(z, at + i, combine(a, b, op), left, streamed)
        at += count


@kernel
def binary_kernel(x, y, z, op, length, x_step, y_step, outer, streamed, tasks):
    parallel_for(binary_task, tasks, (x, y, z, op, length, x_step, y_step, outer, streamed))


@inner
def softplus_vector(v):
    """max(v, 0) + log(1 + e^-|v|), which is never infinite where v is not; NaN stays NaN."""
    return vlog1p(vexp_down(zero() - absolute(v))) + select_equal(v, v, vmax(v, zero()), v)


@inner
def unary_task(x, y, op, low, high, worker, task):
    size = min(len(x), (task + 1) * CHUNK)
    if op == LOG:
        for i in range(task * CHUNK, size):
            y[i] = np.log(x[i])
        return
    for i in range(task * CHUNK, size, LANES):
        v = load_upto(x, i, size - i)
        if op == NEGATE:
            v = zero() - v
        elif op == EXP:
            v = vexp(v)
        elif op == SOFTPLUS:
            v = softplus_vector(v)
        elif op == CLIP:
            v = select_equal(v, v, vmin(vmax(v, fill(low)), fill(high)), v)
        else:
            v = vsqrt(v)
        store_upto(y, i, v, size - i)


@kernel
def unary_kernel(x, y, op, low, high, tasks):
    parallel_for(unary_task, tasks, (x, y, op, low, high))


def add(x: Host, y: Host, *, out: Host | None = None) -> Host:
    """x + y."""
    return _binary(x, y, ADD, out)


def subtract(x: Host, y: Host, *, out: Host | None = None) -> Host:
    """x - y."""
    return _binary(x, y, SUBTRACT, out)


def multiply(x: Host, y: Host, *, out: Host | None = None) -> Host:
    """x · y."""
    return _binary(x, y, MULTIPLY, out)


def divide(x: Host, y: Host, *, out: Host | None = None) -> Host:
    """x / y."""
    return _binary(x, y, DIVIDE, out)


def maximum(x: Host, y: Host, *, out: Host | None = None) -> Host:
    """The greater of x and y; NaN where either is."""
    return _binary(x, y, MAXIMUM, out)


def minimum(x: Host, y: Host, *, out: Host | None = None) -> Host:
    """The smaller of x and y; NaN where either is."""
    return _binary(x, y, MINIMUM, out)


def equal(x: Host, y: Host, *, out: Host | None = None) -> Host:
    """1 where x equals y, else 0."""
    if kind_of(x, y) != np.float32:  # as float32, large numbers would be equal to their neighbours
        z = result(np.broadcast_shapes(np.shape(x), np.shape(y)), out)
        np.equal(x, y, out=z)
        return z
    return _binary(x, y, EQUAL, out)


def negate(x: Host, *, out: Host | None = None) -> Host:
    """-x."""
    return _unary(x, NEGATE, out)


def exp(x: Host, *, out: Host | None = None) -> Host:
    """e^x; 0 where float32 could hold only a denormal."""
    return _unary(x, EXP, out)


def log(x: Host, *, out: Host | None = None) -> Host:
    """The natural logarithm."""
    return _unary(x, LOG, out)


def softplus(x: Host, *, out: Host | None = None) -> Host:
    """log(1 + e^x)."""
    return _unary(x, SOFTPLUS, out)


def sqrt(x: Host, *, out: Host | None = None) -> Host:
    """The square root."""
    return _unary(x, SQRT, out)


def clip(x: Host, low: float, high: float, *, out: Host | None = None) -> Host:
    """x, but no less than low and no more than high."""
    return _unary(x, CLIP, out, low, high)


def _binary(x: Host, y: Host, op: int, out: Host | None) -> Host:
    x, y = np.asarray(x), np.asarray(y)
    walk = loops(x.shape, y.shape)
    z = result(walk.shape, out)
    streamed = streams(z, walk.length)
    binary_kernel(flat(x), flat(y), z.reshape(-1), op, walk.length, *walk.steps, walk.outer, streamed, chunks(z.size))
    return z


def _unary(x: Host, op: int, out: Host | None, low: float = 0.0, high: float = 0.0) -> Host:
    x = np.asarray(x)
    y = result(x.shape, out)
    unary_kernel(flat(x), y.reshape(-1), op, np.float32(low), np.float32(high), chunks(x.size))
    return y
