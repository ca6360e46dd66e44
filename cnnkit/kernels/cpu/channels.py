"""One factor for each channel of each image: how squeeze-and-excitation weighs channels."""

from cnnkit.kernels.cpu.epilogue import load_upto, store_upto
from cnnkit.kernels.cpu.jit import inner, kernel
from cnnkit.kernels.cpu.memory import empty, flat
from cnnkit.kernels.cpu.simd import LANES, fma, zero
from cnnkit.kernels.cpu.threads import parallel_for
from cnnkit.kernels.shared.array import Array

# Channels of a task: a few lines of memory of each pixel.
BLOCK = 128
# Pixels that are summed in one go; such sums are then added up.
RUN = 64


@inner
def weigh_task(x, s, y, pixels, C, blocks, worker, task):
    """y = x · s for some channels of one image."""
    n, first = task // blocks, task % blocks * BLOCK
    for at in range(n * pixels * C, (n + 1) * pixels * C, C):
        for c in range(first, min(first + BLOCK, C), LANES):
            store_upto(y, at + c, load_upto(x, at + c, C - c) * load_upto(s, n * C + c, C - c), C - c)


@inner
def weigh_dx_task(dy, x, s, dx, ds, pixels, C, blocks, worker, task):
    """dx = dy · s and ds = Σ dy · x for some channels of one image."""
    n, first = task // blocks, task % blocks * BLOCK
    start = n * pixels * C
    for c in range(first, min(first + BLOCK, C), LANES):
        left, factor, total = C - c, load_upto(s, n * C + c, C - c), zero()
        for run in range(0, pixels, RUN):
            part = zero()
            for p in range(run, min(run + RUN, pixels)):
                at = start + p * C + c
                d = load_upto(dy, at, left)
                part = fma(d, load_upto(x, at, left), part)
                store_upto(dx, at, d * factor, left)
            total = total + part
        store_upto(ds, n * C + c, total, left)


@kernel
def scale_channels_kernel(x, s, y, images, pixels, C, blocks):
    parallel_for(weigh_task, images * blocks, (x, s, y, pixels, C, blocks))


@kernel
def scale_channels_dx_kernel(dy, x, s, dx, ds, images, pixels, C, blocks):
    parallel_for(weigh_dx_task, images * blocks, (dy, x, s, dx, ds, pixels, C, blocks))


def scale_channels(x: Array, s: Array, *, out: Array | None = None) -> Array:
    """y[n, y, x, c] = x[n, y, x, c] · s[n, c]."""
    y = empty(x.shape) if out is None else out
    scale_channels_kernel(flat(x), flat(s), y.reshape(-1), *_sizes(x))
    return y


def scale_channels_dx(dy: Array, x: Array, s: Array) -> tuple[Array, Array]:
    """dx = dy · s, and ds[n, c] = Σ y, x  dy[n, y, x, c] · x[n, y, x, c]."""
    dx, ds = empty(x.shape), empty(s.shape)
    scale_channels_dx_kernel(flat(dy), flat(x), flat(s), dx.reshape(-1), ds.reshape(-1), *_sizes(x))
    return dx, ds


def _sizes(x: Array) -> tuple[int, int, int, int]:
    """(images, pixels, channels, blocks of channels)"""
    N, H, W, C = x.shape
    return N, H * W, C, -(-C // BLOCK)
