"""Messages of the CRF: a Gaussian filter in three steps on the lattice, each cut into tasks by shapes.

    splat   values[v] = Σ weight · q[pixel]            over the pixels around point v, in their order
    blur    values[v] = (values[before] + 2·values[v] + values[next]) / 4     along one axis after the other
    slice   messages[i] = Σ r  weight · values[corner r of pixel i]

Every step gathers: a task writes what no other does, and sums in an order that hangs on nothing. A value is a row of
whole vectors, one number for each label; of many labels for many pixels, a few at a time go through.
"""

from typing import TypeAlias

import numpy as np

from cnnkit.kernels.cpu.graph.lattice import POINTS, Lattice, lattice_of
from cnnkit.kernels.cpu.machine.buffers import empty, flat, result
from cnnkit.kernels.cpu.machine.jit import inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for
from cnnkit.kernels.cpu.simd.partial import load_upto, store_upto
from cnnkit.kernels.cpu.simd.vector import LANES, fill, fma, load, store, zero
from cnnkit.kernels.shared.array import Host

PIXELS = 512  # in a task
ROOM = 1 << 26  # floats that all values may take before labels go through a few at a time
F32 = np.float32
HALF, QUARTER, TINY = F32(0.5), F32(0.25), F32(1e-20)

Graph: TypeAlias = Lattice


@inner
def splat_task(q, K, k0, width, corners, weights, order, ends, used, values, worker, task):
    for v in range(task * POINTS, min(used[0] + 1, (task + 1) * POINTS)):
        for k in range(v * width, (v + 1) * width, LANES):
            store(values, k, zero())
        for n in range(ends[v - 1] if v > 0 else 0, ends[v]):
            share, row = fill(weights[order[n]]), order[n] // corners * K + k0
            for k in range(0, width, LANES):
                sums = fma(share, load_upto(q, row + k, K - k0 - k), load(values, v * width + k))
                store(values, v * width + k, sums)


@inner
def blur_task(values, blurred, width, neighbours, axis, used, worker, task):
    """Nobody is a neighbour of all zeros, and stays so."""
    for v in range(task * POINTS, min(used[0] + 1, (task + 1) * POINTS)):
        after, before = neighbours[axis + 2 * v] * width, neighbours[axis + 2 * v + 1] * width
        for k in range(0, width, LANES):
            around = load(values, after + k) + load(values, before + k)
            store(blurred, v * width + k, fma(fill(QUARTER), around, fill(HALF) * load(values, v * width + k)))


@inner
def slice_task(values, width, weights, points, corners, factor, others, added, y, K, k0, worker, task):
    for i in range(task * PIXELS, min(len(points) // corners, (task + 1) * PIXELS)):
        for k in range(0, width, LANES):
            total = zero()
            for e in range(i * corners, (i + 1) * corners):
                total = fma(fill(weights[e]), load(values, points[e] * width + k), total)
            before = load_upto(others, i * K + k0 + k, K - k0 - k) if added else zero()
            store_upto(y, i * K + k0 + k, fma(fill(factor), total, before), K - k0 - k)


@kernel
def messages_kernel(q, K, width, corners, weights, points, order, ends, neighbours, used,
                    values, blurred, factor, others, added, y, pieces, tasks):  # fmt: skip
    for k0 in range(0, K, width):
        parallel_for(splat_task, pieces, (q, K, k0, width, corners, weights, order, ends, used, values))
        for axis in range(0, len(neighbours), 2 * len(ends)):
            parallel_for(blur_task, pieces, (values, blurred, width, neighbours, axis, used))
            values, blurred = blurred, values
        how = (values, width, weights, points, corners, factor, others, added, y, K, k0)
        parallel_for(slice_task, tasks, how)


@inner
def normalise_task(responses, weights, corners, worker, task):
    for i in range(task * PIXELS, min(len(responses), (task + 1) * PIXELS)):
        norm = F32(1) / np.sqrt(responses[i] + TINY)
        for e in range(i * corners, (i + 1) * corners):
            weights[e] *= norm


@kernel
def normalise_kernel(responses, weights, corners, tasks):
    parallel_for(normalise_task, tasks, (responses, weights, corners))


def crf_graph(features: Host) -> Graph:
    """How strongly each pixel is connected to each, by features (N, d): the lattice, weights normalised.

    A pixel's weights count when it speaks and when it listens, so both sides of the sum are normalised by them.
    """
    graph = lattice_of(features)
    ones = empty((graph.pixels, 1))
    ones.fill(1)
    normalise_kernel(_messages(ones, graph, 1.0, None, None).reshape(-1), graph.weights, graph.dims + 1, _tasks(graph))
    return graph


def crf_messages(
    q: Host, features: Host | Graph, weight: float = 1.0, *, others: Host | None = None, out: Host | None = None
) -> Host:
    """What each pixel hears from all: messages[i, l] = weight · Σ j  edges[i, j] · q[j, l], added to `others`."""
    return _messages(q, features if isinstance(features, Lattice) else crf_graph(features), weight, others, out)


def _messages(q: Host, graph: Graph, weight: float, others: Host | None, out: Host | None) -> Host:
    N, K = q.shape
    y = result((N, K), out)
    width = max(1, min(-(-K // LANES), ROOM // (graph.room * LANES))) * LANES
    values, blurred = empty(graph.room * width), empty(graph.room * width)
    lattice = graph.weights, graph.corners, graph.order, graph.ends, graph.neighbours, graph.used
    before = flat(q if others is None else others)
    ends = F32(weight), before, others is not None, y.reshape(-1), graph.tasks, _tasks(graph)
    messages_kernel(flat(q), K, width, graph.dims + 1, *lattice, values, blurred, *ends)
    return y


def _tasks(graph: Graph) -> int:
    """Pieces of the pixels."""
    return -(-graph.pixels // PIXELS)
