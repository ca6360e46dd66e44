"""Filters in panels: the columns of one register tile side by side, rows (tap, channel) one after the other.

panels[group, o // block, t, c, o % block] = w[picked[t], c, o of that group]       zeros fill the last block
turned:  panels[group, c // block, t, o, c % block], what the gradient by the images multiplies with
"""

from cnnkit.kernels.cpu.machine import buffers
from cnnkit.kernels.cpu.machine.jit import inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for
from cnnkit.kernels.cpu.simd.partial import load_upto
from cnnkit.kernels.cpu.simd.vector import LANES, store, tile, transpose
from cnnkit.kernels.shared.array import Host


def pack_panels(w: Host, picked: Host, groups: int, block: int, turned: bool) -> Host:
    """w (KH, KW, C / groups, O) -> flat panels of `block` columns."""
    CG, O = w.shape[2:]
    rows, cols = (O // groups, CG) if turned else (CG, O // groups)
    panels = -(-cols // block)
    packed = buffers.empty(groups * panels * len(picked) * rows * block)
    sizes = (CG, O, groups, panels, len(picked), rows, cols, block)
    (turn_kernel if turned else pack_kernel)(w.reshape(-1), picked, packed, sizes)
    return packed


def unpack_panels(packed: Host, shape: tuple[int, ...], block: int) -> Host:
    """The filters (KH, KW, C, O) from panels of all their taps in order, in one group and not turned."""
    KH, KW, C, O = shape
    w = buffers.empty(shape)
    panels = packed.reshape(-1, KH * KW, C, block)
    for o, panel in enumerate(panels):
        w.reshape(KH * KW, C, O)[:, :, o * block : (o + 1) * block] = panel[:, :, : O - o * block]
    return w


@inner
def turn_panel(w, source, w_row, cols, rows, packed, to, block):
    """packed[row, col] = w[col, row] for the first `cols` of a panel's columns, zeros in the others."""
    square = tile(LANES, 1)
    for c in range(0, block, LANES):
        for o in range(0, rows, LANES):
            for i in range(LANES):
                room = rows - o if c + i < cols else 0
                square[i, 0] = load_upto(w, source + (c + i) * w_row + o, room)
            transpose(square)
            for i in range(min(LANES, rows - o)):
                store(packed, to + (o + i) * block + c, square[i, 0])


@inner
def pack_task(w, picked, packed, sizes, worker, task):
    """One tap of one panel."""
    CG, O, _, panels, taps, rows, cols, block = sizes
    panel, t = task // taps, task % taps
    o = panel % panels * block
    source = picked[t] * CG * O + panel // panels * cols + o
    to = task * rows * block
    for c in range(rows):
        for v in range(0, block, LANES):
            store(packed, to + c * block + v, load_upto(w, source + c * O + v, cols - o - v))


@inner
def turn_task(w, picked, packed, sizes, worker, task):
    """One tap of one panel, filters and channels changing places."""
    CG, O, _, panels, taps, rows, cols, block = sizes
    panel, t = task // taps, task % taps
    c0 = panel % panels * block
    source = (picked[t] * CG + c0) * O + panel // panels * rows
    to = task * rows * block
    turn_panel(w, source, O, cols - c0, rows, packed, to, block)


@kernel
def pack_kernel(w, picked, packed, sizes):
    _, _, groups, panels, taps, _, _, _ = sizes
    parallel_for(pack_task, groups * panels * taps, (w, picked, packed, sizes))


@kernel
def turn_kernel(w, picked, packed, sizes):
    _, _, groups, panels, taps, _, _, _ = sizes
    parallel_for(turn_task, groups * panels * taps, (w, picked, packed, sizes))
