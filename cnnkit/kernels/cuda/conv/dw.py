"""The gradient by the filters: products of matrices whose sum goes over all pixels of the batch.

    dw[k, o] = Σ pixel  left[pixel, k] · dy[pixel, o],   k = (tap row, tap column, channel)

A launch sums over parts of the pixels, whose sums `filters.py` adds.
"""

from functools import cache
from typing import Any, NamedTuple

from cnnkit.kernels.cuda.conv.brought import make_right
from cnnkit.kernels.cuda.conv.geometry import FAR
from cnnkit.kernels.cuda.conv.tile import DEPTH, PAD, SIDE, Tile, make_step
from cnnkit.kernels.cuda.machine.launch import cuda, device, float32, int32, kernel
from cnnkit.kernels.cuda.machine.ptx import div, ld4, over, settled, st4, within


class Plan(NamedTuple):
    """pixels: of all results, `each` in a part of `parts`.   depth: rows of dw.   *_step: numbers between pixels."""

    pixels: int
    each: int
    parts: int
    depth: int
    cols: int
    image: int
    channels: int
    tap_cols: int
    outputs: int
    all_outputs: int
    height: int
    width: int
    x_step: int
    row_begin: int
    row_step: int
    row_apart: int
    col_begin: int
    col_step: int
    col_apart: int


@cache
def make(tile: Tile, wide_left: bool, wide_right: bool) -> Any:
    """The kernel for a tile. wide: whether channels of x, and of dy, come four at a time."""
    threads, step = tile.threads, make_step(tile)
    left_row, right_row = tile.rows + PAD, tile.columns + PAD
    left_size, right_size = DEPTH * left_row, DEPTH * right_row
    both_lefts, both_rights = 2 * left_size, 2 * right_size
    lefts, rights = 2 * tile.rows // threads, 2 * tile.columns // threads
    across_mask, across_log = tile.columns // SIDE - 1, (tile.columns // SIDE).bit_length() - 1
    sharing = threads // DEPTH  # threads that bring of one pixel `lefts` times four rows of dw each
    left_mask, left_log = sharing - 1, sharing.bit_length() - 1
    right_mask, right_log = tile.columns // 4 - 1, (tile.columns // 4).bit_length() - 1
    lefts_apart, rights_apart = 4 * sharing, threads // (tile.columns // 4)
    bring_left, bring_right = make_left(lefts, wide_left), make_right(rights, rights_apart, wide_right)
    each_left = lefts if wide_left else 4 * lefts  # of four rows of one tap it is told once where that lies
    rows_of, finish = make_rows(lefts, lefts_apart, wide_left), make_finish(tile, wide_right)

    @kernel(name=f"dw {tile.name}{' wide' * wide_left}{' wide results' * wide_right}", threads=threads)
    def dw_kernel(x, dy, dw, p, d):
        left = cuda.shared.array(both_lefts, float32, 16)
        right = cuda.shared.array(both_rights, float32, 16)
        sums = cuda.local.array((SIDE, SIDE), float32)
        next_left = cuda.local.array((lefts, 4), float32)
        next_right = cuda.local.array((rights, 4), float32)
        # Of the rows of dw that this thread brings: where their taps and channels lie, FAR where there is none.
        downs = cuda.local.array(each_left, int32)
        rights_of = cuda.local.array(each_left, int32)
        offsets = cuda.local.array(each_left, int32)
        thread = int32(cuda.threadIdx.x)
        group = int32(div(cuda.blockIdx.z, p.parts))
        part = int32(cuda.blockIdx.z - group * p.parts)
        first_row, first_output = int32(cuda.blockIdx.x * tile.rows), int32(cuda.blockIdx.y * tile.columns)
        row, left_pixel = int32((thread & left_mask) << 2), int32(thread >> left_log)
        column, right_pixel = int32((thread & right_mask) << 2), int32(thread >> right_log)
        at_row, at_column = int32((thread >> across_log) << 2), int32((thread & across_mask) << 2)
        begin = int32(part * p.each)
        end = min(p.pixels, int32(begin + p.each))

        rows_of(int32(first_row + row), group, p, d, downs, rights_of, offsets)
        for i in range(SIDE):
            for j in range(SIDE):
                sums[i, j] = float32(0)

        dy_at = int32(group * p.outputs + first_output + column)
        room = int32(p.outputs - first_output - column)
        bring_left(x, int32(begin + left_pixel), end, downs, rights_of, offsets, p, d, next_left)
        bring_right(dy, dy_at, int32(begin + right_pixel), end, p.all_outputs, room, next_right)
        for i in range(lefts):
            at = int32(left_pixel * left_row + row + i * lefts_apart)
            st4(left, at, next_left[i, 0], next_left[i, 1], next_left[i, 2], next_left[i, 3])
        for i in range(rights):
            at = int32((right_pixel + i * rights_apart) * right_row + column)
            st4(right, at, next_right[i, 0], next_right[i, 1], next_right[i, 2], next_right[i, 3])
        cuda.syncthreads()
        buffer, pixel = int32(0), begin
        while pixel < end:
            pixel = int32(pixel + DEPTH)
            more = pixel < end
            if more:
                bring_left(x, int32(pixel + left_pixel), end, downs, rights_of, offsets, p, d, next_left)
                bring_right(dy, dy_at, int32(pixel + right_pixel), end, p.all_outputs, room, next_right)
            a_at, b_at = int32(buffer * left_size + at_row), int32(buffer * right_size + at_column)
            step(left, right, a_at, b_at, sums)
            step(left, right, a_at + left_row, b_at + right_row, sums)
            step(left, right, a_at + 2 * left_row, b_at + 2 * right_row, sums)
            step(left, right, a_at + 3 * left_row, b_at + 3 * right_row, sums)
            step(left, right, a_at + 4 * left_row, b_at + 4 * right_row, sums)
            step(left, right, a_at + 5 * left_row, b_at + 5 * right_row, sums)
            step(left, right, a_at + 6 * left_row, b_at + 6 * right_row, sums)
            step(left, right, a_at + 7 * left_row, b_at + 7 * right_row, sums)
            if more:
                buffer = int32(buffer ^ 1)
                for i in range(lefts):
                    at = int32(buffer * left_size + left_pixel * left_row + row + i * lefts_apart)
                    st4(left, at, next_left[i, 0], next_left[i, 1], next_left[i, 2], next_left[i, 3])
                for i in range(rights):
                    at = int32(buffer * right_size + (right_pixel + i * rights_apart) * right_row + column)
                    st4(right, at, next_right[i, 0], next_right[i, 1], next_right[i, 2], next_right[i, 3])
            cuda.syncthreads()

        base = int32(part * p.depth * p.all_outputs + group * p.outputs)
        k, o = int32(first_row + at_row), int32(first_output + at_column)
        finish(sums, 0, k, o, base, dw, p)
        finish(sums, 1, k, o, base, dw, p)
        finish(sums, 2, k, o, base, dw, p)
        finish(sums, 3, k, o, base, dw, p)
        finish(sums, 4, k, o, base, dw, p)
        finish(sums, 5, k, o, base, dw, p)
        finish(sums, 6, k, o, base, dw, p)
        finish(sums, 7, k, o, base, dw, p)

    return dw_kernel


