"""Non-maximum suppression of a batch, class by class.

    sort      an image's scores above the bound, class by class, as they stand in `scores`     a task is an image
    suppress  a heap gives a class its best box, again and again, until it has enough          a task is a class
    merge     of what its classes kept an image takes the best                                 a task is an image

Few scores are above the bound, and of those few are kept: a heap orders no more of them than are looked at.
All sizes follow from shapes: there is room for every score, and memory that none comes to is never touched.
A box is the number of its score, (n·A + a)·K + k. Numbers differ, so which comes first is always told.
"""

import numpy as np

from cnnkit.kernels.cpu.machine.buffers import empty, flat, result
from cnnkit.kernels.cpu.machine.jit import inlined, inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for
from cnnkit.kernels.shared.array import Host

INT = np.int64
ZERO = np.float32(0)


@inner
def sort_task(scores, bound, A, K, found, ends, worker, task):
    """found[ends[k] : ends[k + 1]] are the boxes of class k whose score is above the bound."""
    first, last, row = task * A * K, (task + 1) * A * K, task * (K + 1)
    for k in range(row, row + K + 1):
        ends[k] = 0
    for e in range(first, last):
        if scores[e] > bound:
            ends[row + 1 + e % K] += 1
    ends[row] = begin = first
    for k in range(row + 1, row + K + 1):
        count = ends[k]
        ends[k] = begin
        begin += count
    for e in range(first, last):
        if scores[e] > bound:
            k = row + 1 + e % K
            found[ends[k]] = e
            ends[k] += 1


@inlined
def before(scores, i, j):
    """Whether box i comes before box j."""
    return scores[i] > scores[j] or (scores[i] == scores[j] and i < j)


@inner
def sink(heap, first, size, i, scores):
    """Element i of the heap changes places with the better of its two children, as long as that is better than it."""
    moved = heap[first + i]
    child = 2 * i + 1
    while child < size:
        if child + 1 < size and before(scores, heap[first + child + 1], heap[first + child]):
            child += 1
        if not before(scores, heap[first + child], moved):
            break
        heap[first + i] = heap[first + child]
        i, child = child, 2 * child + 1
    heap[first + i] = moved


@inlined
def corner(boxes, e, K, own):
    """Where the corners of a box begin."""
    return 4 * e if own else 4 * (e // K)


@inlined
def overlap(boxes, i, j):
    """Intersection over union of the boxes at i and j, in float32; NaN of two empty ones."""
    width = min(boxes[i + 2], boxes[j + 2]) - max(boxes[i], boxes[j])
    height = min(boxes[i + 3], boxes[j + 3]) - max(boxes[i + 1], boxes[j + 1])
    both = max(width, ZERO) * max(height, ZERO)
    area_i = (boxes[i + 2] - boxes[i]) * (boxes[i + 3] - boxes[i + 1])
    area_j = (boxes[j + 2] - boxes[j]) * (boxes[j + 3] - boxes[j + 1])
    return both / (area_i + area_j - both)


@inner
def suppress_task(boxes, own, scores, iou, K, room, most, heap, ends, kept, counts, worker, task):
    """What class task % K of an image keeps, the best first."""
    row = task + task // K
    first, size = ends[row], ends[row + 1] - ends[row]
    for i in range(size // 2 - 1, -1, -1):
        sink(heap, first, size, i, scores)
    begin, count, looked = task * room, 0, 0
    while size > 0 and count < room and looked < most:
        best = heap[first]
        size -= 1
        looked += 1
        heap[first] = heap[first + size]
        sink(heap, first, size, 0, scores)
        at, free = corner(boxes, best, K, own), True
        for i in range(begin, begin + count):
            if overlap(boxes, corner(boxes, kept[i], K, own), at) > iou:
                free = False
                break
        if free:
            kept[begin + count] = best
            count += 1
    counts[task] = count


@inner
def merge_task(boxes, own, scores, K, room, places, kept, counts, taken, y, worker, task):
    """An image's places; taken[k] is how many boxes of class k have one."""
    first = task * K
    for k in range(first, first + K):
        taken[k] = 0
    for p in range(task * places, (task + 1) * places):
        best, chosen = -1, -1
        for k in range(first, first + K):
            if taken[k] < counts[k]:
                e = kept[k * room + taken[k]]
                if best < 0 or before(scores, e, best):
                    best, chosen = e, k
        to = 6 * p
        if best < 0:
            for i in range(5):
                y[to + i] = 0
            y[to + 5] = -1
        else:
            taken[chosen] += 1
            at = corner(boxes, best, K, own)
            for i in range(4):
                y[to + i] = boxes[at + i]
            y[to + 4] = scores[best]
            y[to + 5] = chosen - first


@kernel
def select_kernel(boxes, own, scores, score, iou, N, A, K, room, most, places, heap, ends, kept, counts, taken, y):
    parallel_for(sort_task, N, (scores, score, A, K, heap, ends))
    parallel_for(suppress_task, N * K, (boxes, own, scores, iou, K, room, most, heap, ends, kept, counts))
    parallel_for(merge_task, N, (boxes, own, scores, K, room, places, kept, counts, taken, y))


def select(
    boxes: Host,
    scores: Host,
    *,
    score: float,
    iou: float,
    places: int,
    per_class: int | None = None,
    out: Host | None = None,
) -> Host:
    """The best boxes of each image, none beside a better one of its class that it overlaps by more than `iou`."""
    N, A, K = scores.shape
    y = result((N, places, 6), out)
    room = min(places, A)
    heap, ends = empty(scores.size, INT), empty(N * (K + 1), INT)
    kept, counts, taken = empty(N * K * room, INT), empty(N * K, INT), empty(N * K, INT)
    sizes = N, A, K, room, A if per_class is None else per_class, places
    scratch = heap, ends, kept, counts, taken
    # Bounds of double precision also without the JIT, where NumPy would round Python's numbers to single.
    bounds = np.float64(score), np.float64(iou)
    select_kernel(flat(boxes), boxes.ndim == 4, flat(scores), *bounds, *sizes, *scratch, y.reshape(-1))
    return y
