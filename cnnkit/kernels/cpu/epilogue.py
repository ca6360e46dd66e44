"""What follows each sum before it is stored: + bias, + residual, then the activation. Shared by all schedules."""

import numpy as np

from cnnkit.kernels.cpu.jit import inlined
from cnnkit.kernels.cpu.simd import LANES, fill, load, load_first, select_less, store, store_first, vmax, vmin, zero
from cnnkit.kernels.cpu.simd_math import vsigmoid
from cnnkit.kernels.shared.scalar import LEAKY_KIND, RELU6_KIND, RELU_KIND, SIGMOID_KIND

SIX = np.float32(6)


@inlined
def load_upto(x, i, count):
    """`count` floats, or a whole vector where there are as many: a plain load is faster than a masked one."""
    return load(x, i) if count >= LANES else load_first(x, i, count)


@inlined
def store_upto(y, i, v, count):
    """The first `count` lanes, all where there is room for them."""
    if count >= LANES:
        store(y, i, v)
    else:
        store_first(y, i, v, count)


@inlined
def activate_vector(v, kind, slope):
    """The activation of each lane; NaN fails every comparison and stays."""
    if kind == RELU_KIND:
        return vmax(v, zero())
    if kind == RELU6_KIND:
        return vmin(vmax(v, zero()), fill(SIX))
    if kind == LEAKY_KIND:
        return select_less(zero(), v, v, v * fill(slope))
    if kind == SIGMOID_KIND:
        return vsigmoid(v)
    return v


@inlined
def finish(v, bias, b, residual, y, i, count, kind, slope):
    """y[i : i + count] = act(v + bias + residual); an empty bias or residual adds nothing, residual has y's layout."""
    if bias.size > 0:
        v = v + load_upto(bias, b, count)
    if residual.size > 0:
        v = v + load_upto(residual, i, count)
    store_upto(y, i, activate_vector(v, kind, slope), count)
