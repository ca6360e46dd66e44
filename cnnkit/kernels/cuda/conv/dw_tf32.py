"""The gradient by the filters (`dw.py`), by tensor cores: both matrices rounded to TF32.

In both a row of shared memory is a pixel, which is a step of the sum. Channels and outputs come four at a time.
"""

from functools import cache
from typing import Any

from cnnkit.kernels.cuda.conv.brought import make_right
from cnnkit.kernels.cuda.conv.dw import make_left, make_rows
from cnnkit.kernels.cuda.conv.warp import (
    DEPTH,
    WarpTile,
    make_laid_out,
    make_products,
    moved,
    rounded4,
    row_of_sums,
    starts_turned,
)
from cnnkit.kernels.cuda.machine.launch import cuda, device, float32, int32, kernel
from cnnkit.kernels.cuda.machine.ptx import div, ld4, st4


@cache
def make(tile: WarpTile) -> Any:
    """The kernel for a tile; it is given what that of `dw.make` is."""
    threads, room_shared, down, across = tile.threads, tile.shared, tile.down, tile.across
    left_size, right_size, left_row, right_row = tile.rows * DEPTH, tile.columns * DEPTH, tile.rows, tile.columns
    lefts, rights = left_size // 4 // threads, right_size // 4 // threads  # fours that each thread brings
    sharing = threads // DEPTH  # threads that bring of one pixel `lefts` times four rows of dw each
    left_mask, left_log, lefts_apart = sharing - 1, sharing.bit_length() - 1, 4 * sharing
    right_mask, right_log = tile.columns // 4 - 1, (tile.columns // 4).bit_length() - 1
    rights_apart = threads // (tile.columns // 4)
    bring_left, bring_right = make_left(lefts, True), make_right(rights, rights_apart, True)
    rows_of, products, finish = make_rows(lefts, lefts_apart, True), make_products(tile, turned=True), make_finish(tile)
    warps_mask, warps_log = tile.rows // (8 * down) - 1, (tile.rows // (8 * down)).bit_length() - 1

    @kernel(name=f"dw {tile.name}", threads=threads)
    def dw_tf32_kernel(x, dy, dw, p, d):
        shared = cuda.shared.array(room_shared, float32, 16)
        sums = cuda.local.array((across, down, 4), float32)
        next_left = cuda.local.array((lefts, 4), float32)
        next_right = cuda.local.array((rights, 4), float32)
        downs = cuda.local.array(lefts, int32)
        rights_of = cuda.local.array(lefts, int32)
        offsets = cuda.local.array(lefts, int32)
        at_left = cuda.local.array(4, int32)
        at_right = cuda.local.array(4, int32)
        thread = int32(cuda.threadIdx.x)
        group = int32(div(cuda.blockIdx.z, p.parts))
        part = int32(cuda.blockIdx.z - group * p.parts)
        first_row, first_output = int32(cuda.blockIdx.x * tile.rows), int32(cuda.blockIdx.y * tile.columns)
        row, left_pixel = int32((thread & left_mask) << 2), int32(thread >> left_log)
        column, right_pixel = int32((thread & right_mask) << 2), int32(thread >> right_log)
        # Where its warp's part begins, and where in shared memory it reads.
        lane, warp = int32(thread & 31), int32(thread >> 5)
        warp_row, warp_column = int32((warp & warps_mask) * 8 * down), int32((warp >> warps_log) * 16 * across)
        starts_turned(at_left, warp_row, left_row, lane)
        starts_turned(at_right, warp_column, right_row, lane)

        rows_of(int32(first_row + row), group, p, d, downs, rights_of, offsets)
        for i in range(across):
            for j in range(down):
                for v in range(4):
                    sums[i, j, v] = float32(0)
        dy_at = int32(group * p.outputs + first_output + column)
        room = int32(p.outputs - first_output - column)
        pixel, left, right = int32(part * p.each), int32(0), int32(2 * left_size)
        end = min(p.pixels, int32(pixel + p.each))
        bring_left(x, int32(pixel + left_pixel), end, downs, rights_of, offsets, p, d, next_left)
        bring_right(dy, dy_at, int32(pixel + right_pixel), end, p.all_outputs, room, next_right)
        while pixel < end:
            for i in range(lefts):
                at = int32(left + left_pixel * left_row + moved(left_pixel, row + i * lefts_apart))
                rounded4(shared, at, next_left[i, 0], next_left[i, 1], next_left[i, 2], next_left[i, 3])
            for i in range(rights):
                step = int32(right_pixel + i * rights_apart)
                at = int32(right + step * right_row + moved(step, column))
                rounded4(shared, at, next_right[i, 0], next_right[i, 1], next_right[i, 2], next_right[i, 3])
            cuda.syncthreads()
            pixel = int32(pixel + DEPTH)
            if pixel < end:
                bring_left(x, int32(pixel + left_pixel), end, downs, rights_of, offsets, p, d, next_left)
                bring_right(dy, dy_at, int32(pixel + right_pixel), end, p.all_outputs, room, next_right)
            products(shared, left, right, at_left, at_right, sums)
            left, right = int32(left_size - left), int32(4 * left_size + right_size - right)

        base = int32(part * p.depth * p.all_outputs + group * p.outputs)
        k, o = int32(first_row + warp_row), int32(first_output + warp_column)
        finish(sums, 0, shared, thread, k, o, base, dw, p)
        if down > 2:
            finish(sums, 1, shared, thread, k + 16, o, base, dw, p)
        if down > 4:
            finish(sums, 2, shared, thread, k + 32, o, base, dw, p)
        if down > 6:
            finish(sums, 3, shared, thread, k + 48, o, base, dw, p)

    return dw_tf32_kernel


def make_finish(tile: WarpTile) -> Any:
    """What stores 16 rows of a warp's sums, number i of them."""
    laid_out = make_laid_out(tile)
    row, of_warp = row_of_sums(tile), 16 * row_of_sums(tile)
    mask, log, turns = 4 * tile.across - 1, (4 * tile.across).bit_length() - 1, 2 * tile.across

    @device
    def finish(sums, i, shared, thread, first, o, base, dw, p):
        laid_out(sums, i, shared, thread)
        for turn in range(turns):
            four = int32(turn * 32 + (thread & 31))
            k, column = int32(first + (four >> log)), int32((four & mask) << 2)
            if k < p.depth and o + column < p.outputs:
                q, r, s, t = ld4(shared, (thread >> 5) * of_warp + (four >> log) * row + column)
                st4(dw, int32(base + k * p.all_outputs + o + column), q, r, s, t)

    return finish
