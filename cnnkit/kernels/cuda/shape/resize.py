"""Images of another size: a thread for each result, and on the way back one for each pixel.

Which pixels count, and how much, says `shared/resizing.py`: rows and columns in small tables, kept on the device.
"""

import numpy as np

from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.home import kept, put
from cnnkit.kernels.cuda.machine.launch import cuda, float32, int32, kernel
from cnnkit.kernels.cuda.machine.operands import result, single
from cnnkit.kernels.cuda.machine.ptx import div
from cnnkit.kernels.shared.resizing import readers, sources

Tables = tuple[DeviceArray, DeviceArray, DeviceArray]


@kernel
def resize_kernel(x, low, high, down, left, right, across, y, count, H, W, C, OH, OW):
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        pixel = div(i, C)
        line = div(pixel, OW)
        n = div(line, OH)
        oy, ox, c = int32(line - n * OH), int32(pixel - line * OW), int32(i - pixel * C)
        top, bottom = int32((n * H + low[oy]) * W), int32((n * H + high[oy]) * W)
        q = x[int32(top + left[ox]) * C + c]
        if across[ox] > float32(0):
            q = (float32(1) - across[ox]) * q + across[ox] * x[int32(top + right[ox]) * C + c]
        if down[oy] > float32(0):
            r = x[int32(bottom + left[ox]) * C + c]
            if across[ox] > float32(0):
                r = (float32(1) - across[ox]) * r + across[ox] * x[int32(bottom + right[ox]) * C + c]
            q = (float32(1) - down[oy]) * q + down[oy] * r
        y[i] = q


@kernel
def resize_dx_kernel(dy, starts, rows, down, begins, cols, across, dx, count, H, W, C, OH, OW):
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        pixel = div(i, C)
        line = div(pixel, W)
        n = div(line, H)
        iy, ix, c = int32(line - n * H), int32(pixel - line * W), int32(i - pixel * C)
        total = float32(0)
        for p in range(starts[iy], starts[iy + 1]):
            for q in range(begins[ix], begins[ix + 1]):
                at = int32(int32((n * OH + rows[p]) * OW + cols[q]) * C + c)
                total += down[p] * across[q] * dy[at]
        dx[i] = total


def resize(
    x: DeviceArray,
    size: tuple[int, int],
    *,
    nearest: bool = False,
    align_corners: bool = False,
    out: DeviceArray | None = None,
) -> DeviceArray:
    """Each pixel of the result is the mean of the four around its place in x, weighed by how near they are; or one."""
    N, H, W, C = x.shape
    y = result((N, *size, C), out)
    tables = *_sources(H, size[0], nearest, align_corners), *_sources(W, size[1], nearest, align_corners)
    resize_kernel.over(y.size, single(x), *tables, y, y.size, H, W, C, *size)
    return y


def resize_dx(
    dy: DeviceArray,
    x_shape: tuple[int, ...],
    *,
    nearest: bool = False,
    align_corners: bool = False,
    out: DeviceArray | None = None,
) -> DeviceArray:
    """Each dy goes back to the pixels it was made of, by the same weights."""
    dx = result(x_shape, out)
    _, H, W, C = x_shape
    OH, OW = dy.shape[1:3]
    tables = *_readers(H, OH, nearest, align_corners), *_readers(W, OW, nearest, align_corners)
    resize_dx_kernel.over(dx.size, single(dy), *tables, dx, dx.size, H, W, C, OH, OW)
    return dx


@kept(256)
def _sources(size: int, wanted: int, nearest: bool, align_corners: bool) -> Tables:
    lower, upper, share = sources(size, wanted, nearest, align_corners)
    return put(lower.astype(np.int32)), put(upper.astype(np.int32)), put(share.astype(np.float32))


@kept(256)
def _readers(size: int, wanted: int, nearest: bool, align_corners: bool) -> Tables:
    starts, outputs, weights = readers(size, wanted, nearest, align_corners)
    return put(starts.astype(np.int32)), put(outputs.astype(np.int32)), put(weights.astype(np.float32))
