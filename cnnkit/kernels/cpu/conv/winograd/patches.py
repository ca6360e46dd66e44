"""Patches of images and tiles of outputs: where they lie, transformed into planes, asked for ahead of time."""

from functools import cache
from typing import Any

from cnnkit.kernels.cpu.conv.schedule import Form
from cnnkit.kernels.cpu.conv.winograd.transforms import input_1d, make_grad_1d
from cnnkit.kernels.cpu.machine.jit import inlined, inner
from cnnkit.kernels.cpu.simd.vector import LANES, load, load_or_zero, prefetch, store, tile, zero

LINE = 16  # floats of a cache line


def _make_transform_input(pick):
    @inner
    def transform_patch(x, base, row, step, H, W, i, j, C, v, v0, plane, spread):
        d, t, u = tile(1, 6), tile(6, 6), tile(6, 1)
        for c0 in range(0, C, LANES):
            c = min(c0, C - LANES)
            for q in range(6):
                p = base + i * row + (j + q) * step + c
                col = 0 <= j + q < W
                for k in range(6):
                    d[0, k] = pick(x, p + k * row, col and 0 <= i + k < H)
                input_1d(d, 0, t, q)
            for r in range(6):
                input_1d(t, r, u, 0)
                for k in range(6):
                    store(v, v0 + (6 * r + k) * plane + c * spread, u[k, 0])

    return transform_patch


@inlined
def apart(floats):
    """Floats from one plane to the next that hold so many: no multiple of eight cache lines.

    36 planes are written at a time. Powers of two apart they would share a few sets of each cache: filters of 64 to 256
    channels were transformed at a fifth of the speed, and those of gradients cost half as much as their products.
    """
    lines = (floats + LINE - 1) // LINE
    return (lines + 1 if lines % 8 == 0 else lines) * LINE


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


@cache
def make_transform_grad(form: Form) -> Any:
    side = form.outputs
    grad_1d = make_grad_1d(side)

    @inner
    def transform_grad(dy, base, row, step, H, W, i, j, O, m, m0, plane, spread):
        """The tile with top left (i, j) of dy at `base` -> 36 planes of m; as transform_input.

        One more plane holds the sum of the tile: added up over the tiles it is the gradient of a bias.
        """
        y, t, u = tile(1, side), tile(6, side), tile(6, 1)
        for o0 in range(0, O, LANES):
            o = min(o0, O - LANES)
            total = zero()
            for q in range(side):
                p = base + i * row + (j + q) * step + o
                for k in range(side):
                    y[0, k] = load_or_zero(dy, p + k * row, j + q < W and i + k < H)
                column = y[0, 0] + y[0, 1]
                for k in range(2, side, 2):
                    column = column + (y[0, k] + y[0, k + 1])
                total = total + column
                grad_1d(y, 0, t, q)
            store(m, m0 + 36 * plane + o * spread, total)
            for r in range(6):
                grad_1d(t, r, u, 0)
                for k in range(6):
                    store(m, m0 + (6 * r + k) * plane + o * spread, u[k, 0])

    return transform_grad


@inlined
def tile_at(t, OH, OW, rate, side):
    """(image, phase, row, column) of tile number t: an image has rate² phases, the pixels that lie `rate` apart.

    side: outputs of a tile's row. Row and column count within the phase. Taps of a filter that is dilated by `rate`
    meet pixels of one phase alone, so under it each phase is an image of its own, filtered without dilation.
    """
    down = ((OH + rate - 1) // rate + side - 1) // side
    across = ((OW + rate - 1) // rate + side - 1) // side
    tiles = down * across
    return t // (tiles * rate * rate), t // tiles % (rate * rate), side * (t // across % down), side * (t % across)


@inlined
def phase_of(phase, n, H, W, C, rate):
    """(its first float, floats from row to row, from column to column, rows, columns) of a phase of image n."""
    top, left = phase // rate, phase % rate
    base = ((n * H + top) * W + left) * C
    return base, rate * W * C, rate * C, (H - top + rate - 1) // rate, (W - left + rate - 1) // rate


@inner
def fetch_patch(x, base, H, W, i, j, C, side):
    """Ask for the lines of the pixels from (i, j) on, `side` a side: products can be done while memory answers."""
    for row in range(i, min(i + side, H)):
        first = base + (row * W + j) * C
        for at in range(first, first + min(side, W - j) * C, LINE):
            prefetch(x, at)