def make_rows(count: int, apart: int, wide: bool) -> Any:
    """What finds of `count` fours of rows of dw, from row k on and `apart` from each other, where tap and channel lie.

    downs is FAR where there is no such row. wide: of four rows, which are of one tap, the first is told.
    """
    told = count if wide else 4 * count

    @device
    def rows_of(first, group, p, d, downs, rights, offsets):
        for v in range(told):
            k = int32(first + (v * apart if wide else (v >> 2) * apart + (v & 3)))
            tap = int32(over(k, d.channels))
            tap_row = int32(over(tap, d.taps))
            down, right = int32(tap_row * p.row_apart), int32(int32(tap - tap_row * p.tap_cols) * p.col_apart)
            further = int32(int32(k - tap * p.channels) + group * p.channels)
            downs[v] = settled(down + p.row_begin) if k < p.depth else int32(FAR)
            rights[v] = settled(right + p.col_begin)
            offsets[v] = int32(int32(downs[v] * p.width + rights[v]) * p.x_step + further) if k < p.depth else int32(0)

    return rows_of


def make_left(count: int, wide: bool) -> Any:
    """What brings of pixel m `count` times four rows of dw."""

    @device
    def pixel_of(m, p, d):
        n = int32(over(m, d.image))
        rest = int32(m - n * p.image)
        oy = int32(over(rest, d.cols))
        row, col = int32(oy * p.row_step), int32(int32(rest - oy * p.cols) * p.col_step)
        return int32(int32(int32(n * p.height + row) * p.width + col) * p.x_step), row, col

    @device
    def four_at_once(x, m, end, downs, rights, offsets, p, d, fresh):
        base, row, col = pixel_of(m, p, d)
        for i in range(count):
            zero = float32(0)
            q, r, s, t = zero, zero, zero, zero
            if m < end and within(row + downs[i], p.height) and within(col + rights[i], p.width):
                q, r, s, t = ld4(x, int32(base + offsets[i]))
            fresh[i, 0] = q
            fresh[i, 1] = r
            fresh[i, 2] = s
            fresh[i, 3] = t

    @device
    def one_by_one(x, m, end, downs, rights, offsets, p, d, fresh):
        base, row, col = pixel_of(m, p, d)
        for i in range(count):
            for v in range(4):
                at, found = 4 * i + v, float32(0)
                if m < end and within(row + downs[at], p.height) and within(col + rights[at], p.width):
                    found = x[int32(base + offsets[at])]
                fresh[i, v] = found

    return four_at_once if wide else one_by_one


def make_finish(tile: Tile, wide: bool) -> Any:
    """What stores row i of a thread's sums: it is called with each i, for sums in registers have no address."""
    down, across = tile.rows // 2, tile.columns // 2

    @device
    def four_at_once(dw, at, room, q, r, s, t):
        if room > 0:
            st4(dw, at, q, r, s, t)

    @device
    def one_by_one(dw, at, room, q, r, s, t):
        if room > 0:
            dw[at] = q
        if room > 1:
            dw[at + 1] = r
        if room > 2:
            dw[at + 2] = s
        if room > 3:
            dw[at + 3] = t

    store = four_at_once if wide else one_by_one

    @device
    def finish(sums, i, first, o, base, dw, p):
        k = int32(first + (i if i < 4 else down - 4 + i))
        if k < p.depth:
            at, room = int32(base + k * p.all_outputs + o), int32(p.outputs - o)
            store(dw, at, room, sums[i, 0], sums[i, 1], sums[i, 2], sums[i, 3])
            store(dw, at + across, room - across, sums[i, 4], sums[i, 5], sums[i, 6], sums[i, 7])

    return finish
