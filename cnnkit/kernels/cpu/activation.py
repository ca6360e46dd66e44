"""Activation functions and their gradients, a register at a time."""

import numpy as np

from cnnkit.kernels.cpu.chunks import CHUNK, chunks
from cnnkit.kernels.cpu.epilogue import activate_vector, load_upto, store_upto
from cnnkit.kernels.cpu.jit import inner, kernel
from cnnkit.kernels.cpu.memory import empty, flat
from cnnkit.kernels.cpu.simd import LANES, fill, select_less, zero
from cnnkit.kernels.cpu.threads import parallel_for
from cnnkit.kernels.shared.array import Array
from cnnkit.kernels.shared.scalar import LEAKY_KIND, RELU6_KIND, RELU_KIND, SIGMOID_KIND, Activation

ONE, SIX = np.float32(1), np.float32(6)


@inner
def slope_vector(y, kind, slope):
    """act' of one register, told from the output; see activate_slope. A product with it keeps NaN in sight."""
    if kind == RELU_KIND:
        return select_less(zero(), y, fill(ONE), zero())
    if kind == LEAKY_KIND:
        return select_less(zero(), y, fill(ONE), fill(slope))
    if kind == RELU6_KIND:
        return select_less(zero(), y, select_less(y, fill(SIX), fill(ONE), zero()), zero())
    if kind == SIGMOID_KIND:
        return y * (fill(ONE) - y)
    return fill(ONE)


@inner
def activate_task(x, y, kind, slope, worker, task):
    size = min(len(x), (task + 1) * CHUNK)
    for i in range(task * CHUNK, size, LANES):
        store_upto(y, i, activate_vector(load_upto(x, i, size - i), kind, slope), size - i)


@kernel
def activate_kernel(x, y, tasks, kind, slope):
    parallel_for(activate_task, tasks, (x, y, kind, slope))


@inner
def activate_dx_task(dy, y, dx, kind, slope, worker, task):
    size = min(len(y), (task + 1) * CHUNK)
    for i in range(task * CHUNK, size, LANES):
        d = load_upto(dy, i, size - i) * slope_vector(load_upto(y, i, size - i), kind, slope)
        store_upto(dx, i, d, size - i)


@kernel
def activate_dx_kernel(dy, y, dx, tasks, kind, slope):
    parallel_for(activate_dx_task, tasks, (dy, y, dx, kind, slope))


def activate(x: Array, activation: Activation, *, out: Array | None = None) -> Array:
    """y = act(x), element by element."""
    y = empty(x.shape) if out is None else out
    activate_kernel(flat(x), y.reshape(-1), chunks(x.size), activation.kind, np.float32(activation.slope))
    return y


def activate_dx(dy: Array, y: Array, activation: Activation, *, out: Array | None = None) -> Array:
    """dx = dy · act'(x), where the slope is told from the OUTPUT y."""
    dx = empty(y.shape) if out is None else out
    slope = np.float32(activation.slope)
    activate_dx_kernel(flat(dy), flat(y), dx.reshape(-1), chunks(y.size), activation.kind, slope)
    return dx
