"""What follows each sum before it is stored: + bias, + residual, then the activation. Shared by all schedules.

Identity, relu and relu6 only bound a value, so inside a tile they cost two instructions and no branch. Where it pays a
branch, leaky relu is applied there too. The others are applied to what a task has just stored, while it is still in
the cache.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from cnnkit.kernels.cpu.machine import buffers
from cnnkit.kernels.cpu.machine.jit import inlined, inner
from cnnkit.kernels.cpu.simd.math import vsigmoid, vtanh
from cnnkit.kernels.cpu.simd.partial import load_upto, store_upto
from cnnkit.kernels.cpu.simd.vector import (
    LANES,
    fill,
    select_less,
    vmax,
    vmin,
    zero,
)
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.scalar import (
    HARD_SIGMOID_KIND,
    HARD_SWISH_KIND,
    IDENTITY_KIND,
    LEAKY_KIND,
    RELU6_KIND,
    RELU_KIND,
    SIGMOID_KIND,
    SWISH_KIND,
    TANH_KIND,
    Activation,
)

THREE, SIX, SIXTH = np.float32(3), np.float32(6), np.float32(1 / 6)
INFINITY = np.float32(np.inf)
NOTHING = np.zeros(0, np.float32)


class Bounds(NamedTuple):
    """An activation as kernels want it: bounds of every value, then, if `later`, the kind that bounds cannot say.

    On the way back, `gate` is the kind of activation with whose slope each value is multiplied.
    """

    low: np.float32
    high: np.float32
    later: int
    slope: np.float32
    gate: int = IDENTITY_KIND


@lru_cache(maxsize=64)
def bounds(activation: Activation) -> Bounds:
    """The bounds of an activation."""
    kind = activation.kind
    low = np.float32(0) if kind in (RELU_KIND, RELU6_KIND) else -INFINITY
    high = np.float32(6) if kind == RELU6_KIND else INFINITY
    later = 0 if kind in (RELU_KIND, RELU6_KIND) else kind
    return Bounds(low, high, later, np.float32(activation.slope))


@lru_cache(maxsize=64)
def gate_of(activation: Activation) -> Bounds:
    """No activation, but the slope of one."""
    return Bounds(-INFINITY, INFINITY, 0, np.float32(activation.slope), activation.kind)


def bias_of(bias: Host | None, channels: int) -> Host:
    """The bias of all channels, zeros where there is none."""
    return _zeros(channels) if bias is None else bias.reshape(-1)


@lru_cache(maxsize=64)
def _zeros(count: int) -> Host:
    return buffers.zeros(count)


@inlined
def bounded(v, low, high):
    """NaN stays."""
    return vmin(vmax(v, low), high)


@inlined
def leaky_vector(v, slope):
    return select_less(zero(), v, v, v * fill(slope))


@inlined
def hard_sigmoid_vector(v):
    """relu6(v + 3) / 6"""
    return bounded(v + fill(THREE), zero(), fill(SIX)) * fill(SIXTH)


@inlined
def activate_vector(v, kind, slope):
    """The activation of each lane; NaN fails every comparison and stays."""
    if kind == RELU_KIND:
        return vmax(v, zero())
    if kind == RELU6_KIND:
        return vmin(vmax(v, zero()), fill(SIX))
    if kind == LEAKY_KIND:
        return leaky_vector(v, slope)
    if kind == HARD_SIGMOID_KIND:
        return hard_sigmoid_vector(v)
    if kind == HARD_SWISH_KIND:
        return v * hard_sigmoid_vector(v)
    if kind in (SIGMOID_KIND, SWISH_KIND):
        s = vsigmoid(v)
        return s if kind == SIGMOID_KIND else v * s
    if kind == TANH_KIND:
        return vtanh(v)
    return v


@inner
def activate_later(y, i, count, kind, slope):
    """The activation of y[i : i + count], in place."""
    for k in range(i, i + count, LANES):
        room = i + count - k
        store_upto(y, k, activate_vector(load_upto(y, k, room), kind, slope), room)
