"""Codes as plain Python, for NUMBA_DISABLE_JIT=1, with every index checked."""

import numpy as np

from cnnkit.kernels.cpu.machine.lanes import LANES
from cnnkit.kernels.cpu.simd import plain


def fill_code(code):
    return np.full(LANES, code, np.int32).view(np.float32)


def pick_greater(v, best, p, q):
    take = (v > best) | (np.isnan(v) & ~np.isnan(best))
    return np.where(take, p.view(np.int32), q.view(np.int32)).view(np.float32)


def store_code(arg, i, code):
    store_code_first(arg, i, code, LANES)


def store_code_first(arg, i, code, count):
    plain.store_first(arg, i, code.view(np.int32).astype(arg.dtype), count)


def keep_code(v, arg, i, code):
    return keep_code_first(v, arg, i, code, LANES)


def keep_code_first(v, arg, i, code, count):
    found = np.zeros(LANES, arg.dtype)
    plain.store_first(found, 0, arg[i : i + count], count)
    return np.where(found == np.int64(code).astype(arg.dtype), v, np.float32(0))
