"""The one-dimensional transforms of Winograd's F(4x4, 3x3): matrices of small numbers, written out for vectors.

A 4x4 tile of outputs needs 36 products instead of 144:
    Y = Aᵀ [ (G g Gᵀ) ⊙ (Bᵀ d B) ] A        for a 6x6 patch d and a 3x3 filter g.
The two-dimensional transforms apply these to the columns of a patch, then to its rows.
Source: Lavin & Gray 2015, arXiv:1509.09308, section 4.3 and its transposes for the gradient by the filters.
"""

import numpy as np

from cnnkit.kernels.cpu.jit import inlined, inner
from cnnkit.kernels.cpu.simd import LANES, fill, fma, load, load_or_zero, prefetch, store, tile

LINE = 16  # floats of a cache line
TWO, FOUR, FIVE, EIGHT = np.float32(2), np.float32(4), np.float32(5), np.float32(8)
QUARTER, SIXTH, TWELFTH, TWENTY_FOURTH = (np.float32(1 / n) for n in (4, 6, 12, 24))


@inlined
def input_1d(d0, d1, d2, d3, d4, d5):
    """Bᵀ d"""
    four, minus_four, minus_five = fill(FOUR), fill(-FOUR), fill(-FIVE)
    a, b = fma(minus_four, d2, d4), fma(minus_four, d1, d3)
    c, e = d4 - d2, d3 - d1
    return (
        fma(four, d0, fma(minus_five, d2, d4)),
        a + b,
        a - b,
        fma(fill(TWO), e, c),
        fma(fill(-TWO), e, c),
        fma(four, d1, fma(minus_five, d3, d5)),
    )


@inlined
def output_1d(m0, m1, m2, m3, m4, m5):
    """Aᵀ m"""
    p, q, r, s = m1 + m2, m1 - m2, m3 + m4, m3 - m4
    return m0 + p + r, fma(fill(TWO), s, q), fma(fill(FOUR), r, p), fma(fill(EIGHT), s, q) + m5


@inlined
def filter_1d(g0, g1, g2):
    """G g"""
    sixth, twelfth, twenty_fourth = fill(SIXTH), fill(TWELFTH), fill(TWENTY_FOURTH)
    s, t = sixth * (g0 + g2), sixth * g1
    p, q = twenty_fourth * g0 + sixth * g2, twelfth * g1
    return fill(QUARTER) * g0, t * fill(np.float32(-1)) - s, t - s, p + q, p - q, g2


@inlined
def grad_1d(y0, y1, y2, y3):
    """A y, the transpose of output_1d"""
    p, q = y0 + y2, y1 + y3
    s, u = fma(fill(FOUR), y2, y0), fma(fill(EIGHT), y3, fill(TWO) * y1)
    return y0, p + q, p - q, s + u, s - u, y3


@inlined
def back_1d(u0, u1, u2, u3, u4, u5):
    """Gᵀ u, the transpose of filter_1d"""
    sixth, twelfth, twenty_fourth = fill(SIXTH), fill(TWELFTH), fill(TWENTY_FOURTH)
    s, d, p, q = u1 + u2, u1 - u2, u3 + u4, u3 - u4
    return fill(QUARTER) * u0 - sixth * s + twenty_fourth * p, twelfth * q - sixth * d, sixth * (p - s) + u5


def _make_transform_input(pick):
    @inner
    def transform_patch(x, base, H, W, i, j, C, v, v0, plane, spread):
        t = tile(6, 6)
        row = W * C
        for c0 in range(0, C, LANES):
            c = min(c0, C - LANES)
            for q in range(6):
                p = base + (i * W + j + q) * C + c
                col = 0 <= j + q < W
                t[0, q], t[1, q], t[2, q], t[3, q], t[4, q], t[5, q] = input_1d(
                    pick(x, p, col and 0 <= i < H),
                    pick(x, p + row, col and 0 <= i + 1 < H),
                    pick(x, p + 2 * row, col and 0 <= i + 2 < H),
                    pick(x, p + 3 * row, col and 0 <= i + 3 < H),
                    pick(x, p + 4 * row, col and 0 <= i + 4 < H),
                    pick(x, p + 5 * row, col and 0 <= i + 5 < H),
                )
            for r in range(6):
                r0, r1, r2, r3, r4, r5 = input_1d(t[r, 0], t[r, 1], t[r, 2], t[r, 3], t[r, 4], t[r, 5])
                q = v0 + 6 * r * plane + c * spread
                store(v, q, r0)
                store(v, q + plane, r1)
                store(v, q + 2 * plane, r2)
                store(v, q + 3 * plane, r3)
                store(v, q + 4 * plane, r4)
                store(v, q + 5 * plane, r5)

    return transform_patch


@inlined
def _load(x, i, inside):
    return load(x, i)


@inlined
def _load_or_zero(x, i, inside):
    return load_or_zero(x, i, inside)


_transform_inside, _transform_border = _make_transform_input(_load), _make_transform_input(_load_or_zero)


@inner
def transform_input(x, base, H, W, i, j, C, v, v0, plane, spread):
    """The 6x6 patch with top left (i, j) of the image at `base` -> 36 planes of v, channel c at v0 + c·spread.

    Outside the image are zeros. C >= LANES: the last vector may overlap the one before it (then spread is 1).
    """
    if i >= 0 and j >= 0 and i + 6 <= H and j + 6 <= W:
        _transform_inside(x, base, H, W, i, j, C, v, v0, plane, spread)
    else:
        _transform_border(x, base, H, W, i, j, C, v, v0, plane, spread)


@inner
def transform_grad(dy, base, H, W, i, j, O, m, m0, plane, spread):
    """The 4x4 patch with top left (i, j), i < H, of dy at `base` -> 36 planes of m; as transform_input."""
    t = tile(6, 4)
    row = W * O
    for o0 in range(0, O, LANES):
        o = min(o0, O - LANES)
        for q in range(4):
            p = base + (i * W + j + q) * O + o
            col = j + q < W
            t[0, q], t[1, q], t[2, q], t[3, q], t[4, q], t[5, q] = grad_1d(
                load_or_zero(dy, p, col),
                load_or_zero(dy, p + row, col and i + 1 < H),
                load_or_zero(dy, p + 2 * row, col and i + 2 < H),
                load_or_zero(dy, p + 3 * row, col and i + 3 < H),
            )
        for r in range(6):
            r0, r1, r2, r3, r4, r5 = grad_1d(t[r, 0], t[r, 1], t[r, 2], t[r, 3])
            q = m0 + 6 * r * plane + o * spread
            store(m, q, r0)
            store(m, q + plane, r1)
            store(m, q + 2 * plane, r2)
            store(m, q + 3 * plane, r3)
            store(m, q + 4 * plane, r4)
            store(m, q + 5 * plane, r5)


@inner
def fetch_patch(x, base, H, W, i, j, C):
    """Ask for the cache lines of the 4x4 patch with top left (i, j): products can be done while memory answers."""
    for row in range(i, min(i + 4, H)):
        first = base + (row * W + j) * C
        for at in range(first, first + min(4, W - j) * C, LINE):
            prefetch(x, at)
