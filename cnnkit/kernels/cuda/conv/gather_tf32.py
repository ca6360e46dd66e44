"""The convolution as a product of matrices (`gather.py`), by tensor cores: both matrices rounded to TF32.

What is read, and where results go, is told and found as there; who multiplies, and how both lie in shared memory, is
`warp.py`. Channels and outputs are read four at a time: it has no other way.
"""

from functools import cache
from typing import Any

from cnnkit.kernels.cuda.conv.brought import make_find, make_left, make_right
from cnnkit.kernels.cuda.conv.gather import result_of
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
from cnnkit.kernels.cuda.epilogue import make_ended_four
from cnnkit.kernels.cuda.machine.launch import cuda, device, float32, int32, kernel
from cnnkit.kernels.cuda.machine.ptx import ld4


@cache
def make(tile: WarpTile, wide: bool) -> Any:
    """The kernel for a tile; it is given what that of `gather.make` is. wide: whether results go four at a time."""
    threads, room_shared, down, across = tile.threads, tile.shared, tile.down, tile.across
    left_size, right_size, right_row = tile.rows * DEPTH, tile.columns * DEPTH, tile.columns
    lefts, rights = left_size // 4 // threads, right_size // 4 // threads  # fours that each thread brings
    four_mask, four_log = tile.columns // 4 - 1, (tile.columns // 4).bit_length() - 1
    pixels_apart, terms_apart = threads // 4, threads // (tile.columns // 4)
    find = make_find(lefts, pixels_apart)
    bring_left, bring_right = make_left(lefts, True), make_right(rights, terms_apart, True)
    products, finish = make_products(tile, turned=False), make_finish(tile, wide)
    warps_mask, warps_log = tile.rows // (8 * down) - 1, (tile.rows // (8 * down)).bit_length() - 1

    @kernel(name=f"gather {tile.name}{' wide results' * wide}", threads=threads)
    def gather_tf32_kernel(x, w, y, bias, beside, gate, p, d, todo, low, top):
        shared = cuda.shared.array(room_shared, float32, 16)
        sums = cuda.local.array((across, down, 4), float32)
        next_left = cuda.local.array((lefts, 4), float32)
        next_right = cuda.local.array((rights, 4), float32)
        base = cuda.local.array(lefts, int32)
        rows = cuda.local.array(lefts, int32)
        cols = cuda.local.array(lefts, int32)
        at_left = cuda.local.array(1, int32)
        at_right = cuda.local.array(4, int32)
        thread = int32(cuda.threadIdx.x)
        group = int32(cuda.blockIdx.z)
        first_pixel, first_output = int32(cuda.blockIdx.x * tile.rows), int32(cuda.blockIdx.y * tile.columns)
        # What this thread brings: of some pixels the terms a to a + 3 of a piece, of some terms four outputs.
        pixel, a = int32(thread >> 2), int32((thread & 3) << 2)
        term, column = int32(thread >> four_log), int32((thread & four_mask) << 2)
        # Where its warp's part begins, and where in shared memory it reads.
        lane, warp = int32(thread & 31), int32(thread >> 5)
        warp_row, warp_column = int32((warp & warps_mask) * 8 * down), int32((warp >> warps_log) * 16 * across)
        at_left[0] = int32((warp_row + (lane >> 2)) * DEPTH + ((lane & 3) << 2))
        starts_turned(at_right, warp_column, right_row, lane)

        find(int32(first_pixel + pixel), group, p, d, base, rows, cols)
        for i in range(across):
            for j in range(down):
                for v in range(4):
                    sums[i, j, v] = float32(0)
        w_at = int32(group * p.right_group + first_output + column)
        room = int32(p.outputs - first_output - column)
        k, left, right = int32(0), int32(0), int32(2 * left_size)
        bring_left(x, base, rows, cols, a, p, d, next_left)
        bring_right(w, w_at, term, p.depth, p.right_row, room, next_right)
        while k < p.depth:
            for i in range(lefts):
                at = int32(left + (pixel + i * pixels_apart) * DEPTH + a)
                rounded4(shared, at, next_left[i, 0], next_left[i, 1], next_left[i, 2], next_left[i, 3])
            for i in range(rights):
                step = int32(term + i * terms_apart)
                at = int32(right + step * right_row + moved(step, column))
                rounded4(shared, at, next_right[i, 0], next_right[i, 1], next_right[i, 2], next_right[i, 3])
            cuda.syncthreads()
            k = int32(k + DEPTH)
            if k < p.depth:
                bring_left(x, base, rows, cols, int32(k + a), p, d, next_left)
                bring_right(w, w_at, int32(k + term), p.depth, p.right_row, room, next_right)
            products(shared, left, right, at_left, at_right, sums)
            left, right = int32(left_size - left), int32(4 * left_size + right_size - right)

        first, o = int32(first_pixel + warp_row), int32(first_output + warp_column)
        finish(sums, 0, shared, thread, first, o, group, y, bias, beside, gate, p, d, todo, low, top)
        if down > 2:
            finish(sums, 1, shared, thread, first + 16, o, group, y, bias, beside, gate, p, d, todo, low, top)
        if down > 4:
            finish(sums, 2, shared, thread, first + 32, o, group, y, bias, beside, gate, p, d, todo, low, top)
        if down > 6:
            finish(sums, 3, shared, thread, first + 48, o, group, y, bias, beside, gate, p, d, todo, low, top)

    return gather_tf32_kernel


def make_finish(tile: WarpTile, wide: bool) -> Any:
    """What stores 16 rows of a warp's sums, number i of them: in the warp neighbours store what lies side by side."""
    laid_out, store = make_laid_out(tile), make_ended_four(wide)
    row, of_warp = row_of_sums(tile), 16 * row_of_sums(tile)
    mask, log, turns = 4 * tile.across - 1, (4 * tile.across).bit_length() - 1, 2 * tile.across

    @device
    def finish(sums, i, shared, thread, first, o, group, y, bias, beside, gate, p, d, todo, low, top):
        laid_out(sums, i, shared, thread)
        for turn in range(turns):
            four = int32(turn * 32 + (thread & 31))
            m, column = int32(first + (four >> log)), int32((four & mask) << 2)
            left = int32(p.outputs - o - column)
            if m < p.pixels and left > 0:
                q, r, s, t = ld4(shared, (thread >> 5) * of_warp + (four >> log) * row + column)
                to, c = result_of(m, p, d), int32(group * p.outputs + o + column)
                at, by = int32(to * p.y_step + c), int32(to * p.beside_step + c)
                store(y, at, left, q, r, s, t, by, c, bias, beside, gate, todo, low, top)

    return finish
