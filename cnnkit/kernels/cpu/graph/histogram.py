"""What occurs in each region, and how often: pixels sorted by region, then each region counts its own."""

import numpy as np

from cnnkit.kernels.cpu.machine.buffers import empty, flat, result
from cnnkit.kernels.cpu.machine.jit import inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for
from cnnkit.kernels.shared.array import Host

REGIONS = 16  # in a task


@inner
def count_task(bins, C, size, regions, ends, order, counts, worker, task):
    for r in range(task * REGIONS, min(regions, (task + 1) * REGIONS)):
        for i in range(r * C * size, (r + 1) * C * size):
            counts[i] = 0
        for i in range(ends[r - 1] if r > 0 else 0, ends[r]):
            for c in range(C):
                counts[(r * C + c) * size + np.int64(bins[order[i] * C + c])] += 1


@kernel
def count_kernel(labels, bins, C, size, regions, ends, order, counts, tasks):
    """The pixels of region r become order[ends[r - 1] : ends[r]]."""
    for r in range(regions):
        ends[r] = 0
    for p in range(len(labels)):
        ends[labels[p]] += 1
    begin = 0
    for r in range(regions):
        count = ends[r]
        ends[r] = begin
        begin += count
    for p in range(len(labels)):
        order[ends[labels[p]]] = p
        ends[labels[p]] += 1
    parallel_for(count_task, tasks, (bins, C, size, regions, ends, order, counts))


def region_histograms(labels: Host, bins: Host, regions: int, size: int, *, out: Host | None = None) -> Host:
    """How often each number occurs in each region: (regions, C, size) int32."""
    C = bins.shape[2]
    counts = result((regions, C, size), out, np.int32)
    ends, order = empty(regions, np.int64), empty(labels.size, np.int32)
    inputs = flat(labels, np.int32), flat(bins, np.uint8)
    count_kernel(*inputs, C, size, regions, ends, order, counts.reshape(-1), -(-regions // REGIONS))
    return counts
