"""What a thread brings of both matrices: of the left one numbers of the image that some pixels' taps meet, or zeros."""

from typing import Any

from cnnkit.kernels.cuda.conv.geometry import FAR
from cnnkit.kernels.cuda.machine.launch import device, float32, int32
from cnnkit.kernels.cuda.machine.ptx import ld4, over, within


def make_find(count: int, apart: int) -> Any:
    """What finds place, row and column of the first tap of `count` pixels, from m on and `apart` from each other."""

    @device
    def find(m, group, p, d, base, rows, cols):
        for i in range(count):
            at = int32(m + i * apart)
            n = int32(over(at, d.image))
            rest = int32(at - n * p.image)
            oy = int32(over(rest, d.cols))
            row = int32(oy * p.row_step + p.row_begin)
            col = int32(int32(rest - oy * p.cols) * p.col_step + p.col_begin)
            base[i] = int32(int32(int32(n * p.height + row) * p.width + col) * p.x_step + group * p.channels)
            rows[i] = row if at < p.pixels else int32(FAR)
            cols[i] = col

    return find


def make_left(count: int, wide: bool) -> Any:
    """What brings the terms k to k + 3 of `count` pixels; the first tap of each lies at `base`, in row and column."""

    @device
    def four_at_once(x, base, rows, cols, k, p, d, fresh):
        tap = int32(over(k, d.channels))
        tap_row = int32(over(tap, d.taps))
        down, right = int32(tap_row * p.row_apart), int32(int32(tap - tap_row * p.tap_cols) * p.col_apart)
        further = int32(int32(down * p.width + right) * p.x_step + int32(k - tap * p.channels))
        for i in range(count):
            zero = float32(0)
            q, r, s, t = zero, zero, zero, zero
            if k < p.depth and within(rows[i] + down, p.height) and within(cols[i] + right, p.width):
                q, r, s, t = ld4(x, int32(base[i] + further))
            fresh[i, 0] = q
            fresh[i, 1] = r
            fresh[i, 2] = s
            fresh[i, 3] = t

    @device
    def one_by_one(x, base, rows, cols, k, p, d, fresh):
        for v in range(4):
            tap = int32(over(k + v, d.channels))
            tap_row = int32(over(tap, d.taps))
            down, right = int32(tap_row * p.row_apart), int32(int32(tap - tap_row * p.tap_cols) * p.col_apart)
            further = int32(int32(down * p.width + right) * p.x_step + int32(k + v - tap * p.channels))
            for i in range(count):
                found = float32(0)
                if k + v < p.depth and within(rows[i] + down, p.height) and within(cols[i] + right, p.width):
                    found = x[int32(base[i] + further)]
                fresh[i, v] = found

    return four_at_once if wide else one_by_one


def make_right(count: int, apart: int, wide: bool) -> Any:
    """What brings four outputs of `count` steps, from step k on and `apart` from each other.

    end: the step behind the last.   row: numbers from one step to the next.   room: outputs that are left.
    """

    @device
    def four_at_once(x, at, k, end, row, room, fresh):
        for i in range(count):
            zero = float32(0)
            q, r, s, t = zero, zero, zero, zero
            if room > 0 and int32(k + i * apart) < end:
                q, r, s, t = ld4(x, int32(at + int32(k + i * apart) * row))
            fresh[i, 0] = q
            fresh[i, 1] = r
            fresh[i, 2] = s
            fresh[i, 3] = t

    @device
    def one_by_one(x, at, k, end, row, room, fresh):
        for i in range(count):
            for v in range(4):
                found = float32(0)
                if v < room and int32(k + i * apart) < end:
                    found = x[int32(at + int32(k + i * apart) * row + v)]
                fresh[i, v] = found

    return four_at_once if wide else one_by_one
