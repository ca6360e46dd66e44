"""The one-dimensional transforms of Winograd's F(4x4, 3x3): matrices of small numbers, written out for vectors.

A 4x4 tile of outputs needs 36 products instead of 144:
    Y = Aᵀ [ (G g Gᵀ) ⊙ (Bᵀ d B) ] A        for a 6x6 patch d and a 3x3 filter g.
The two-dimensional transforms apply these to the columns of a patch, then to its rows.

The matrices follow from six points: a convolution is a product of polynomials, multiplied point by point. Here they
are 0, ±a, ±b and infinity with a = 3/4, b = 3/2, whose powers are exact in binary and near 1: results err a quarter of
what they do with the usual 0, ±1, ±2. Points of both signs let rows share what is even and what is odd in them:
    Bᵀ   (a²b², 0, -(a² + b²), 0, 1, 0)     (0, ∓ab², -b², ±a, 1, 0)     (0, ∓ba², -a², ±b, 1, 0)
         (0, a²b², 0, -(a² + b²), 0, 1)
    G    (1, 0, 0) / a²b²     (1, ±a, a²) / 2a²(a² - b²)     (1, ±b, b²) / 2b²(b² - a²)     (0, 0, 1)
    Aᵀ   row k holds 0ᵏ, (±a)ᵏ, (±b)ᵏ, and for infinity a 1 in the last row.
Source: Lavin & Gray 2015, arXiv:1509.09308, section 4.3 and its transposes for the gradient by the filters.
"""

import numpy as np

from cnnkit.kernels.cpu.machine.jit import inlined, inner
from cnnkit.kernels.cpu.simd.vector import LANES, fill, fma, load, load_or_zero, prefetch, store, tile, zero

LINE = 16  # floats of a cache line
F = np.float32
A1, A2, A3 = F(3 / 4), F(9 / 16), F(27 / 64)
B1, B2, B3 = F(3 / 2), F(9 / 4), F(27 / 8)
A2B2, A2_PLUS_B2 = F(81 / 64), F(45 / 16)
# Of G: the rows of 0, of ±a and of ±b, by the powers of the point.
G0 = F(64 / 81)
GA0, GA1, GA2 = F(-128 / 243), F(-32 / 81), F(-8 / 27)
GB0, GB1, GB2 = F(32 / 243), F(16 / 81), F(8 / 27)


@inlined
def input_1d(d0, d1, d2, d3, d4, d5):
    """Bᵀ d"""
    a, b, both = fill(A1), fill(B1), fill(-A2_PLUS_B2)
    even_a, odd_a = fma(fill(-B2), d2, d4), fma(fill(-B2), d1, d3)
    even_b, odd_b = fma(fill(-A2), d2, d4), fma(fill(-A2), d1, d3)
    return (
        fma(fill(A2B2), d0, fma(both, d2, d4)),
        fma(a, odd_a, even_a),
        fma(fill(-A1), odd_a, even_a),
        fma(b, odd_b, even_b),
        fma(fill(-B1), odd_b, even_b),
        fma(fill(A2B2), d1, fma(both, d3, d5)),
    )


@inlined
def output_1d(m0, m1, m2, m3, m4, m5):
    """Aᵀ m"""
    p, q, r, s = m1 + m2, m1 - m2, m3 + m4, m3 - m4
    return (
        m0 + p + r,
        fma(fill(B1), s, fill(A1) * q),
        fma(fill(B2), r, fill(A2) * p),
        fma(fill(B3), s, fma(fill(A3), q, m5)),
    )


@inlined
def filter_1d(g0, g1, g2):
    """G g"""
    even_a, odd_a = fma(fill(GA2), g2, fill(GA0) * g0), fill(GA1) * g1
    even_b, odd_b = fma(fill(GB2), g2, fill(GB0) * g0), fill(GB1) * g1
    return fill(G0) * g0, even_a + odd_a, even_a - odd_a, even_b + odd_b, even_b - odd_b, g2


