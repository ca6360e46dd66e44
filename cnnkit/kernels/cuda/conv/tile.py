"""What a block of threads computes: a tile of the result, 8x8 of it by each thread, in registers.

Both matrices come through shared memory, DEPTH steps of the sum at a time: while one piece is multiplied, the next is
already on its way from memory (two buffers). A thread reads 16 numbers of shared memory for 64 products.

The 8x8 of a thread are four pieces of 4x4 that lie half a tile apart: so the 128-bit loads of a warp meet no bank of
shared memory twice.
"""

from typing import Any, NamedTuple

from cnnkit.kernels.cuda.machine.launch import SIMULATED, device
from cnnkit.kernels.cuda.machine.ptx import ld4

DEPTH = 8
SIDE = 8  # of what a thread computes
PAD = 4  # numbers behind each row in shared memory, so that neighbouring rows lie in other banks


class Tile(NamedTuple):
    """rows x columns of the result; powers of two."""

    rows: int
    columns: int

    @property
    def threads(self) -> int:
        return self.rows * self.columns // SIDE**2

    @property
    def name(self) -> str:
        return f"{self.rows}x{self.columns}"


# The simulator computes each product in Python: one tile, as small as its loads allow.
SMALL = Tile(32, 16)
TILES = (Tile(128, 128), Tile(128, 64), Tile(64, 64), Tile(128, 32))
# Blocks that keep every multiprocessor busy: an H200 has 132, and the same bits are wanted on any device.
ENOUGH = 264


def chosen(rows: int, columns: int, others: int) -> Tile:
    """The tile for a product of so many rows and columns, `others` times beside each other: by shapes alone."""
    if SIMULATED:
        return SMALL
    if columns <= 32:
        return Tile(128, 32)
    if columns <= 64:
        return Tile(128, 64) if blocks(Tile(128, 64), rows, columns) * others >= ENOUGH else Tile(64, 64)
    big = Tile(128, 128)
    return big if blocks(big, rows, columns) * others >= ENOUGH // 2 else Tile(64, 64)


def blocks(tile: Tile, rows: int, columns: int) -> int:
    """How many tiles cover the result."""
    return -(-rows // tile.rows) * -(-columns // tile.columns)


def make_step(tile: Tile) -> Any:
    """sums[i, j] += a[i] · b[j] of a thread, by one row of each matrix in shared memory; a and b are its 8 numbers."""
    down, across = tile.rows // 2, tile.columns // 2

    @device
    def step(left, right, a_at, b_at, sums):
        a0, a1, a2, a3 = ld4(left, a_at)
        a4, a5, a6, a7 = ld4(left, a_at + down)
        b0, b1, b2, b3 = ld4(right, b_at)
        b4, b5, b6, b7 = ld4(right, b_at + across)
        a = (a0, a1, a2, a3, a4, a5, a6, a7)
        b = (b0, b1, b2, b3, b4, b5, b6, b7)
        row_of_sums(a[0], b, sums, 0)
        row_of_sums(a[1], b, sums, 1)
        row_of_sums(a[2], b, sums, 2)
        row_of_sums(a[3], b, sums, 3)
        row_of_sums(a[4], b, sums, 4)
        row_of_sums(a[5], b, sums, 5)
        row_of_sums(a[6], b, sums, 6)
        row_of_sums(a[7], b, sums, 7)

    return step


@device
def row_of_sums(a, b, sums, i):
    sums[i, 0] += a * b[0]
    sums[i, 1] += a * b[1]
    sums[i, 2] += a * b[2]
    sums[i, 3] += a * b[3]
    sums[i, 4] += a * b[4]
    sums[i, 5] += a * b[5]
    sums[i, 6] += a * b[6]
    sums[i, 7] += a * b[7]
