"""Regions of a picture, defined: a graph of pixels falls into segments, and segments are merged, two by two, into one.

What selective search is made of. Weights and scores are so computed that every machine finds the same ones: differences
of colours in the type of the picture, everything else in whole numbers and float64. So all backends agree in every bit.
"""

import numpy as np

from cnnkit.kernels.reference.store import deliver
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.out import Outs, outs
from cnnkit.kernels.shared.regions import FORWARD


def segment(x: Host, k: float, min_size: int, *, out: Host | None = None) -> Host:
    """Segments of pictures: pixels that differ less from each other than they do from those around them.

    Pixels are the nodes of a graph, the eight around each its neighbours. An edge weighs how far two colours lie apart:
    w = √Σ c (x[p, c] - x[q, c])². Edges are taken by rising weight, equal ones in the order of their first pixel. One
    joins the segments A and B of its two pixels if it is not much heavier than the heaviest that joined each before:

        w <= min(inside(A) + k / |A|, inside(B) + k / |B|)          inside(A) = the heaviest so far, 0 for one pixel

    Afterwards, in the same order, an edge joins two segments if one has fewer than `min_size` pixels.

    Args:
        x: (N, H, W, C), finite; smoothed by the caller.
        k: large values prefer large segments; in the units of x.
        min_size: pixels that a segment has at least, where the picture has so many.

    Returns:
        (N, H, W) int32: the segment of each pixel, numbered from 0 in the order of their first pixels.

    Source: Felzenszwalb & Huttenlocher 2004, Efficient graph-based image segmentation, algorithm 1 and section 4.
    """
    N, H, W, _ = x.shape
    labels = np.empty((N, H, W), np.int32)
    for n in range(N):
        edges = [(w, p, q) for p, q, w in _edges(x[n])]
        edges.sort(key=lambda edge: edge[0])  # stable
        root, size, inside = list(range(H * W)), [1] * (H * W), [0.0] * (H * W)
        for w, p, q in edges:
            a, b = _find(root, p), _find(root, q)
            if a != b and w <= min(inside[a] + k / size[a], inside[b] + k / size[b]):
                root[b], size[a], inside[a] = a, size[a] + size[b], w
        for _, p, q in edges:
            a, b = _find(root, p), _find(root, q)
            if a != b and min(size[a], size[b]) < min_size:
                root[b], size[a] = a, size[a] + size[b]
        numbers: dict[int, int] = {}
        roots = (_find(root, p) for p in range(H * W))
        labels[n] = np.reshape([numbers.setdefault(r, len(numbers)) for r in roots], (H, W))
    return deliver(labels, out)


def region_histograms(labels: Host, bins: Host, regions: int, size: int, *, out: Host | None = None) -> Host:
    """How often each number occurs in each region: counts[r, c, b] = |{p : labels[p] = r and bins[p, c] = b}|.

    Args:
        labels: (H, W) int32, below `regions`.
        bins: (H, W, C) uint8, below `size`.

    Returns:
        (regions, C, size) int32.
    """
    counts = np.zeros((regions, bins.shape[2], size), np.int32)
    for y, x, c in np.ndindex(*bins.shape):
        counts[labels[y, x], c, bins[y, x, c]] += 1
    return deliver(counts, out)


def group_regions(
    pixels: Host,
    boxes: Host,
    colours: Host,
    textures: Host,
    pairs: Host,
    weights: tuple[float, float, float, float],
    *,
    out: Outs | None = None,
) -> tuple[Host, Host]:
    """Merge the two most similar neighbours, again and again, until one region is left: a tree over all of them.

    similarity(a, b) = weights[0]·colour + weights[1]·texture + weights[2]·size + weights[3]·fill, each from 0 to 1:

        colour     Σ min(h_a, h_b) over the shares h = counts / (channels · pixels), which sum to 1; texture likewise
        size       1 - (|a| + |b|) / |picture|                    small regions first
        fill       1 - (|box(a, b)| - |a| - |b|) / |picture|      what fits into each other; box: around both

    Counts of a merged region are the sums of both. A sum of minima is made in whole numbers, so its order does not
    matter: Σ min(counts_a · |b|, counts_b · |a|). Neighbours of a merged region are those of both. Of equal
    similarities the first counts: pairs keep their order, and that of a merged region and another has the place of
    the first pair that it replaces.

    Args:
        pixels: (R,) int64, the size of each region.
        boxes: (R, 4) int32, x_min, y_min, x_max, y_max: half-open, as all boxes are.
        colours, textures: (R, channels, bins) int32, as by `region_histograms`.
        pairs: (P, 2) int32, neighbours, each pair once; they connect all regions.
        weights: of the four measures; what has weight 0 is not computed.

    Returns:
        merged (max(R - 1, 0), 2) int32: step i made region R + i of these two, the one named first in the pair first;
        boxes (max(2R - 1, 0), 4) int32, of all regions.

    Source: Uijlings et al. 2013, Selective search for object recognition, algorithm 1 and section 3.2.
    """
    R, whole = len(pixels), int(pixels.sum())
    size = [int(n) for n in pixels]
    box = [tuple(int(corner) for corner in row) for row in boxes]
    hists = [(c.astype(np.int64), t.astype(np.int64)) for c, t in zip(colours, textures, strict=True)]

    def similarity(a: int, b: int) -> float:
        both, around = size[a] + size[b], _around(box[a], box[b])
        total = 0.0
        for weight, ha, hb in zip(weights, hists[a], hists[b], strict=False):
            if weight:
                shared = int(np.minimum(ha * size[b], hb * size[a]).sum())
                total += weight * (float(shared) / float(len(ha) * size[a] * size[b]))
        total += weights[2] * (1.0 - float(both) / float(whole))
        area = (around[2] - around[0]) * (around[3] - around[1])
        return total + weights[3] * (1.0 - float(area - both) / float(whole))

    live = [(int(a), int(b), similarity(int(a), int(b))) for a, b in pairs]
    merged = []
    for t in range(R, 2 * R - 1):
        a, b, _ = max(live, key=lambda pair: pair[2])  # the first of equal ones
        merged.append((a, b))
        size.append(size[a] + size[b])
        box.append(_around(box[a], box[b]))
        hists.append((hists[a][0] + hists[b][0], hists[a][1] + hists[b][1]))
        met, before, live = {a, b}, live, []
        for p, q, s in before:
            if p not in (a, b) and q not in (a, b):
                live.append((p, q, s))
            elif (other := q if p in (a, b) else p) not in met:
                met.add(other)
                live.append((other, t, similarity(other, t)))
    into = outs(out, 2)
    steps = np.array(merged, np.int32).reshape(len(merged), 2)
    return deliver(steps, into[0]), deliver(np.array(box, np.int32).reshape(len(box), 4), into[1])


def _edges(x: Host) -> list[tuple[int, int, float]]:
    """(pixel, one of the eight around it, weight) of every edge, by pixels and then as in FORWARD."""
    H, W, C = x.shape
    edges = []
    for y, x0 in np.ndindex(H, W):
        for dy, dx in FORWARD:
            if y + dy < H and 0 <= x0 + dx < W:
                total = x.dtype.type(0)
                for c in range(C):
                    step = x[y, x0, c] - x[y + dy, x0 + dx, c]
                    total += step * step
                edges.append((y * W + x0, (y + dy) * W + x0 + dx, float(np.sqrt(total))))
    return edges


def _find(root: list[int], p: int) -> int:
    """The pixel that stands for the segment of p."""
    while root[p] != p:
        root[p] = p = root[root[p]]
    return p


def _around(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """The box around two."""
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])