@inlined
def grad_1d(y0, y1, y2, y3):
    """A y, the transpose of output_1d"""
    even_a, odd_a = fma(fill(A2), y2, y0), fma(fill(A3), y3, fill(A1) * y1)
    even_b, odd_b = fma(fill(B2), y2, y0), fma(fill(B3), y3, fill(B1) * y1)
    return y0, even_a + odd_a, even_a - odd_a, even_b + odd_b, even_b - odd_b, y3


@inlined
def back_1d(u0, u1, u2, u3, u4, u5):
    """Gᵀ u, the transpose of filter_1d"""
    p, q, r, s = u1 + u2, u1 - u2, u3 + u4, u3 - u4
    return (
        fma(fill(G0), u0, fma(fill(GB0), r, fill(GA0) * p)),
        fma(fill(GB1), s, fill(GA1) * q),
        fma(fill(GB2), r, fma(fill(GA2), p, u5)),
    )


def _make_transform_input(pick):
    @inner
    def transform_patch(x, base, row, step, H, W, i, j, C, v, v0, plane, spread):
        t = tile(6, 6)
        for c0 in range(0, C, LANES):
            c = min(c0, C - LANES)
            for q in range(6):
                p = base + i * row + (j + q) * step + c
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
def transform_input(x, base, row, step, H, W, i, j, C, v, v0, plane, spread):
    """The 6x6 patch with top left (i, j) of the image at `base` -> 36 planes of v, channel c at v0 + c·spread.

    row, step: floats from one row and one column of the image to the next. Outside its H x W pixels are zeros.
    C >= LANES: the last vector may overlap the one before it (then spread is 1).
    """
    if i >= 0 and j >= 0 and i + 6 <= H and j + 6 <= W:
        _transform_inside(x, base, row, step, H, W, i, j, C, v, v0, plane, spread)
    else:
        _transform_border(x, base, row, step, H, W, i, j, C, v, v0, plane, spread)


@inlined
def tile_at(t, OH, OW, rate):
    """(image, phase, row, column) of tile number t: an image has rate² phases, the pixels that lie `rate` apart.

    Row and column count within the phase. Taps of a filter that is dilated by `rate` meet pixels of one phase alone, so
    under it each phase is an image of its own, filtered without dilation.
    """
    down, across = ((OH + rate - 1) // rate + 3) // 4, ((OW + rate - 1) // rate + 3) // 4
    tiles = down * across
    return t // (tiles * rate * rate), t // tiles % (rate * rate), 4 * (t // across % down), 4 * (t % across)


@inlined
def phase_of(phase, n, H, W, C, rate):
    """(its first float, floats from row to row, from column to column, rows, columns) of a phase of image n."""
    top, left = phase // rate, phase % rate
    base = ((n * H + top) * W + left) * C
    return base, rate * W * C, rate * C, (H - top + rate - 1) // rate, (W - left + rate - 1) // rate


@inner
def transform_grad(dy, base, row, step, H, W, i, j, O, m, m0, plane, spread):
    """The 4x4 patch with top left (i, j) of dy at `base` -> 36 planes of m; as transform_input.

    One more plane holds the sum of the patch: added up over the patches it is the gradient of a bias.
    """
    t = tile(6, 4)
    for o0 in range(0, O, LANES):
        o = min(o0, O - LANES)
        total = zero()
        for q in range(4):
            p = base + i * row + (j + q) * step + o
            col = j + q < W
            y0 = load_or_zero(dy, p, col and i < H)
            y1 = load_or_zero(dy, p + row, col and i + 1 < H)
            y2 = load_or_zero(dy, p + 2 * row, col and i + 2 < H)
            y3 = load_or_zero(dy, p + 3 * row, col and i + 3 < H)
            total = total + ((y0 + y1) + (y2 + y3))
            t[0, q], t[1, q], t[2, q], t[3, q], t[4, q], t[5, q] = grad_1d(y0, y1, y2, y3)
        store(m, m0 + 36 * plane + o * spread, total)
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
