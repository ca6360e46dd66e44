"""The vectors as plain Python, for NUMBA_DISABLE_JIT=1: step through a kernel, count its coverage, check its indices.

A vector is a numpy array of LANES floats. A load or store outside the array raises IndexError, which compiled
vectors would not notice.
"""

import ctypes

import numpy as np

from cnnkit.kernels.cpu.machine.lanes import LANES

F32 = np.float32


def _check(x, i, count=LANES):
    if i < 0 or i + count > len(x):
        raise IndexError(f"a vector of {count} at {i} reaches outside an array of {len(x)}")


def load(x, i):
    _check(x, i)
    return x[i : i + LANES].copy()


def store(y, i, v):
    _check(y, i)
    y[i : i + LANES] = v


def stream(y, i, v):
    store(y, i, v)


def floats_at(address, count):
    return np.ctypeslib.as_array((ctypes.c_float * int(count)).from_address(int(address)))


def load_first(x, i, count):
    count = min(max(count, 0), LANES)
    v = zero()
    if count:
        _check(x, i, count)
        v[:count] = x[i : i + count]
    return v


def store_first(y, i, v, count):
    count = min(max(count, 0), LANES)
    if count:
        _check(y, i, count)
        y[i : i + count] = v[:count]


def load_or_zero(x, i, inside):
    return load(x, i) if inside else zero()


def prefetch(x, i):
    pass


def splat(x, i):
    _check(x, i, 1)
    return np.full(LANES, x[i], F32)


def fill(value):
    return np.full(LANES, value, F32)


def zero():
    return np.zeros(LANES, F32)


def fma(a, b, c):
    return a * b + c


def vmax(a, b):
    return np.where(b > a, b, a)


def vmin(a, b):
    return np.where(b < a, b, a)


def select_less(a, b, p, q):
    return np.where(a < b, p, q)


def select_equal(a, b, p, q):
    return np.where(a == b, p, q)


def keep_where(v, codes, i, code):
    _check(codes, i)
    return np.where(codes[i : i + LANES] == code, v, F32(0))


def store_codes(codes, i, v):
    _check(codes, i)
    codes[i : i + LANES] = v.astype(np.uint8)


def scale_by_power(a, n):
    return np.ldexp(a, n.astype(np.int32)).astype(F32)


def exponent(a):
    return (np.frexp(a)[1] - 1).astype(F32)


def truncate(a):
    return np.trunc(a)


def sqrt(a):
    return np.sqrt(a)


def absolute(a):
    return np.abs(a)


def reduce_add(a):
    return a.sum(dtype=F32)


def reduce_max(a):
    return a.max()


def rolled(i):
    return i


def first_lane(a):
    return a[0]


def tile(rows, cols):
    return np.zeros((rows, cols, LANES), F32)


def transpose(t):
    t[:, 0] = t[:, 0].T.copy()


def zip_low(a, b):
    return np.stack([a, b], -1).reshape(-1)[:LANES]


def zip_high(a, b):
    return np.stack([a, b], -1).reshape(-1)[LANES:]


def evens(a, b):
    return np.concatenate([a, b])[::2]


def odds(a, b):
    return np.concatenate([a, b])[1::2]
