"""Channels as a whole: weighed by a factor for each image (squeeze-and-excitation), or dealt out in another order."""

from functools import lru_cache

import numpy as np

from cnnkit.kernels.cpu.elementwise.chunks import streams
from cnnkit.kernels.cpu.machine.buffers import empty, flat, result
from cnnkit.kernels.cpu.machine.jit import inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for, workers
from cnnkit.kernels.cpu.norm.pixels import clear, cut_pixels, fold, place, spread
from cnnkit.kernels.cpu.simd.partial import load_upto, put, store_upto
from cnnkit.kernels.cpu.simd.vector import LANES, evens, fma, load, odds, zero, zip_high, zip_low
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.out import Outs, outs

# Floats that a task of the shuffle moves, about, and a task that picks channels.
SHUFFLED, PICKED = 16384, 4096


@inner
def scale_task(x, s, y, scratch, cut, worker, task):
    """y = x · s for some pixels of one image."""
    n, piece = task // cut.tasks, task % cut.tasks
    first, end, channels = place(cut, piece)
    width, factors = channels * cut.together, worker * 2 * cut.cols
    spread(s, n * cut.C + piece % cut.blocks * cut.cols, channels, scratch, factors, cut.together)
    for at in range(n * cut.size + first, n * cut.size + end, cut.row):
        count = min(width, n * cut.size + end - at)
        for i in range(0, count, LANES):
            left = count - i
            store_upto(y, at + i, load_upto(x, at + i, left) * load_upto(scratch, factors + i, left), left)


@inner
def scale_dx_task(dy, x, s, dx, parts, scratch, cut, worker, task):
    """dx = dy · s and parts[task] = Σ dy · x for some pixels of one image."""
    n, piece = task // cut.tasks, task % cut.tasks
    first, end, channels = place(cut, piece)
    width, factors = channels * cut.together, worker * 2 * cut.cols
    sums = factors + cut.cols
    spread(s, n * cut.C + piece % cut.blocks * cut.cols, channels, scratch, factors, cut.together)
    clear(scratch, sums, cut.cols)
    for at in range(n * cut.size + first, n * cut.size + end, cut.row):
        count = min(width, n * cut.size + end - at)
        for i in range(0, count, LANES):
            left = count - i
            d = load_upto(dy, at + i, left)
            store_upto(dx, at + i, d * load_upto(scratch, factors + i, left), left)
            total = fma(d, load_upto(x, at + i, left), load_upto(scratch, sums + i, left))
            store_upto(scratch, sums + i, total, left)
    fold(scratch, sums, channels, cut.together, parts, task * cut.channels)


@inner
def scale_ds_task(parts, ds, cut, worker, task):
    """ds of one block of channels of one image: what its tasks summed, added in their order."""
    n, column = task // cut.blocks, task % cut.blocks * cut.cols
    count = min(cut.channels, cut.C - column)
    for c in range(0, count, LANES):
        total = zero()
        for part in range(n * cut.tasks + task % cut.blocks, (n + 1) * cut.tasks, cut.blocks):
            total = total + load_upto(parts, part * cut.channels + c, count - c)
        store_upto(ds, n * cut.C + column + c, total, count - c)


@kernel
def scale_channels_kernel(x, s, y, scratch, images, cut):
    parallel_for(scale_task, images * cut.tasks, (x, s, y, scratch, cut))


@kernel
def scale_channels_dx_kernel(dy, x, s, dx, ds, parts, scratch, images, cut):
    parallel_for(scale_dx_task, images * cut.tasks, (dy, x, s, dx, parts, scratch, cut))
    parallel_for(scale_ds_task, images * cut.blocks, (parts, ds, cut))


