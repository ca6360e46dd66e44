"""The permutohedral lattice: points in d dimensions such that every place is within a simplex of just d + 1 of them.

A grid of d dimensions has 2^d corners around a place, this lattice d + 1, so a filter costs N·d instead of N². It is
what remains of the grid of whole numbers in d + 1 dimensions on the plane Σ = 0: a point has d + 1 whole coordinates
that are all equal modulo d + 1 and sum to 0, and d of them tell it. Its neighbours along axis j are
±(1, …, 1, -d, 1, …, 1), with -d in place j.

    corners[i·(d+1) + r]     the lattice's points around pixel i, numbered from 1 as they are met; 0 is nobody
    weights[i·(d+1) + r]     the pixel's barycentric coordinates among them, Σ r = 1
    order, ends              the same pairs sorted by point: those of point v are order[ends[v-1] : ends[v]]
    neighbours               of point v along axis j, one to each side: at 2·(j·room + v); 0 where there is none

All sizes follow from (N, d): there are at most N·(d+1) points, and that many find room; memory that no point comes to
is never touched. Points are found by a hash table at most three quarters full. It is filled in the order of the
pixels by one thread, once for a picture. Results do not hang on the numbers of points, only on the order of pixels
within a point. So a GPU may fill its table in parallel, or sort keys, and comes to the same bits as long as `order`
is sorted.

Source: Adams, Baek & Davis 2010, Fast high-dimensional filtering using the permutohedral lattice, section 3.
"""

from dataclasses import dataclass
from functools import cached_property
from math import sqrt

import numpy as np

from cnnkit.kernels.cpu.machine.buffers import empty, flat
from cnnkit.kernels.cpu.machine.jit import inlined, inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for
from cnnkit.kernels.shared.array import Host

F32 = np.float32
POINTS = 512  # of the lattice, in a task
FAR = F32(1 << 24)  # what is no number, or as large as this, is taken as 0: no place in memory may hang on it
MIX = np.uint64(0x9E3779B97F4A7C15)  # odd, near 2^64 / the golden ratio: a product's high bits hang on all low ones
FOLD = np.uint64(29)


