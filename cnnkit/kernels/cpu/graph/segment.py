"""Segments of pictures: edges by rising weight, joined by sets that know their root. One task is one picture.

The order of edges decides all, and the edges before decide what one does: a picture is a serial walk. What can be made
fast is the sort. Weights are floats of at least 0, whose bits, read as whole numbers, are in the same order; they are
sorted by 11 bits at a time, from the lowest, and each time in the order that they had: a stable sort of 3 passes.

Edge e = 4·p + d leads from pixel p to the one that FORWARD[d] tells.
"""

import numpy as np

from cnnkit.kernels.cpu.machine.buffers import empty, flat, result
from cnnkit.kernels.cpu.machine.jit import inlined, inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.regions import FORWARD

BITS = 11
DIGITS = 1 << BITS
PASSES = 3  # of 32 bits
DOWN, RIGHT = (np.array(steps, np.int64) for steps in zip(*FORWARD, strict=True))
DIRECTIONS = len(FORWARD)
F32, U32 = np.float32, np.uint32


@inlined
def find(root, p):
    """The pixel that stands for the segment of p; on the way, half the path to it is cut off."""
    while root[p] != p:
        root[p] = root[root[p]]
        p = root[p]
    return p


@inlined
def join(root, size, a, b):
    """One segment of two, under the root of the larger; returns it."""
    if size[a] < size[b]:
        a, b = b, a
    root[b] = a
    size[a] += size[b]
    return a


@inner
def weigh(x, first, H, W, C, weights, edges, at):
    """Weight and number of each edge of a picture, from place `at` on; returns how many there are."""
    count = 0
    for p in range(H * W):
        for d in range(DIRECTIONS):
            y, x0 = p // W + DOWN[d], p % W + RIGHT[d]
            if y < H and 0 <= x0 < W:
                total = F32(0)
                for c in range(C):
                    step = x[first + p * C + c] - x[first + (y * W + x0) * C + c]
                    total += step * step
                weights[at + count] = np.sqrt(total)
                edges[at + count] = DIRECTIONS * p + d
                count += 1
    return count


@inner
def sort_edges(keys, edges, spare_keys, spare_edges, counts, begin, at, count):
    """By rising key, equal ones as they were. After an odd number of passes all lies in the spare arrays."""
    for number in range(PASSES):
        shift = U32(BITS * number)
        for digit in range(DIGITS):
            counts[begin + digit] = 0
        for i in range(at, at + count):
            counts[begin + ((keys[i] >> shift) & U32(DIGITS - 1))] += 1
        place = at
        for digit in range(DIGITS):
            here = counts[begin + digit]
            counts[begin + digit] = place
            place += here
        for i in range(at, at + count):
            digit = begin + ((keys[i] >> shift) & U32(DIGITS - 1))
            spare_keys[counts[digit]] = keys[i]
            spare_edges[counts[digit]] = edges[i]
            counts[digit] += 1
        keys, edges, spare_keys, spare_edges = spare_keys, spare_edges, keys, edges


@inner
def segment_task(x, H, W, C, k, min_size, weights, keys, edges, sorted_weights, sorted_keys, sorted_edges,
                 counts, roots, sizes, most, labels, worker, task):  # fmt: skip
    pixels = H * W
    at, first = task * pixels * DIRECTIONS, task * pixels
    count = weigh(x, first * C, H, W, C, weights, edges, at)
    sort_edges(keys, edges, sorted_keys, sorted_edges, counts, task * DIGITS, at, count)
    root, size, bound = roots[first : first + pixels], sizes[first : first + pixels], most[first : first + pixels]
    for p in range(pixels):
        root[p], size[p], bound[p] = p, 1, k
    for i in range(at, at + count):
        p, d = sorted_edges[i] // DIRECTIONS, sorted_edges[i] % DIRECTIONS
        a, b = find(root, p), find(root, p + DOWN[d] * W + RIGHT[d])
        w = np.float64(sorted_weights[i])
        if a != b and w <= bound[a] and w <= bound[b]:
            a = join(root, size, a, b)
            bound[a] = w + k / size[a]
    for i in range(at, at + count):
        p, d = sorted_edges[i] // DIRECTIONS, sorted_edges[i] % DIRECTIONS
        a, b = find(root, p), find(root, p + DOWN[d] * W + RIGHT[d])
        if a != b and min(size[a], size[b]) < min_size:
            join(root, size, a, b)
    # Sizes have served: a root's now says which number its segment has, once its first pixel is met.
    for p in range(pixels):
        size[p] = -1
    segments = 0
    for p in range(pixels):
        a = find(root, p)
        if size[a] < 0:
            size[a] = segments
            segments += 1
        labels[first + p] = size[a]


@kernel
def segment_kernel(x, N, H, W, C, k, min_size, weights, keys, edges, sorted_weights, sorted_keys, sorted_edges,
                   counts, roots, sizes, most, labels):  # fmt: skip
    how = (x, H, W, C, k, min_size, weights, keys, edges, sorted_weights, sorted_keys, sorted_edges)
    parallel_for(segment_task, N, (*how, counts, roots, sizes, most, labels))


def segment(x: Host, k: float, min_size: int, *, out: Host | None = None) -> Host:
    """Segments of pictures (N, H, W, C): (N, H, W) int32. See reference/regions.py for what it means."""
    N, H, W, C = x.shape
    labels = result((N, H, W), out, np.int32)
    room = N * H * W * DIRECTIONS
    weights, sorted_weights = empty(room), empty(room)
    edges, sorted_edges = empty(room, np.int32), empty(room, np.int32)
    tables = empty(N * DIGITS, np.int64), empty(N * H * W, np.int32), empty(N * H * W, np.int32)
    most = empty(N * H * W, np.float64)
    segment_kernel(
        flat(x), N, H, W, C, float(k), int(min_size), weights, weights.view(U32), edges,
        sorted_weights, sorted_weights.view(U32), sorted_edges, *tables, most, labels.reshape(-1),
    )  # fmt: skip
    return labels
