"""What becomes of a sum before it is stored: a bias, a residual and an activation, or for a gradient slope and others.

What is to be done is told by bits, the same for a whole launch, so no thread goes another way. It is written out for
each four of a thread's 64 sums, so of activations it knows those of straight lines, which are two comparisons. All
others, with their exponentials, take a pass of their own (`End.later`).
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from cnnkit.kernels.cuda.elementwise.activation import activate, activate_dx
from cnnkit.kernels.cuda.elementwise.pointwise import add
from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.home import copy_into
from cnnkit.kernels.cuda.machine.launch import device, float32
from cnnkit.kernels.cuda.machine.operands import single
from cnnkit.kernels.cuda.machine.ptx import ld4, st4
from cnnkit.kernels.shared.scalar import IDENTITY, IDENTITY_KIND, LEAKY_KIND, RELU6_KIND, RELU_KIND, Activation

BIAS, RESIDUAL, ACTIVATED, GATED, OTHERS = 1, 2, 4, 8, 16


class End(NamedTuple):
    """given: what `ended` is given: bias, beside, gate, todo, low, top.

    later: what is done to the result afterwards.
    """

    given: tuple[DeviceArray, DeviceArray, DeviceArray, int, float, float]
    later: Callable[[DeviceArray], object]


@device
def line(value, low, top):
    """low·value below 0, `top` above that, else the value; NaN fails both comparisons and stays."""
    zero = float32(0)
    if value < zero:
        return zero if low == zero else low * value  # 0·(-inf) would be no number
    return top if value > top else value


@device
def gated(value, y, low, top):
    """The gradient behind such an activation, with its output y."""
    value = value if y > float32(0) else value * low
    return value * float32(0) if y >= top else value


@device
def ended(value, at, c, bias, beside, gate, todo, low, top):
    """The sum at place `at`, of channel c, as it is stored."""
    if todo & BIAS:
        value += bias[c]
    if todo & RESIDUAL:
        value += beside[at]
    if todo & ACTIVATED:
        value = line(value, low, top)
    if todo & GATED:
        value = gated(value, gate[at], low, top)
    if todo & OTHERS:
        value += beside[at]
    return value


def make_ended_four(wide: bool) -> Any:
    """The same of four neighbours, of which `room` exist. wide: all or none of them do, and they lie as `ld4` wants."""

    @device
    def load(array, at, room):
        zero = float32(0)
        second = array[at + 1] if room > 1 else zero
        third = array[at + 2] if room > 2 else zero
        return array[at], second, third, array[at + 3] if room > 3 else zero

    @device
    def load_wide(array, at, room):
        return ld4(array, at)

    @device
    def store(array, at, room, q, r, s, t):
        array[at] = q
        if room > 1:
            array[at + 1] = r
        if room > 2:
            array[at + 2] = s
        if room > 3:
            array[at + 3] = t

    @device
    def store_wide(array, at, room, q, r, s, t):
        st4(array, at, q, r, s, t)

    get, put = (load_wide, store_wide) if wide else (load, store)

    @device
    def store_ended(y, to, room, q, r, s, t, at, c, bias, beside, gate, todo, low, top):
        if todo & BIAS:
            e, f, g, h = get(bias, c, room)
            q += e
            r += f
            s += g
            t += h
        if todo & RESIDUAL:
            e, f, g, h = get(beside, at, room)
            q += e
            r += f
            s += g
            t += h
        if todo & ACTIVATED:
            q = line(q, low, top)
            r = line(r, low, top)
            s = line(s, low, top)
            t = line(t, low, top)
        if todo & GATED:
            e, f, g, h = get(gate, at, room)
            q = gated(q, e, low, top)
            r = gated(r, f, low, top)
            s = gated(s, g, low, top)
            t = gated(t, h, low, top)
        if todo & OTHERS:
            e, f, g, h = get(beside, at, room)
            q += e
            r += f
            s += g
            t += h
        put(y, to, room, q, r, s, t)

    return store_ended


def layer_end(y: DeviceArray, bias: DeviceArray | None, residual: DeviceArray | None, activation: Activation) -> End:
    """act(sum + bias + residual). What is not there is y in its place, which nobody reads."""
    straight, low, top = _lines(activation)
    todo = BIAS * (bias is not None) | RESIDUAL * (residual is not None) | ACTIVATED * straight
    there = [y if array is None else single(array) for array in (bias, residual)]

    def later(y: DeviceArray) -> None:
        if activation.kind == IDENTITY_KIND or straight:
            return
        if y.whole:
            activate(y, activation, out=y)
        else:  # between the channels of others
            copy_into(y, activate(y, activation))

    return End((there[0], there[1], y, todo, low, top), later)


def gradient_end(dx: DeviceArray, x: DeviceArray | None, activation: Activation, others: DeviceArray | None) -> End:
    """sum · act'(x) + others, with the slope told by the output x."""
    straight, low, top = _lines(activation)
    is_gated = x is not None and activation != IDENTITY
    now = is_gated <= straight
    todo = GATED * (is_gated and now) | OTHERS * (others is not None and now)
    beside = dx if others is None else single(others)
    gate = single(x) if is_gated and x is not None else dx

    def later(dx: DeviceArray) -> None:
        if not now:
            activate_dx(dx, gate, activation, out=dx)
            if others is not None:
                add(dx, others, out=dx)

    return End((dx, beside, gate, todo, low, top), later)


def _lines(activation: Activation) -> tuple[bool, float, float]:
    """Whether it consists of straight lines; what is below 0 is multiplied by; what it does not exceed.

    Where it may exceed all, that is no number, which no comparison is true of: infinity would be reached.
    """
    kind, slope = activation
    return (
        kind in (RELU_KIND, LEAKY_KIND, RELU6_KIND),
        slope if kind == LEAKY_KIND else 0.0,
        (6.0 if kind == RELU6_KIND else math.nan),
    )
