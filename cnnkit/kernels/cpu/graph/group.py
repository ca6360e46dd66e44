"""Regions merged two by two, as Uijlings et al. write it: one set of similar pairs, from which the best is taken.

A step walks over all pairs once. It drops those of the two that were merged, puts the pairs of the new region in
their place, and notes the best for the next step on its way. So pairs never become more, they keep an order that
settles ties, and there is nothing to be kept sorted: R steps over at most P pairs, a millisecond for 800 regions.
"""

import numpy as np

from cnnkit.kernels.cpu.machine.buffers import empty, result
from cnnkit.kernels.cpu.machine.jit import inlined, inner, kernel
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.out import Outs, outs


@inlined
def shared_counts(hists, a, b, width, size):
    """Σ min(counts_a · |b|, counts_b · |a|): at most channels · 2^54, as pictures have fewer than 2^28 pixels."""
    total, in_a, in_b = np.int64(0), size[a], size[b]
    for i in range(width):
        total += min(hists[a * width + i] * in_b, hists[b * width + i] * in_a)
    return total


@inner
def similarity(a, b, whole, size, box, colours, textures, shapes, weights):
    """How alike two regions are, from 0 to Σ weights."""
    colour_channels, colour_width, texture_channels, texture_width = shapes
    total, product, both = 0.0, size[a] * size[b], size[a] + size[b]
    if weights[0] != 0:
        shared = shared_counts(colours, a, b, colour_width, size)
        total += weights[0] * (np.float64(shared) / np.float64(colour_channels * product))
    if weights[1] != 0:
        shared = shared_counts(textures, a, b, texture_width, size)
        total += weights[1] * (np.float64(shared) / np.float64(texture_channels * product))
    total += weights[2] * (1.0 - np.float64(both) / np.float64(whole))
    wide = np.int64(max(box[4 * a + 2], box[4 * b + 2]) - min(box[4 * a], box[4 * b]))
    high = np.int64(max(box[4 * a + 3], box[4 * b + 3]) - min(box[4 * a + 1], box[4 * b + 1]))
    return total + weights[3] * (1.0 - np.float64(wide * high - both) / np.float64(whole))


@kernel
def group_kernel(R, size, box, colours, textures, shapes, weights, ones, others, similar, met, merged):
    """Room is for 2R - 1 regions, the first R of which are there."""
    whole, pairs, best = np.int64(0), len(ones), 0
    for r in range(R):
        whole += size[r]
    for i in range(pairs):
        similar[i] = similarity(ones[i], others[i], whole, size, box, colours, textures, shapes, weights)
        if similar[i] > similar[best]:
            best = i
    for r in range(2 * R - 1):
        met[r] = -1
    for t in range(R, 2 * R - 1):
        a, b = ones[best], others[best]
        merged[2 * (t - R)], merged[2 * (t - R) + 1] = a, b
        size[t] = size[a] + size[b]
        for i in range(2):
            box[4 * t + i] = min(box[4 * a + i], box[4 * b + i])
            box[4 * t + 2 + i] = max(box[4 * a + 2 + i], box[4 * b + 2 + i])
        for i in range(shapes[1]):
            colours[t * shapes[1] + i] = colours[a * shapes[1] + i] + colours[b * shapes[1] + i]
        for i in range(shapes[3]):
            textures[t * shapes[3] + i] = textures[a * shapes[3] + i] + textures[b * shapes[3] + i]
        met[a] = met[b] = t
        kept, best = 0, 0
        for i in range(pairs):
            p, q, s = ones[i], others[i], similar[i]
            of_one, of_other = p in (a, b), q in (a, b)
            if of_one or of_other:
                p, q = (q if of_one else p), t
                if met[p] == t:
                    continue
                met[p] = t
                s = similarity(p, q, whole, size, box, colours, textures, shapes, weights)
            ones[kept], others[kept], similar[kept] = p, q, s
            if s > similar[best]:
                best = kept
            kept += 1
        pairs = kept


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
    """The tree over all regions: who was merged, and the boxes of all. See reference/regions.py for what it means."""
    R, room = len(pixels), max(2 * len(pixels) - 1, 0)
    into = outs(out, 2)
    merged, all_boxes = result((max(R - 1, 0), 2), into[0], np.int32), result((room, 4), into[1], np.int32)
    size, box = _grown(pixels, room, np.int64), all_boxes.reshape(-1)
    box[: 4 * R] = boxes.reshape(-1)
    shapes = colours.shape[1], colours[0:1].size, textures.shape[1], textures[0:1].size
    tables = _grown(colours, room, np.int32), _grown(textures, room, np.int32)
    live = (_grown(pairs[:, side], len(pairs), np.int32) for side in (0, 1))
    scratch = empty(len(pairs), np.float64), empty(room, np.int32)
    how = tuple(float(weight) for weight in weights)
    group_kernel(R, size, box, *tables, shapes, how, *live, *scratch, merged.reshape(-1))
    return merged, all_boxes


def _grown(rows: Host, room: int, dtype: type) -> Host:
    """The same rows, flat, with room for those to come."""
    table = empty((room, *rows.shape[1:]), dtype)
    table[: len(rows)] = rows
    return table.reshape(-1)
