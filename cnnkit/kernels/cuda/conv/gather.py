"""The convolution as a product of matrices: a row of the left one is all that a pixel's taps meet.

    y[pixel, o] = end( Σ k  left[pixel, k] · right[k, o] ),   k = (tap row, tap column, channel),   left = 0 outside

Nobody writes the left matrix down: its numbers are read from the image as a tile needs them, four channels at a time
where channels are a multiple of four, else one by one. Groups are the third axis of the grid.
"""

from functools import cache
from typing import Any, NamedTuple

from cnnkit.kernels.cuda.conv.brought import make_find, make_left, make_right
from cnnkit.kernels.cuda.conv.tile import DEPTH, PAD, SIDE, Tile, make_step
from cnnkit.kernels.cuda.epilogue import make_ended_four
from cnnkit.kernels.cuda.machine.launch import cuda, device, float32, int32, kernel
from cnnkit.kernels.cuda.machine.ptx import over, st4, st_apart


class Plan(NamedTuple):
    """What a call is told in whole numbers: the sizes of both matrices, the image, the taps, and where results go.

    pixels: rows of the result.   depth: terms of a sum.   channels, outputs: of a group.   *_step: numbers from one
    pixel to the next.   right_group: numbers from one group's right matrix to the next.   tap_cols: taps of a row.
    """

    pixels: int
    depth: int
    cols: int
    image: int
    channels: int
    tap_cols: int
    outputs: int
    right_row: int
    right_group: int
    height: int
    width: int
    x_step: int
    row_begin: int
    row_step: int
    row_apart: int
    col_begin: int
    col_step: int
    col_apart: int
    y_height: int
    y_width: int
    y_step: int
    row_place: int
    row_stride: int
    col_place: int
    col_stride: int
    beside_step: int


