"""What both ways of a recurrence share: some sequences of a task, and the product of their states with the weights.

A sequence is a row or a column of an image; ROWS of them, in one direction, are a task. They go through time together,
so a vector of weights that was loaded meets ROWS states. Nothing is turned or copied: the pixels of a sequence lie
`step` cells apart, whichever axis is its time. A cell is one direction's part of a pixel.
"""

from typing import Any, NamedTuple

import numpy as np

from cnnkit.kernels.cpu.machine.jit import inlined, inner
from cnnkit.kernels.cpu.simd.vector import LANES, REGISTERS, fma, load, rolled, splat
from cnnkit.kernels.shared.array import Host

# Sequences of a task: with three vectors each their sums leave registers for three weights and a state.
ROWS = 8 if REGISTERS >= 32 else 4
GATES = 3


class Sizes(NamedTuple):
    """D directions of U units each over T steps, `step` cells apart, of so many sequences.

    The cells of sequence s begin at (s // inner · T · inner + s % inner) · D.   vectors: of LANES units, rounded up.
    """

    D: int
    U: int
    T: int
    inner: int
    step: int
    sequences: int
    vectors: int


def sizes_of(shape: tuple[int, ...], D: int, U: int, axis: int) -> Sizes:
    """Of images (N, H, W, ·) whose `axis`, 1 or 2, is time."""
    N, H, W, _ = shape
    T, inner = (H, W) if axis == 1 else (W, 1)
    return Sizes(D, U, T, inner, inner * D, N * H * W // max(T, 1), -(-U // LANES))


def tasks_of(sizes: Sizes) -> int:
    """A task for each direction of ROWS sequences."""
    return -(-sizes.sequences // ROWS) * sizes.D


@inner
def first_cells(cells, task, sizes):
    """Fill cells[:ROWS] with where the sequences of a task begin; returns (direction, how many there are).

    Where there are fewer than ROWS, the last is taken again: computed in vain, and not stored.
    """
    d, first = task % sizes.D, task // sizes.D * ROWS
    for i in range(ROWS):
        s = min(first + i, sizes.sequences - 1)
        cells[i] = (s // sizes.inner * sizes.T * sizes.inner + s % sizes.inner) * sizes.D + d
    return d, min(ROWS, sizes.sequences - first)


@inner
def moment(turn, d, sizes):
    """Cells from the beginning of a sequence to its step number `turn`: direction 1 goes from the end."""
    return (turn if d == 0 else sizes.T - 1 - turn) * sizes.step


def _adder(vecs: int) -> Any:
    @inlined
    def add_products(acc, x, cells, at, width, w, w0, apart, w_step):
        """acc[i, v] += Σ k  x[(cells[i] + at)·width + k] · w[w0 + k·w_step + v·apart], width terms."""
        for k in range(width):
            for i in range(ROWS):
                a = splat(x, (cells[i] + at) * width + k)
                for v in range(vecs):
                    acc[i, v] = fma(a, load(w, w0 + v * apart), acc[i, v])
            w0 = rolled(w0 + w_step)

    return add_products


add_three_products, add_products = _adder(3), _adder(1)


def gate_panels(w: Host, sizes: Sizes) -> Host:
    """panels[d, u // LANES, k, gate, u % LANES] = w[d, k, gate · U + u], zeros in the last lanes."""
    D, U, vectors = sizes.D, sizes.U, sizes.vectors
    rows = w.size // max(D * GATES * U, 1)
    wide = np.zeros((D, rows, GATES, vectors * LANES), np.float32)
    wide[..., :U] = w.reshape(D, rows, GATES, U)
    order = wide.reshape(D, rows, GATES, vectors, LANES).transpose(0, 3, 1, 2, 4)
    return np.ascontiguousarray(order).reshape(-1)


def turned_panels(u: Host, sizes: Sizes) -> Host:
    """panels[d, k // LANES, m, k % LANES] = u[d, k, m], zeros in the last lanes."""
    D, U, vectors = sizes.D, sizes.U, sizes.vectors
    wide = np.zeros((D, vectors * LANES, GATES * U), np.float32)
    wide[:, :U] = u
    order = wide.reshape(D, vectors, LANES, GATES * U).transpose(0, 1, 3, 2)
    return np.ascontiguousarray(order).reshape(-1)
