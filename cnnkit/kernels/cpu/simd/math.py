"""Functions of vectors made from the intrinsics: the exponential and what rests on it, a logarithm."""

import math

import numpy as np

from cnnkit.kernels.cpu.machine.jit import inner
from cnnkit.kernels.cpu.simd.vector import (
    absolute,
    exponent,
    fill,
    fma,
    scale_by_power,
    select_equal,
    select_less,
    truncate,
    vmax,
    vmin,
    zero,
)

F = np.float32
# Below LOWEST the result would be denormal and is 0; above HIGHEST it is infinite.
LOWEST, HIGHEST = F(-87.33), F(88.8)
BELOW = np.nextafter(LOWEST, -F(np.inf))
HALF, MINUS_HALF, ONE, MOST = F(0.5), F(-0.5), F(1), F(127)
TINY = F(1e-30)
LOG2_E = F(1.4426950408889634)
# ln 2 in two parts: n · MINUS_LN2_HIGH is exact for every n that can occur.
MINUS_LN2_HIGH, MINUS_LN2_LOW = F(-0.693359375), F(2.12194440e-4)
TWO, ROOT, LN2 = F(2), F(math.sqrt(2)), F(math.log(2))
L3, L5, L7, L9 = F(2 / 3), F(2 / 5), F(2 / 7), F(2 / 9)
C2, C3, C4, C5, C6, C7 = F(1 / 2), F(1 / 6), F(1 / 24), F(1 / 120), F(1 / 720), F(1 / 5040)

NEAR = F(0.65)
T3, T5, T7, T9, T11 = F(-0.33333327), F(0.13332602), F(-0.05382585), F(0.02088132), F(-0.00593298)


@inner
def exp_series(r):
    """1 + r + r²/2! + … + r⁷/7!: e^r for |r| <= ln 2 / 2, the rest is below 6e-9."""
    p = fma(fill(C7), r, fill(C6))
    p = fma(p, r, fill(C5))
    p = fma(p, r, fill(C4))
    p = fma(p, r, fill(C3))
    p = fma(p, r, fill(C2))
    p = fma(p, r, fill(ONE))
    return fma(p, r, fill(ONE))


@inner
def vexp(x):
    """e to the power of each lane, within 2 units in the last place; NaN stays NaN.

    x = n·ln 2 + r with |r| <= ln 2 / 2; e^x = 2^n · e^r.
    """
    a = vmin(vmax(x, fill(LOWEST)), fill(HIGHEST))
    scaled = select_equal(a, a, a * fill(LOG2_E), zero())  # NaN has no whole part
    n = truncate(scaled + select_less(scaled, zero(), fill(MINUS_HALF), fill(HALF)))
    r = fma(n, fill(MINUS_LN2_LOW), fma(n, fill(MINUS_LN2_HIGH), a))
    p = exp_series(r)
    over = select_less(fill(MOST), n, fill(ONE), zero())  # 2^128 has no float32, e^88.7 has: in two steps
    y = scale_by_power(p, n - over) * (fill(ONE) + over)
    return select_equal(x, x, select_less(x, fill(LOWEST), zero(), y), x)


@inner
def vexp_down(x):
    """As vexp, to the same bits, for lanes that are none of them above 0: two thirds of the work."""
    a = vmax(x, fill(LOWEST))
    n = truncate(vmax(fill(-MOST), a * fill(LOG2_E)) + fill(MINUS_HALF))  # of NaN, which has no whole part, -127
    r = fma(n, fill(MINUS_LN2_LOW), fma(n, fill(MINUS_LN2_HIGH), a))
    return select_less(fill(BELOW), x, scale_by_power(exp_series(r), n), vmax(x, zero()))  # 0, or NaN again


@inner
def vsigmoid(x):
    """1 / (1 + e^-x)"""
    return fill(ONE) / (fill(ONE) + vexp(zero() - x))


@inner
def vtanh(x):
    """tanh of each lane, within 2 units in the last place; NaN stays NaN.

    Near 0 it is x + x³·p(x²), p fitted at Chebyshev's points and within 3e-8 of it; elsewhere
    1 - 2 / (e^2|x| + 1), with the sign of x.
    """
    a, z = absolute(x), x * x
    p = fma(fma(fma(fill(T11), z, fill(T9)), z, fill(T7)), z, fill(T5))
    near = fma(x * z, fma(p, z, fill(T3)), x)
    far = fill(ONE) - fill(TWO) / (vexp(a + a) + fill(ONE))
    far = select_less(x, zero(), zero() - far, far)
    y = select_less(a, fill(NEAR), near, far)
    return select_equal(x, x, y, x)


@inner
def vlog1p(r):
    """log(1 + r) of each lane, r from 0 up and finite, within 4 units in the last place; NaN stays NaN.

    u = 1 + r, rounded, is 2^n · (1 + f) / (1 - f) with 1 + f between √½ and √2 times 1 - f, so that
    log u = n·ln 2 + 2·(f + f³/3 + f⁵/5 + f⁷/7 + f⁹/9), the rest is below 1e-9 of it. What 1 + r lost by rounding is
    given back by the factor r / (u - 1), for log(1 + r) / r hardly changes from r to u - 1.
    """
    u = fill(ONE) + r
    n = exponent(u)
    m = scale_by_power(u, zero() - n)
    above = select_less(fill(ROOT), m, fill(ONE), zero())
    m, n = select_less(fill(ROOT), m, m * fill(HALF), m), n + above
    f = (m - fill(ONE)) / (m + fill(ONE))
    z = f * f
    p = fma(fma(fma(fill(L9), z, fill(L7)), z, fill(L5)), z, fill(L3))
    y = fma(n, fill(LN2), fma(f * z, p, f + f))
    lost = u - fill(ONE)
    y = select_less(zero(), lost, y * (r / vmax(lost, fill(TINY))), r)
    return select_equal(r, r, y, r)
