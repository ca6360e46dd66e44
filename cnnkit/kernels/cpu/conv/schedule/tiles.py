"""Register tiles, by the processor's vectors."""

from typing import NamedTuple

from cnnkit.kernels.cpu.machine.lanes import LANES, REGISTERS


class TileShape(NamedTuple):
    """Register tile: `rows` broadcast operands x `vecs` vectors of output channels."""

    rows: int
    vecs: int

    @property
    def block(self) -> int:
        """Output channels of a tile."""
        return LANES * self.vecs


# Rows of WINOGRAD divide 12, the fewest tiles of a task; rows of WINOGRAD_DW divide LANES, the width of its panels.
# A tile of r x v keeps r·v sums and v + 1 operands in registers and does r·v products for r + v loads.
if REGISTERS == 32:
    WIDE, TRIPLE, NARROW, THIN = TileShape(6, 4), TileShape(8, 3), TileShape(12, 2), TileShape(10, 1)
    WIDE_DW, NARROW_DW, THIN_DW = TileShape(6, 4), TileShape(9, 2), TileShape(14, 1)
    WINOGRAD, WINOGRAD_NARROW = TileShape(6, 4), TileShape(12, 1)
    WINOGRAD_DW, WINOGRAD_DW_THIN = TileShape(min(8, LANES), 2), TileShape(16, 1)
else:
    WIDE, NARROW = TileShape(6, 2), TileShape(10, 1)
    WIDE_DW, NARROW_DW = TileShape(6, 2), TileShape(7, 1)
    TRIPLE, THIN, THIN_DW = NARROW, NARROW, NARROW_DW
    # Without a fused product a sixth register goes to the product itself.
    WINOGRAD = WINOGRAD_NARROW = TileShape(6 if LANES > 4 else 4, 2)
    WINOGRAD_DW = WINOGRAD_DW_THIN = TileShape(4, 2)

TASKS = 16  # at least so many where the shape allows: enough for a few threads to share them evenly
FEW_PIXELS = 1024  # of all images: they repay neither a copy of the filters nor a kernel of their own