@cache
def make(tile: Tile, wide_left: bool, wide_right: bool) -> Any:
    """The kernel for a tile. wide: whether channels come and outputs go four at a time."""
    threads, step = tile.threads, make_step(tile)
    left_row, right_row = tile.rows + PAD, tile.columns + PAD
    left_size, right_size = DEPTH * left_row, DEPTH * right_row
    both_lefts, both_rights = 2 * left_size, 2 * right_size
    lefts, rights = 2 * tile.rows // threads, 2 * tile.columns // threads  # fours that each thread brings
    across_mask, across_log = tile.columns // SIDE - 1, (tile.columns // SIDE).bit_length() - 1
    four_mask, four_log = tile.columns // 4 - 1, (tile.columns // 4).bit_length() - 1
    pixels_apart, rows_apart = threads // 2, threads // (tile.columns // 4)
    bring_left, bring_right = make_left(lefts, wide_left), make_right(rights, rows_apart, wide_right)
    find, finish = make_find(lefts, pixels_apart), make_finish(tile, wide_right)

    @kernel(name=f"gather {tile.name}{' wide' * wide_left}{' wide results' * wide_right}", threads=threads)
    def gather_kernel(x, w, y, bias, beside, gate, p, d, todo, low, top):
        left = cuda.shared.array(both_lefts, float32, 16)
        right = cuda.shared.array(both_rights, float32, 16)
        sums = cuda.local.array((SIDE, SIDE), float32)
        next_left = cuda.local.array((lefts, 4), float32)
        next_right = cuda.local.array((rights, 4), float32)
        base = cuda.local.array(lefts, int32)
        rows = cuda.local.array(lefts, int32)
        cols = cuda.local.array(lefts, int32)
        thread = int32(cuda.threadIdx.x)
        group = int32(cuda.blockIdx.z)
        first_pixel, first_output = int32(cuda.blockIdx.x * tile.rows), int32(cuda.blockIdx.y * tile.columns)
        # What this thread brings: of some pixels the terms a to a + 3 of a piece, of some terms four outputs.
        pixel, a = int32(thread >> 1), int32((thread & 1) << 2)
        term, column = int32(thread >> four_log), int32((thread & four_mask) << 2)
        # What it computes: 4x4 from here on, and as much half a tile further down, across, and both.
        at_row, at_column = int32((thread >> across_log) << 2), int32((thread & across_mask) << 2)

        find(int32(first_pixel + pixel), group, p, d, base, rows, cols)
        for i in range(SIDE):
            for j in range(SIDE):
                sums[i, j] = float32(0)

        w_at = int32(group * p.right_group + first_output + column)
        room = int32(p.outputs - first_output - column)
        bring_left(x, base, rows, cols, a, p, d, next_left)
        bring_right(w, w_at, term, p.depth, p.right_row, room, next_right)
        for i in range(lefts):
            at = int32(a * left_row + pixel + i * pixels_apart)
            st_apart(left, at, left_row, next_left[i, 0], next_left[i, 1], next_left[i, 2], next_left[i, 3])
        for i in range(rights):
            at = int32((term + i * rows_apart) * right_row + column)
            st4(right, at, next_right[i, 0], next_right[i, 1], next_right[i, 2], next_right[i, 3])
        cuda.syncthreads()
        buffer = int32(0)
        k = int32(0)
        while k < p.depth:
            k = int32(k + DEPTH)
            more = k < p.depth
            if more:
                bring_left(x, base, rows, cols, int32(k + a), p, d, next_left)
                bring_right(w, w_at, int32(k + term), p.depth, p.right_row, room, next_right)
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
                    at = int32(buffer * left_size + a * left_row + pixel + i * pixels_apart)
                    st_apart(left, at, left_row, next_left[i, 0], next_left[i, 1], next_left[i, 2], next_left[i, 3])
                for i in range(rights):
                    at = int32(buffer * right_size + (term + i * rows_apart) * right_row + column)
                    st4(right, at, next_right[i, 0], next_right[i, 1], next_right[i, 2], next_right[i, 3])
            cuda.syncthreads()

        first, o = int32(first_pixel + at_row), int32(first_output + at_column)
        finish(sums, 0, first, o, group, y, bias, beside, gate, p, d, todo, low, top)
        finish(sums, 1, first, o, group, y, bias, beside, gate, p, d, todo, low, top)
        finish(sums, 2, first, o, group, y, bias, beside, gate, p, d, todo, low, top)
        finish(sums, 3, first, o, group, y, bias, beside, gate, p, d, todo, low, top)
        finish(sums, 4, first, o, group, y, bias, beside, gate, p, d, todo, low, top)
        finish(sums, 5, first, o, group, y, bias, beside, gate, p, d, todo, low, top)
        finish(sums, 6, first, o, group, y, bias, beside, gate, p, d, todo, low, top)
        finish(sums, 7, first, o, group, y, bias, beside, gate, p, d, todo, low, top)

    return gather_kernel


@device
def result_of(m, p, d):
    """Which pixel of the results, counted over all images, row m of the product is."""
    n = int32(over(m, d.image))
    rest = int32(m - n * p.image)
    oy = int32(over(rest, d.cols))
    row = int32(n * p.y_height + oy * p.row_stride + p.row_place)
    return int32(row * p.y_width + int32(rest - oy * p.cols) * p.col_stride + p.col_place)


def make_finish(tile: Tile, wide: bool) -> Any:
    """What stores row i of a thread's sums: it is called with each i, for sums in registers have no address."""
    down, across, store = tile.rows // 2, tile.columns // 2, make_ended_four(wide)

    @device
    def finish(sums, i, first, o, group, y, bias, beside, gate, p, d, todo, low, top):
        m = int32(first + (i if i < 4 else down - 4 + i))
        if m < p.pixels:
            to = result_of(m, p, d)
            c = int32(group * p.outputs + o)
            at, by = int32(to * p.y_step + c), int32(to * p.beside_step + c)
            left, right = int32(p.outputs - o), int32(p.outputs - o - across)
            if left > 0:
                store(
                    y, at, left, sums[i, 0], sums[i, 1], sums[i, 2], sums[i, 3],
                    by, c, bias, beside, gate, todo, low, top,
                )  # fmt: skip
            if right > 0:
                store(
                    y, at + across, right, sums[i, 4], sums[i, 5], sums[i, 6], sums[i, 7],
                    by + across, c + across, bias, beside, gate, todo, low, top,
                )  # fmt: skip

    return finish
