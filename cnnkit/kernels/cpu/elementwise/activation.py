"""Activation functions and their gradients, a register at a time."""

import numpy as np

from cnnkit.kernels.cpu.elementwise.chunks import CHUNK, chunks, streams
from cnnkit.kernels.cpu.epilogue import activate_vector
from cnnkit.kernels.cpu.machine.buffers import flat, result
from cnnkit.kernels.cpu.machine.jit import inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for
from cnnkit.kernels.cpu.simd.math import vsigmoid
from cnnkit.kernels.cpu.simd.partial import load_upto, put
from cnnkit.kernels.cpu.simd.vector import LANES, fill, fma, select_less, zero
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.scalar import (
    HARD_SIGMOID_KIND,
    HARD_SWISH_KIND,
    LEAKY_KIND,
    RELU6_KIND,
    RELU_KIND,
    SIGMOID_KIND,
    SWISH_KIND,
    TANH_KIND,
    Activation,
)

ONE, THREE, SIX = np.float32(1), np.float32(3), np.float32(6)
HALF, THIRD, SIXTH = np.float32(1 / 2), np.float32(1 / 3), np.float32(1 / 6)


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
    if kind == TANH_KIND:
        return fill(ONE) - y * y
    if kind == HARD_SIGMOID_KIND:
        return select_less(zero(), y, select_less(y, fill(ONE), fill(SIXTH), zero()), zero())
    return fill(ONE)


@inner
def slope_at_vector(z, kind, slope):
    """act' of one register of inputs; see activate_slope_at. Where y bends, z has the same side of the same number."""
    if kind == HARD_SWISH_KIND:
        middle = fma(z, fill(THIRD), fill(HALF))
        return select_less(zero() - fill(THREE), z, select_less(z, fill(THREE), middle, fill(ONE)), zero())
    if kind == SWISH_KIND:
        s = vsigmoid(z)
        return s * fma(z, fill(ONE) - s, fill(ONE))
    if kind in (SIGMOID_KIND, HARD_SIGMOID_KIND, TANH_KIND):
        z = activate_vector(z, kind, slope)
    return slope_vector(z, kind, slope)


@inner
def activate_task(x, y, kind, slope, streamed, worker, task):
    size = min(len(x), (task + 1) * CHUNK)
    for i in range(task * CHUNK, size, LANES):
        put(y, i, activate_vector(load_upto(x, i, size - i), kind, slope), size - i, streamed)


@kernel
def activate_kernel(x, y, tasks, kind, slope, streamed):
    parallel_for(activate_task, tasks, (x, y, kind, slope, streamed))


@inner
def activate_dx_task(dy, v, dx, kind, slope, at_input, streamed, worker, task):
    size = min(len(v), (task + 1) * CHUNK)
    for i in range(task * CHUNK, size, LANES):
        a = load_upto(v, i, size - i)
        a = slope_at_vector(a, kind, slope) if at_input else slope_vector(a, kind, slope)
        put(dx, i, load_upto(dy, i, size - i) * a, size - i, streamed)


@kernel
def activate_dx_kernel(dy, v, dx, tasks, kind, slope, at_input, streamed):
    parallel_for(activate_dx_task, tasks, (dy, v, dx, kind, slope, at_input, streamed))


def activate(x: Host, activation: Activation, *, out: Host | None = None) -> Host:
    """y = act(x), element by element."""
    y = result(x.shape, out)
    slope = np.float32(activation.slope)
    activate_kernel(flat(x), y.reshape(-1), chunks(x.size), activation.kind, slope, streams(y))
    return y


def activate_dx(dy: Host, y: Host, activation: Activation, *, out: Host | None = None) -> Host:
    """dx = dy · act'(x), where the slope is told from the OUTPUT y."""
    return _dx(dy, y, activation, out, at_input=False)


def activate_dx_at(dy: Host, z: Host, activation: Activation, *, out: Host | None = None) -> Host:
    """dz = dy · act'(z), where the slope is computed at the INPUT z."""
    return _dx(dy, z, activation, out, at_input=True)


def _dx(dy: Host, v: Host, activation: Activation, out: Host | None, *, at_input: bool) -> Host:
    dx = result(v.shape, out)
    slope = np.float32(activation.slope)
    kind = activation.kind
    activate_dx_kernel(flat(dy), flat(v), dx.reshape(-1), chunks(v.size), kind, slope, at_input, streams(dx))
    return dx
