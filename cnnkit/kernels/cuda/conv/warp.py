"""What a block computes by tensor cores: a tile of the result, of which each warp has a part, in TF32.

Both matrices come through shared memory, DEPTH steps of the sum at a time, and are rounded to TF32 on their way there:
once, not by each warp that reads them. Two buffers, as in `tile.py`.

The product is computed turned round, outputs by rows: so what an instruction wants of a row of the result, two steps
of the sum, lies in one register pair as it was loaded. A sum may be taken in any order, and thread t of four takes the
steps 4t to 4t + 3 of a piece: of a pixel that is one load of four numbers (`straight`: a row of shared memory is a row
of the result). Where a row of shared memory is a step (`turned`), the groups of eight in it change places with the
step, so that the threads of a warp meet each bank of memory once.
"""

from typing import Any, NamedTuple

from cnnkit.kernels.cuda.conv.mma import LEAST, mma, tf32
from cnnkit.kernels.cuda.conv.tile import ENOUGH, Tile, blocks
from cnnkit.kernels.cuda.machine.launch import SIMULATED, chip, cuda, device, float32, int32
from cnnkit.kernels.cuda.machine.ptx import ld, ld4, settled, st4
from cnnkit.kernels.shared.precision import precision

DEPTH = 16
PAD = 4  # numbers behind each row of sums in shared memory


class WarpTile(NamedTuple):
    """rows x columns of the result; of a warp `down` times 8 rows by `across` times 16 columns."""

    rows: int
    columns: int
    down: int
    across: int

    @property
    def threads(self) -> int:
        return self.rows * self.columns * 32 // (self.down * 8 * self.across * 16)

    @property
    def shared(self) -> int:
        """Numbers of shared memory: two buffers of both matrices, in whose place the sums lie afterwards."""
        return 2 * DEPTH * (self.rows + self.columns)

    @property
    def name(self) -> str:
        return f"tf32 {self.rows}x{self.columns}"


def chosen(rows: int, columns: int, others: int) -> WarpTile:
    """The tile for a product of so many rows and columns, `others` times beside each other: by shapes alone."""
    if SIMULATED:
        return WarpTile(32, 32, 4, 2)  # one warp
    wide = WarpTile(128, 64, 8, 2) if columns <= 64 else WarpTile(128, 128, 8, 4)
    enough = blocks(Tile(wide.rows, wide.columns), rows, columns) * others >= ENOUGH // 2
    return wide if enough else WarpTile(64, 64, 4, 2)


def is_wanted() -> bool:
    """Whether TF32 was chosen, on a device that has it; on others float32 is what is meant, more exactly."""
    return precision() == "tf32" and chip.capability() >= LEAST


@device
def moved(k, column):
    """Where number `column` of step k lies in its row."""
    return int32(column ^ ((k & 12) << 1))


@device
def rounded4(shared, at, q, r, s, t):
    """Four numbers rounded to TF32 and stored."""
    st4(shared, at, tf32(q), tf32(r), tf32(s), tf32(t))


@device
def starts_turned(found, first, row, lane):
    """Where this thread reads steps 4t of four neighbouring groups of eight. Rows of `row` numbers begin at `first`."""
    g, t = int32(lane >> 2), int32(lane & 3)
    for q in range(4):
        found[q] = settled(first + 4 * t * row + ((q ^ t) << 3) + g)


def make_products(tile: WarpTile, turned: bool) -> Any:
    """sums += the products of DEPTH steps.   at_left, at_right: where this thread reads; of straight rows one place."""
    down, across, left_row, right_row = tile.down, tile.across, tile.rows, tile.columns
    both_halves, eight_rows = 2 * tile.across, 8 * DEPTH

    @device
    def straight(shared, left, at_left, j):
        return ld4(shared, left + at_left[0] + j * eight_rows)

    @device
    def across_rows(shared, left, at_left, j):
        at = left + at_left[j & 3] + (j >> 2) * 32
        q, r = ld(shared, at), ld(shared, at + left_row)
        return q, r, ld(shared, at + 2 * left_row), ld(shared, at + 3 * left_row)

    bring = across_rows if turned else straight

    @device
    def products(shared, left, right, at_left, at_right, sums):
        a = cuda.local.array((both_halves, 4), float32)
        for i in range(both_halves):
            for k in range(4):
                a[i, k] = ld(shared, right + at_right[i & 3] + (i >> 2) * 32 + k * right_row)
        for j in range(down):
            b0, b1, b2, b3 = bring(shared, left, at_left, j)
            for i in range(across):
                q, r, s, t = mma(
                    a[2 * i, 0], a[2 * i + 1, 0], a[2 * i, 1], a[2 * i + 1, 1], b0, b1,
                    sums[i, j, 0], sums[i, j, 1], sums[i, j, 2], sums[i, j, 3],
                )  # fmt: skip
                sums[i, j, 0], sums[i, j, 1], sums[i, j, 2], sums[i, j, 3] = mma(
                    a[2 * i, 2], a[2 * i + 1, 2], a[2 * i, 3], a[2 * i + 1, 3], b2, b3, q, r, s, t
                )

    return products


def make_laid_out(tile: WarpTile) -> Any:
    """What lays 16 rows of a warp's sums into shared memory, where any thread finds four neighbours; i: which 16.

    All threads of a block call it, once all have done with what lay there.
    """
    across, row, of_warp = tile.across, row_of_sums(tile), 16 * row_of_sums(tile)

    @device
    def laid_out(sums, i, shared, thread):
        lane = int32(thread & 31)
        at = int32((thread >> 5) * of_warp + ((lane & 3) << 1) * row + (lane >> 2))
        cuda.syncthreads()
        for j in range(2):
            for c in range(across):
                here = int32(at + 8 * j * row + 16 * c)
                shared[here] = sums[c, 2 * i + j, 0]
                shared[here + row] = sums[c, 2 * i + j, 1]
                shared[here + 8] = sums[c, 2 * i + j, 2]
                shared[here + row + 8] = sums[c, 2 * i + j, 3]
        cuda.syncthreads()

    return laid_out


def row_of_sums(tile: WarpTile) -> int:
    """How far apart rows of a warp's sums lie in shared memory."""
    return 16 * tile.across + PAD