@inner
def pick_task(x, y, places, C, per_task, worker, task):
    """Some pixels: y[c] = x[places[c]]. Slices, for their indices cannot be negative: so LLVM gathers whole vectors."""
    picked = len(places)
    for pixel in range(task * per_task, min(len(x) // C, (task + 1) * per_task)):
        source, target = x[pixel * C : (pixel + 1) * C], y[pixel * picked : (pixel + 1) * picked]
        for c in range(picked):
            target[c] = source[places[c]]


@inner
def deal_task(x, y, half, together, streamed, per_task, worker, task):
    """Two groups of `half` channels, at least a vector: dealt out one by one, or `together` what was dealt out before.

    The last vector of a group overlaps the one before it, and writes the same again.
    """
    for at in range(task * per_task * 2 * half, min(len(x), (task + 1) * per_task * 2 * half), 2 * half):
        for i in range(0, half, LANES):
            c = min(i, half - LANES)
            if together:
                a, b = load(x, at + 2 * c), load(x, at + 2 * c + LANES)
                put(y, at + c, evens(a, b), LANES, streamed)
                put(y, at + half + c, odds(a, b), LANES, streamed)
            else:
                a, b = load(x, at + c), load(x, at + half + c)
                put(y, at + 2 * c, zip_low(a, b), LANES, streamed)
                put(y, at + 2 * c + LANES, zip_high(a, b), LANES, streamed)


@kernel
def pick_kernel(x, y, places, C, per_task, tasks):
    parallel_for(pick_task, tasks, (x, y, places, C, per_task))


@kernel
def deal_kernel(x, y, half, together, streamed, per_task, tasks):
    parallel_for(deal_task, tasks, (x, y, half, together, streamed, per_task))


def scale_channels(x: Host, s: Host, *, out: Host | None = None) -> Host:
    """y[n, y, x, c] = x[n, y, x, c] · s[n, c]."""
    N, H, W, C = x.shape
    cut = cut_pixels(H * W, C)
    y = result(x.shape, out)
    scale_channels_kernel(flat(x), flat(s), y.reshape(-1), empty(workers() * 2 * cut.cols), N, cut)
    return y


def scale_channels_dx(dy: Host, x: Host, s: Host, *, out: Outs | None = None) -> tuple[Host, Host]:
    """dx = dy · s, and ds[n, c] = Σ y, x  dy[n, y, x, c] · x[n, y, x, c]."""
    N, H, W, C = x.shape
    cut = cut_pixels(H * W, C)
    into, into_ds = outs(out, 2)
    dx, ds = result(x.shape, into), result(s.shape, into_ds)
    scratch, parts = empty(workers() * 2 * cut.cols), empty(N * cut.tasks * cut.channels)
    scale_channels_dx_kernel(flat(dy), flat(x), flat(s), dx.reshape(-1), ds.reshape(-1), parts, scratch, N, cut)
    return dx, ds


def channel_shuffle(x: Host, groups: int, *, out: Host | None = None) -> Host:
    """Channels of x (..., C), dealt out: y[..., i·groups + g] = x[..., g·(C / groups) + i]."""
    y, C = result(x.shape, out), x.shape[-1]
    if x.size == 0:
        return y
    per_task, half = max(1, SHUFFLED // C), C // 2
    tasks = -(-x.size // (C * per_task))
    if 2 in (groups, C // groups) and half >= LANES:
        deal_kernel(flat(x), y.reshape(-1), half, groups != 2, streams(y, half), per_task, tasks)
    else:
        pick_kernel(flat(x), y.reshape(-1), _shuffled(C, groups), C, per_task, tasks)
    return y


def pick_channels(x: Host, places: tuple[int, ...], *, out: Host | None = None) -> Host:
    """y[..., i] = x[..., places[i]]."""
    y, C = result((*x.shape[:-1], len(places)), out), x.shape[-1]
    if y.size == 0:
        return y
    per_task = max(1, PICKED // len(places))
    tasks = -(-y.size // (len(places) * per_task))
    pick_kernel(flat(x), y.reshape(-1), _table(places), C, per_task, tasks)
    return y


@lru_cache(maxsize=64)
def _shuffled(C: int, groups: int) -> Host:
    """Where each channel of a shuffle comes from; unsigned, so that no index is asked if it counts from the end."""
    return np.arange(C, dtype=np.uint64).reshape(groups, C // groups).T.reshape(-1)


@lru_cache(maxsize=256)
def _table(places: tuple[int, ...]) -> Host:
    return np.array(places, np.uint64)
