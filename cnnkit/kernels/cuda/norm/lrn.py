"""Every channel divided by a power of how strong its neighbours are: a thread for each number."""

from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.functions import power
from cnnkit.kernels.cuda.machine.launch import cuda, device, float32, int32, kernel
from cnnkit.kernels.cuda.machine.operands import result, single
from cnnkit.kernels.cuda.machine.ptx import div


@device
def strength(x, first, c, channels, size, share, k):
    """s[c] = k + share · Σ x[j]² over the neighbours of channel c, whose pixel begins at `first`."""
    total = float32(0)
    half, rest = int32(size >> 1), int32((size - 1) >> 1)
    for j in range(max(int32(c - half), int32(0)), min(int32(c + rest + 1), int32(channels))):
        total += x[first + j] * x[first + j]
    return k + share * total


@kernel
def lrn_kernel(x, y, count, channels, size, share, beta, k):
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        first = int32(div(i, channels) * channels)
        y[i] = x[i] * power(strength(x, first, int32(i - first), channels, size, share, k), -beta)


@kernel
def lrn_dx_kernel(dy, x, dx, count, channels, size, share, beta, k):
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        first = int32(div(i, channels) * channels)
        j = int32(i - first)
        half, rest = int32(size >> 1), int32((size - 1) >> 1)
        shares = float32(0)
        for c in range(max(int32(j - rest), int32(0)), min(int32(j + half + 1), int32(channels))):
            s = strength(x, first, c, channels, size, share, k)
            shares += dy[first + c] * (x[first + c] * power(s, -beta)) / s
        own = strength(x, first, j, channels, size, share, k)
        dx[i] = dy[i] * power(own, -beta) - float32(2) * share * beta * x[i] * shares


def local_response_norm(
    x: DeviceArray, size: int, alpha: float, beta: float, k: float, *, out: DeviceArray | None = None
) -> DeviceArray:
    """y[c] = x[c] / s[c]^beta."""
    y = result(x.shape, out)
    numbers = x.shape[-1], size, float(alpha / size), float(beta), float(k)
    lrn_kernel.over(x.size, single(x), y, x.size, *numbers)
    return y


def local_response_norm_dx(
    dy: DeviceArray,
    x: DeviceArray,
    size: int,
    alpha: float,
    beta: float,
    k: float,
    *,
    out: DeviceArray | None = None,
) -> DeviceArray:
    """dx[j] = dy[j] / s[j]^beta - 2·alpha·beta / size · x[j] · Σ dy[c]·y[c] / s[c]."""
    dx = result(x.shape, out)
    numbers = x.shape[-1], size, float(alpha / size), float(beta), float(k)
    lrn_dx_kernel.over(x.size, single(dy), single(x), dx, x.size, *numbers)
    return dx