@dataclass(frozen=True)
class Lattice:
    """What `crf_graph` returns. used: (1,), how many points there are, which Python need not know."""

    pixels: int
    dims: int
    used: Host
    corners: Host
    weights: Host
    order: Host
    ends: Host
    neighbours: Host

    @cached_property
    def room(self) -> int:
        """Points there may be, and nobody."""
        return len(self.ends)

    @property
    def tasks(self) -> int:
        """Pieces of the points there may be."""
        return -(-self.room // POINTS)


@inlined
def coordinate(keys, v, i, d, axis):
    """Number i of point v's coordinates; of its next neighbour along an axis, if that is not -1."""
    step = 0 if axis < 0 else (-d if i == axis else 1)
    return keys[v * d + i] + step


@inner
def find(keys, slots, v, d, axis):
    """Where in the table point v stands, or its neighbour; where nobody stands, it would belong."""
    mixed = np.uint64(0)
    for i in range(d):
        mixed = (mixed ^ np.uint64(np.int64(coordinate(keys, v, i, d, axis)) & 0xFFFFFFFF)) * MIX
        mixed ^= mixed >> FOLD
    last = len(slots) - 1  # a power of two less one
    at = np.int64(mixed >> np.uint64(1)) & last
    while slots[at] != 0:
        same = True
        for i in range(d):
            same &= keys[slots[at] * d + i] == coordinate(keys, v, i, d, axis)
        if same:
            break
        at = (at + 1) & last
    return at


@inner
def embed(features, first, d, scale, place, nearest, rank, weights, to):
    """A pixel's features, on the plane: the nearest point of remainder 0, the ranks that tell the simplex, weights.

    place = Σ j  features[j] · scale / √(j (j+1)) · (1, …, 1, -j, 0, …, 0)
    """
    total = 0.0
    for j in range(d, 0, -1):
        feature = features[first + j - 1]
        feature = feature if abs(feature) < FAR else F32(0)
        step = feature * scale / np.sqrt(j * (j + 1.0))
        place[j] = total - j * step
        total += step
    place[0] = total
    excess = np.int64(0)
    for j in range(d + 1):
        nearest[j] = np.int64(np.floor(place[j] / (d + 1) + 0.5))
        excess += nearest[j]
        place[j] -= nearest[j] * (d + 1)
    # Ranks by how far a coordinate lies above its rounded one. Where these do not sum to 0, those that were rounded up
    # or down with the least right go to the other side, and to the other end of the ranks.
    for j in range(d + 1):
        rank[j] = excess
        for i in range(d + 1):
            rank[j] += place[i] > place[j] or (place[i] == place[j] and i < j)
    for j in range(d + 1):
        turn = 1 if rank[j] < 0 else (-1 if rank[j] > d else 0)
        rank[j] += turn * (d + 1)
        nearest[j] = (nearest[j] + turn) * (d + 1)
        place[j] -= turn * (d + 1)
    for r in range(d + 1):
        weights[to + r] = 0
    for j in range(d + 1):
        share = F32(place[j] / (d + 1))
        weights[to + d - rank[j]] += share
        weights[to + (d + 1 - rank[j]) % (d + 1)] -= share
    weights[to] += F32(1)


@kernel
def place_kernel(features, pixels, d, scale, place, whole, keys, slots, used, corners, weights, order, ends):
    """Corners and weights of every pixel; then the pairs sorted by counting."""
    nearest, rank = whole[: d + 1], whole[d + 1 :]
    slots[:] = 0
    ends[0] = 0
    points = 0
    for e in range(0, pixels * (d + 1), d + 1):
        embed(features, e // (d + 1) * d, d, scale, place, nearest, rank, weights, e)
        for r in range(d + 1):
            for i in range(d):  # corner r lies r above the nearest point, where that does not leave the simplex
                keys[(points + 1) * d + i] = nearest[i] + (r if rank[i] <= d - r else r - d - 1)
            at = find(keys, slots, points + 1, d, -1)
            if slots[at] == 0:
                points += 1
                slots[at] = points
                ends[points] = 0
            corners[e + r] = slots[at]
            ends[slots[at]] += 1
    begin = 0
    for v in range(1, points + 1):
        count = ends[v]
        ends[v] = begin
        begin += count
    for e in range(pixels * (d + 1)):
        order[ends[corners[e]]] = e
        ends[corners[e]] += 1
    used[0] = points


@inner
def alone_task(neighbours, room, d, used, worker, task):
    for j in range(d + 1):
        for v in range(task * POINTS, min(used[0] + 1, (task + 1) * POINTS)):
            neighbours[2 * (j * room + v)] = neighbours[2 * (j * room + v) + 1] = 0


@inner
def meet_task(keys, slots, neighbours, room, d, used, worker, task):
    """Who is next to v has v before it: each pair is looked up once, and each place is written by one task."""
    for j in range(d + 1):
        for v in range(max(1, task * POINTS), min(used[0] + 1, (task + 1) * POINTS)):
            other = slots[find(keys, slots, v, d, j)]
            if other > 0:
                neighbours[2 * (j * room + v)] = other
                neighbours[2 * (j * room + other) + 1] = v


@kernel
def neighbours_kernel(keys, slots, neighbours, room, d, used, tasks):
    parallel_for(alone_task, tasks, (neighbours, room, d, used))
    parallel_for(meet_task, tasks, (keys, slots, neighbours, room, d, used))


def lattice_of(features: Host) -> Lattice:
    """The lattice around pixels of these features (N, d), at which a filter has standard deviation 1.

    Going onto the lattice and back blurs by (d+1)² / 6, and 1/4, 1/2, 1/4 along its d + 1 axes by (d+1)² / 2.
    """
    N, d = features.shape
    pairs = N * (d + 1)
    room = pairs + 2  # nobody, and a place to write a key that is known already
    slots = empty(1 << max(4, (4 * pairs // 3).bit_length()), np.int32)
    keys = empty(room * d, np.int32)
    used = empty(1, np.int64)
    corners, weights, order = empty(pairs, np.int32), empty(pairs), empty(pairs, np.int32)
    ends, neighbours = empty(room, np.int32), empty(2 * (d + 1) * room, np.int32)
    lattice = Lattice(N, d, used, corners, weights, order, ends, neighbours)
    place, whole, scale = empty(d + 1, np.float64), empty(2 * (d + 1), np.int64), (d + 1) * sqrt(2 / 3)
    place_kernel(flat(features), N, d, scale, place, whole, keys, slots, used, corners, weights, order, ends)
    neighbours_kernel(keys, slots, neighbours, room, d, used, lattice.tasks)
    return lattice
