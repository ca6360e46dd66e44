"""Non-maximum suppression of a batch: a block of threads for each class of an image, then a thread for each image.

A class finds its best box that is not gone through yet, all threads together, and keeps it unless one kept before
overlaps it; again and again, until it has as many as an image has room for. An image then takes the best of all.
"""

import math

import numpy as np

from cnnkit.kernels.cuda.boxes.iou import overlap
from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.home import empty
from cnnkit.kernels.cuda.machine.launch import THREADS, cuda, float32, float64, int32, kernel
from cnnkit.kernels.cuda.machine.move import fill
from cnnkit.kernels.cuda.machine.operands import result, single

NOBODY = (1 << 31) - 1


@kernel(threads=THREADS)
def suppress_kernel(boxes, scores, done, kept, counts, anchors, classes, own, places, most, bound, iou):
    """own: 1 where each class has boxes of its own, else 0.   done: 1 for a box that was gone through."""
    best = cuda.shared.array(THREADS, float32)
    who = cuda.shared.array(THREADS, int32)
    thread, k, n = int32(cuda.threadIdx.x), int32(cuda.blockIdx.x), int32(cuda.blockIdx.y)
    per, mine = (classes, k) if own else (int32(1), int32(0))
    row = int32((n * classes + k) * places)
    count, turn, left = int32(0), int32(0), True
    while left and turn < most and count < places:
        turn += int32(1)
        top, at = float32(-math.inf), int32(NOBODY)
        for a in range(thread, anchors, THREADS):
            e = int32((n * anchors + a) * classes + k)
            value = scores[e]
            if done[e] == 0 and float64(value) > bound and (at == NOBODY or value > top):
                top, at = value, int32(a)
        best[thread] = top
        who[thread] = at
        cuda.syncthreads()
        half = int32(THREADS >> 1)
        while half > 0:
            if thread < half:
                other = who[thread + half]
                ahead = best[thread + half] > best[thread]
                same = best[thread + half] == best[thread]
                if other != NOBODY and (who[thread] == NOBODY or ahead or (same and other < who[thread])):
                    best[thread] = best[thread + half]
                    who[thread] = other
            cuda.syncthreads()
            half = int32(half >> 1)
        found = who[0]
        cuda.syncthreads()
        left = found != NOBODY
        if left:
            beside = int32(0)
            box = int32(4 * ((n * anchors + found) * per + mine))
            for i in range(thread, count, THREADS):
                other = int32(4 * ((n * anchors + kept[row + i]) * per + mine))
                if float64(overlap(boxes, other, boxes, box)) > iou:
                    beside = int32(1)
            who[thread] = beside
            cuda.syncthreads()
            half = int32(THREADS >> 1)
            while half > 0:
                if thread < half:
                    who[thread] = max(who[thread], who[thread + half])
                cuda.syncthreads()
                half = int32(half >> 1)
            if thread == 0:
                done[int32((n * anchors + found) * classes + k)] = 1
                if who[0] == 0:
                    kept[row + count] = found
            count += int32(1) if who[0] == 0 else int32(0)
            cuda.syncthreads()
    if thread == 0:
        counts[n * classes + k] = count


@kernel
def merge_kernel(boxes, scores, kept, counts, heads, y, images, anchors, classes, own, places):
    """heads: how many of each class an image has taken; 0 at first."""
    for n in range(cuda.grid(1), images, cuda.gridsize(1)):
        for p in range(places):
            top, chosen, anchor = float32(0), int32(-1), int32(0)
            for k in range(classes):
                head = heads[n * classes + k]
                if head < counts[n * classes + k]:
                    a = kept[(n * classes + k) * places + head]
                    value = scores[(n * anchors + a) * classes + k]
                    if chosen < 0 or value > top or (value == top and a < anchor):
                        top, chosen, anchor = value, int32(k), int32(a)
            at = int32(6 * (n * places + p))
            if chosen >= 0:
                heads[n * classes + chosen] += 1
                per, mine = (classes, chosen) if own else (int32(1), int32(0))
                box = int32(4 * ((n * anchors + anchor) * per + mine))
                for corner in range(4):
                    y[at + corner] = boxes[box + corner]
            else:
                for corner in range(4):
                    y[at + corner] = float32(0)
            y[at + 4] = top
            y[at + 5] = float32(chosen)


def select(
    boxes: DeviceArray,
    scores: DeviceArray,
    *,
    score: float,
    iou: float,
    places: int,
    per_class: int | None = None,
    out: DeviceArray | None = None,
) -> DeviceArray:
    """The best boxes of each image, none beside a better one of its class that it overlaps by more than `iou`."""
    N, A, K = scores.shape
    y = result((N, places, 6), out)
    boxes, scores = single(boxes), single(scores)
    done, heads = fill(empty(scores.shape, np.uint8), 0), fill(empty((N, K), np.int32), 0)
    kept, counts = empty((N, K, places), np.int32), fill(empty((N, K), np.int32), 0)
    own, most = int(boxes.ndim == 4), A if per_class is None else per_class
    if N * A * K * places:
        sizes = A, K, own, places, most, np.float64(score), np.float64(iou)
        suppress_kernel((K, N), THREADS, boxes, scores, done, kept, counts, *sizes)
    if N * places:
        merge_kernel.over(N, boxes, scores, kept, counts, heads, y, N, A, K, own, places)
    return y
