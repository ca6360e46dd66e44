"""The one-dimensional transforms of Winograd's convolutions: matrices of small numbers, written out for vectors.

A tile of m x m outputs of an r x r filter needs (m + r - 1)² products instead of (m·r)²:
    Y = Aᵀ [ (G g Gᵀ) ⊙ (Bᵀ d B) ] A        for a patch d of m + r - 1 pixels a side and a filter g.
The two-dimensional transforms apply these to the columns of a patch, then to its rows.

The matrices follow from m + r - 1 points: a convolution is a product of polynomials, multiplied point by point. Here
they are six, for 4x4 outputs of 3x3 filters and 2x2 outputs of 5x5 filters alike: 0, ±a, ±b and infinity with a = 3/4,
b = 3/2, whose powers are exact in binary and near 1: results err a quarter of what they do with the usual 0, ±1, ±2.
Points of both signs let rows share what is even and what is odd in them:
    Bᵀ   (a²b², 0, -(a² + b²), 0, 1, 0)     (0, ∓ab², -b², ±a, 1, 0)     (0, ∓ba², -a², ±b, 1, 0)
         (0, a²b², 0, -(a² + b²), 0, 1)
    G    (1, 0, 0 …) / a²b²     (1, ±a, a² …) / 2a²(a² - b²)     (1, ±b, b² …) / 2b²(b² - a²)     (… 0, 0, 1)
    Aᵀ   row k holds 0ᵏ, (±a)ᵏ, (±b)ᵏ, and for infinity a 1 in the last row.
Source: Lavin & Gray 2015, arXiv:1509.09308, section 4.3 and its transposes for the gradient by the filters.

Each transform takes row i of one register tile and writes column j of another: done twice, it has met both sides.
"""

from functools import cache
from typing import Any

import numpy as np

from cnnkit.kernels.cpu.machine.jit import inlined
from cnnkit.kernels.cpu.simd.vector import fill, fma

F = np.float32
# Of Aᵀ: the powers of a and of b. Of G: the rows of 0, of ±a and of ±b, by the powers of the point.
A = tuple(F((3 / 4) ** k) for k in range(4))
B = tuple(F((3 / 2) ** k) for k in range(4))
G0 = F(64 / 81)
GA = F(-128 / 243), F(-32 / 81), F(-8 / 27), F(-2 / 9), F(-1 / 6)
GB = F(32 / 243), F(16 / 81), F(8 / 27), F(4 / 9), F(2 / 3)
A1, A2, B1, B2 = A[1], A[2], B[1], B[2]
A2B2, A2_PLUS_B2 = F(81 / 64), F(45 / 16)


@inlined
def input_1d(d, i, t, j):
    """Bᵀ d"""
    d0, d1, d2, d3, d4, d5 = d[i, 0], d[i, 1], d[i, 2], d[i, 3], d[i, 4], d[i, 5]
    a, b, both = fill(A1), fill(B1), fill(-A2_PLUS_B2)
    even_a, odd_a = fma(fill(-B2), d2, d4), fma(fill(-B2), d1, d3)
    even_b, odd_b = fma(fill(-A2), d2, d4), fma(fill(-A2), d1, d3)
    t[0, j] = fma(fill(A2B2), d0, fma(both, d2, d4))
    t[1, j] = fma(a, odd_a, even_a)
    t[2, j] = fma(fill(-A1), odd_a, even_a)
    t[3, j] = fma(b, odd_b, even_b)
    t[4, j] = fma(fill(-B1), odd_b, even_b)
    t[5, j] = fma(fill(A2B2), d1, fma(both, d3, d5))


@cache
def make_output_1d(outputs: int) -> Any:
    """Aᵀ m"""
    last = outputs - 1

    @inlined
    def output_1d(m, i, t, j):
        p, q = m[i, 1] + m[i, 2], m[i, 1] - m[i, 2]
        r, s = m[i, 3] + m[i, 4], m[i, 3] - m[i, 4]
        t[0, j] = m[i, 0] + p + r
        for k in range(1, outputs):
            near, far = (q, s) if k % 2 else (p, r)
            near = fma(fill(A[k]), near, m[i, 5]) if k == last else fill(A[k]) * near
            t[k, j] = fma(fill(B[k]), far, near)

    return output_1d


@cache
def make_filter_1d(taps: int) -> Any:
    """G g"""
    last = taps - 1

    @inlined
    def filter_1d(g, i, t, j):
        even_a, odd_a = fill(GA[0]) * g[i, 0], fill(GA[1]) * g[i, 1]
        even_b, odd_b = fill(GB[0]) * g[i, 0], fill(GB[1]) * g[i, 1]
        for k in range(2, taps, 2):
            even_a, even_b = fma(fill(GA[k]), g[i, k], even_a), fma(fill(GB[k]), g[i, k], even_b)
        for k in range(3, taps, 2):
            odd_a, odd_b = fma(fill(GA[k]), g[i, k], odd_a), fma(fill(GB[k]), g[i, k], odd_b)
        t[0, j], t[5, j] = fill(G0) * g[i, 0], g[i, last]
        t[1, j], t[2, j] = even_a + odd_a, even_a - odd_a
        t[3, j], t[4, j] = even_b + odd_b, even_b - odd_b

    return filter_1d


@cache
def make_grad_1d(outputs: int) -> Any:
    """A y, the transpose of output_1d"""
    last = outputs - 1

    @inlined
    def grad_1d(y, i, t, j):
        even_a, odd_a = y[i, 0], fill(A[1]) * y[i, 1]
        even_b, odd_b = y[i, 0], fill(B[1]) * y[i, 1]
        for k in range(2, outputs, 2):
            even_a, even_b = fma(fill(A[k]), y[i, k], even_a), fma(fill(B[k]), y[i, k], even_b)
        for k in range(3, outputs, 2):
            odd_a, odd_b = fma(fill(A[k]), y[i, k], odd_a), fma(fill(B[k]), y[i, k], odd_b)
        t[0, j], t[5, j] = y[i, 0], y[i, last]
        t[1, j], t[2, j] = even_a + odd_a, even_a - odd_a
        t[3, j], t[4, j] = even_b + odd_b, even_b - odd_b

    return grad_1d


@cache
def make_back_1d(taps: int) -> Any:
    """Gᵀ u, the transpose of filter_1d"""
    last = taps - 1

    @inlined
    def back_1d(u, i, t, j):
        p, q = u[i, 1] + u[i, 2], u[i, 1] - u[i, 2]
        r, s = u[i, 3] + u[i, 4], u[i, 3] - u[i, 4]
        t[0, j] = fma(fill(G0), u[i, 0], fma(fill(GB[0]), r, fill(GA[0]) * p))
        for k in range(1, taps):
            near, far = (q, s) if k % 2 else (p, r)
            near = fma(fill(GA[k]), near, u[i, 5]) if k == last else fill(GA[k]) * near
            t[k, j] = fma(fill(GB[k]), far, near)

    return back_1d
